// Buffered writing of a new file, for data sets; bundles are replaced atomically by other means.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file open for writing from its beginning, with a buffer, so that gigabytes can be streamed.
///
/// `finish()` must be called: it writes the rest and reports what `close` reports. A writer dropped without it leaves a
/// partial file, which is what happens when an error ends the work.
package final class FileWriter {
  /// The path as the caller gave it.
  package let path: String

  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true
  private static let bufferSize = 1 << 20

  /// Creates the file, or empties an existing one.
  package init(_ path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .unwritable(path: path, reason: "the path is not valid") }
    var opened: Int32 = -1
    repeat {
      opened = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o644)
    } while opened < 0 && errno == EINTR
    guard opened >= 0 else { throw .unwritable(path: path, reason: FileError.reason(errno)) }
    self.path = path
    descriptor = opened
    buffer.reserveCapacity(Self.bufferSize + (1 << 16))
  }

  deinit { if isOpen { close(descriptor) } }

  /// Appends through `body`, which may append any number of bytes to the buffer.
  package func append(_ body: (inout [UInt8]) -> Void) throws(FileError) {
    body(&buffer)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Appends the UTF-8 bytes of a text.
  package func append(_ text: String) throws(FileError) {
    try append { $0.append(contentsOf: text.utf8) }
  }

  /// Appends bytes.
  package func append(_ bytes: [UInt8]) throws(FileError) {
    try append { $0.append(contentsOf: bytes) }
  }

  /// Writes what is buffered and closes the file.
  package func finish() throws(FileError) {
    try flush()
    isOpen = false
    guard close(descriptor) == 0 else { throw .unwritable(path: path, reason: FileError.reason(errno)) }
  }

  private func flush() throws(FileError) {
    var failure: FileError?
    buffer.withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return }
      var done = 0
      while done < raw.count {
        let wrote = write(descriptor, base + done, raw.count - done)
        if wrote < 0 {
          if errno == EINTR { continue }
          failure = .unwritable(path: path, reason: FileError.reason(errno))
          return
        }
        done += wrote
      }
    }
    if let failure { throw failure }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Creates a directory and the ones above it where they do not exist.
  package static func createDirectory(_ path: String) throws(FileError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(part) : "/" + part
      if mkdir(prefix, 0o755) != 0 {
        let code = errno
        guard code == EEXIST, FileReader.isDirectory(prefix) else {
          throw .unwritable(path: prefix, reason: FileError.reason(code))
        }
      }
    }
  }
}
