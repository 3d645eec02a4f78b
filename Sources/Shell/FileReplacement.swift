// A file that appears under its name only when it is complete.

import Files
import Glibc

/// Writes to a temporary sibling and renames it at the end, so that a reader sees the old file or the whole new one.
///
/// A name that is a link is resolved once and the file behind it is replaced. What is not a regular file (a device, a
/// pipe) is written directly. Not synchronised to the disk: these are answers, which can be asked for again.
package final class FileReplacement {
  /// The name as the user wrote it.
  package let path: String
  /// Where the bytes go.
  package let output: BufferedOutput
  private let target: String
  /// Nil when the target is written directly.
  private let temporary: String?
  private var isOpen = true

  /// Opens the temporary sibling of `path`.
  /// - Throws: `ShellError.writeFailed` when the folder cannot be written or the name is a folder.
  package init(path: String) throws(ShellError) {
    self.path = path
    var status = stat()
    if stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR { throw .writeFailed(path: path, reason: FileError.reason(EISDIR)) }
      if kind != S_IFREG {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        if descriptor < 0 { throw .writeFailed(path: path, reason: FileError.reason(errno)) }
        target = path
        temporary = nil
        output = BufferedOutput(descriptor: descriptor)
        return
      }
      if access(path, W_OK) != 0 { throw .writeFailed(path: path, reason: FileError.reason(errno)) }
      if let resolved = realpath(path, nil) {
        target = String(cString: resolved)
        free(resolved)
      } else {
        target = path
      }
    } else {
      target = path
    }
    let mode = status.st_mode & S_IFMT == S_IFREG ? status.st_mode & 0o777 : 0
    for attempt in 0..<100 {
      let name = "\(target).\(getpid())-\(attempt).tmp"
      let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        // A replaced file keeps its permissions; failure to set them is no reason to lose the answer.
        if mode != 0 { _ = fchmod(descriptor, mode) }
        temporary = name
        output = BufferedOutput(descriptor: descriptor)
        return
      }
      if errno != EEXIST { throw .writeFailed(path: path, reason: FileError.reason(errno)) }
    }
    throw .writeFailed(path: path, reason: FileError.reason(EEXIST))
  }

  deinit { discard() }

  /// Writes the rest and gives the file its name.
  /// - Throws: `ShellError.writeFailed`; the old file then is untouched and the temporary one removed.
  package func commit() throws(ShellError) {
    guard isOpen else { return }
    output.flush()
    if let failure = output.failure {
      discard()
      throw .writeFailed(path: path, reason: FileError.reason(failure))
    }
    isOpen = false
    if close(output.descriptor) != 0 {
      let reason = FileError.reason(errno)
      if let temporary { unlink(temporary) }
      throw .writeFailed(path: path, reason: reason)
    }
    if let temporary, rename(temporary, target) != 0 {
      let reason = FileError.reason(errno)
      unlink(temporary)
      throw .writeFailed(path: path, reason: reason)
    }
  }

  /// Closes and removes the temporary file; an older file of that name stays as it is.
  package func discard() {
    guard isOpen else { return }
    isOpen = false
    close(output.descriptor)
    if let temporary { unlink(temporary) }
  }
}
