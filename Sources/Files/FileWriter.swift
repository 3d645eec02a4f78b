// Buffered writing of a new file, for data sets; bundles are replaced atomically by other means.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file open for writing from its beginning, with a buffer, so that gigabytes can be streamed.
///
/// The bytes go to a hidden sibling that `finish()` renames, so that half a table never passes for a whole one: without
/// `finish()` an older file stays and the sibling is removed. What is not a regular file is written to directly.
package final class FileWriter {
  /// The path as the caller gave it.
  package let path: String

  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true
  /// The file that is replaced, and its hidden sibling; nil when the path is a device or a pipe.
  private let replacement: (target: String, temporary: String)?
  private static let bufferSize = 1 << 20

  /// Creates the file's hidden sibling.
  package init(_ path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .unwritable(path: path, reason: "the path is not valid") }
    FileSizeLimit.reportAsError()
    let target = AtomicReplace.resolved(path)
    let system = PosixFileSystem()
    let isReplaceable: Bool
    switch try? system.kind(target) {
    case .missing?, .regular?: isReplaceable = true
    default: isReplaceable = false
    }
    let temporary = AtomicReplace.temporary(for: target)
    if isReplaceable {
      for name in AtomicReplace.abandoned(for: target, marker: "new", fileSystem: system) {
        try? system.removeFile(AtomicReplace.parent(of: target) + "/" + name)
      }
    }
    var opened: Int32 = -1
    repeat {
      opened = open(
        isReplaceable ? temporary : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o666)
    } while opened < 0 && errno == EINTR
    guard opened >= 0 else { throw .unwritable(path: path, reason: FileError.reason(errno)) }
    replacement = isReplaceable ? (target, temporary) : nil
    self.path = path
    descriptor = opened
    buffer.reserveCapacity(Self.bufferSize + (1 << 16))
  }

  deinit {
    guard isOpen else { return }
    close(descriptor)
    if let replacement { unlink(replacement.temporary) }
  }

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

  /// Writes what is buffered, closes the file and gives it its name.
  package func finish() throws(FileError) {
    try flush()
    isOpen = false
    var code: Int32 = close(descriptor) == 0 ? 0 : errno
    if let replacement {
      if code == 0, rename(replacement.temporary, replacement.target) != 0 { code = errno }
      if code != 0 { unlink(replacement.temporary) }
    }
    guard code == 0 else { throw .unwritable(path: path, reason: FileError.reason(code)) }
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
        guard code == EEXIST else { throw .unwritable(path: prefix, reason: FileError.reason(code)) }
        guard FileReader.isDirectory(prefix) else {
          let what = FileReader.exists(prefix) ? "it is not a folder" : "it is a link to a folder that does not exist"
          throw .unwritable(path: prefix, reason: what + "; choose another path")
        }
      }
    }
  }
}
