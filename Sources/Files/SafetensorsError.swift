// Why a safetensors file cannot be read.

#if canImport(Glibc)
  import Glibc
#endif

/// A safetensors file that is missing, malformed, damaged, or lacks what is asked of it.
package enum SafetensorsError: DescribedFailure {
  /// No such file.
  case missing(path: String)
  /// A system call failed.
  case system(SystemError)
  /// A directory, device, pipe or socket.
  case notRegular(path: String)
  /// The file is too short to hold the length of its header.
  case tooShort(path: String, byteCount: Int)
  /// The header's length is over the limit or runs over the end of the file.
  case headerLength(path: String, length: UInt64, available: Int)
  /// The header's text is wrong.
  case header(path: String, SafetensorsHeaderProblem)
  /// The header does not have the checksum it states, or states none where one is required.
  case headerChecksum(path: String)
  /// The tensor does not have the checksum that the header states.
  case tensorChecksum(path: String, tensor: String)
  /// The header states no checksum for a tensor where one is required.
  case checksumMissing(path: String, tensor: String)
  /// The file became shorter while it was read.
  case truncated(path: String, tensor: String)
  /// No tensor has this name.
  case noTensor(path: String, tensor: String)
  /// The tensor's type or shape is not what the reader needs.
  case unexpected(path: String, tensor: String, expected: String, found: String)

  /// The file.
  package var path: String {
    switch self {
    case .missing(let path), .notRegular(let path), .headerChecksum(let path): return path
    case .system(let error): return error.path
    case .tooShort(let path, _), .headerLength(let path, _, _), .header(let path, _): return path
    case .tensorChecksum(let path, _), .checksumMissing(let path, _), .truncated(let path, _): return path
    case .noTensor(let path, _), .unexpected(let path, _, _, _): return path
    }
  }

  package var description: String {
    switch self {
    case .missing(let path): return "\(path): no such file"
    case .system(let error): return error.description
    case .notRegular(let path): return "\(path) is not a regular file"
    case .tooShort(let path, let count):
      return "\(path): \(count) bytes are too few for a safetensors file; it was cut off or is something else"
    case .headerLength(let path, let length, let available):
      return "\(path): the header is said to have \(length) bytes, but \(available) follow and at most "
        + "\(SafetensorsLimits.headerBytes) are allowed; the file was cut off or is not a safetensors file"
    case .header(let path, let problem): return "\(path): header: \(Self.text(of: problem))"
    case .headerChecksum(let path):
      return "\(path): the header's checksum does not match or is missing; the file is damaged: restore or retrain it"
    case .tensorChecksum(let path, let tensor):
      return "\(path): tensor '\(tensor)' does not match its checksum; the file is damaged: restore or retrain it"
    case .checksumMissing(let path, let tensor):
      return "\(path): tensor '\(tensor)' has no checksum; the file is damaged or was not written by darec"
    case .truncated(let path, let tensor): return "\(path): the file ends inside tensor '\(tensor)'"
    case .noTensor(let path, let tensor): return "\(path) has no tensor '\(tensor)'"
    case .unexpected(let path, let tensor, let expected, let found):
      return "\(path): tensor '\(tensor)' must be \(expected) but is \(found)"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .missing: return .missingInput
    case .system(let error): return error.code == ENOENT || error.code == EACCES ? .missingInput : .failure
    default: return .badData
    }
  }

  private static func text(of problem: SafetensorsHeaderProblem) -> String {
    switch problem {
    case .syntax(let expected, let offset): return "expected \(expected) at byte \(offset)"
    case .duplicateKey(let key): return "'\(key)' appears twice"
    case .tooManyTensors: return "more than \(SafetensorsLimits.tensors) entries"
    case .unknownType(let tensor, let type): return "tensor '\(tensor)' has the unknown type '\(type)'"
    case .rankTooLarge(let tensor): return "tensor '\(tensor)' has more than \(SafetensorsLimits.rank) dimensions"
    case .sizeOverflow(let tensor): return "the size of tensor '\(tensor)' overflows"
    case .sizeMismatch(let tensor, let expected, let found):
      return "tensor '\(tensor)' needs \(expected) bytes by its shape but has \(found)"
    case .missingMember(let tensor, let member): return "tensor '\(tensor)' has no \(member)"
    case .notContiguous(let tensor, let expected, let found):
      return "tensor '\(tensor)' starts at byte \(found) of the data instead of \(expected): a hole or an overlap"
    case .dataLength(let expected, let found):
      return "the tensors need \(expected) bytes of data but \(found) follow the header"
    }
  }
}
