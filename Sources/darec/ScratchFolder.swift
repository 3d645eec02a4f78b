// A folder for one command, gone at its end.

import Files
import Glibc
import Shell

/// A new folder below `TMPDIR`, removed with all it holds when the last reference goes.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("\(Terminal.environment("TMPDIR") ?? "/tmp")/darec-bench-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    guard made else { throw ShellError.writeFailed(path: path, reason: FileError.reason(errno)) }
  }

  deinit { Self.remove(path) }

  /// Removes a file, or a folder and what it holds; links are not followed.
  private static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in (try? FileReader.names(inDirectory: path)) ?? [] where name != "." && name != ".." {
      remove("\(path)/\(name)")
    }
    rmdir(path)
  }
}
