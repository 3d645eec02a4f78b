// Why a file could not be read or written, each reason with its exit code and remedy.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that cannot be read or written.
///
/// Every case names the path as the user gave it.
package enum FileError: DescribedFailure, Equatable {
  /// Nothing exists at the path, or a folder of it does not exist.
  case missing(path: String)
  /// The file exists but cannot be opened or read; `reason` is the operating system's sentence.
  case unreadable(path: String, reason: String)
  /// The path is a directory, a pipe, a socket or a device: reading it could hang or never end.
  case notRegular(path: String, kind: String)
  /// The file is larger than what is accepted here.
  case tooLarge(path: String, size: Int, limit: Int)
  /// The file became shorter while it was read.
  case truncated(path: String, expected: Int, got: Int)
  /// The file cannot be created or written; `reason` is the operating system's sentence.
  case unwritable(path: String, reason: String)
  /// The content does not follow the format; `detail` says where and why.
  case malformed(path: String, detail: String)

  package var description: String {
    switch self {
    case .missing(let path):
      return "\(path): no such file or folder; check the path"
    case .unreadable(let path, let reason):
      return "\(path): cannot be read: \(reason)"
    case .notRegular(let path, let kind):
      return "\(path): is a \(kind), not a regular file; give the path of a file"
    case .tooLarge(let path, let size, let limit):
      return "\(path): has \(size) bytes; at most \(limit) are accepted here"
    case .truncated(let path, let expected, let got):
      return "\(path): became shorter while it was read (\(got) of \(expected) bytes); try again when it is complete"
    case .unwritable(let path, let reason):
      return "\(path): cannot be written: \(reason)"
    case .malformed(let path, let detail):
      return "\(path): \(detail)"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .missing, .unreadable, .notRegular: return .missingInput
    case .tooLarge, .truncated, .malformed: return .badData
    case .unwritable: return .failure
    }
  }

  /// The operating system's sentence for an error number.
  package static func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}
