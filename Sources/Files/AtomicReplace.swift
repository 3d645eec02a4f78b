// Replacing a file so that a reader or a crash sees the old one or the new one, never a part.

import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Why something could not be saved.
///
/// What was there before is untouched.
package enum AtomicReplaceError: DescribedFailure {
  /// Another process is saving the same thing.
  case locked(path: String)
  /// Something that must not be replaced is at the path, such as a device or, for a directory, a file.
  case wrongKind(path: String, expected: String)
  /// A directory that the file is to be in cannot be created.
  case notCreated(FileError)
  /// A system call failed; `bytesNeeded` and `bytesFree` are known when the disk is full.
  case system(SystemError, target: String, bytesNeeded: Int?, bytesFree: Int?)
  /// The new file has its name, but the device did not confirm it: after a power failure the old one may be back.
  case notConfirmed(SystemError, target: String)

  package var description: String {
    switch self {
    case .locked(let path):
      return "\(path) is being saved by another process that does not finish; wait for it or end it, and save again"
    case .wrongKind(let path, let expected):
      return "\(path) is not \(expected) and is not replaced; choose another path or move it away"
    case .notCreated(let error): return error.description
    case .system(let error, let target, let needed, let free):
      var text = "cannot save \(target): \(error)"
      if let needed, let free {
        text += "; it needs \(needed) bytes and \(free) are free: make room or choose another disk"
      }
      if error.code == EFBIG { text += "; raise the limit on file sizes (ulimit -f) or save to another file system" }
      return text + "; what was saved before is unchanged"
    case .notConfirmed(let error, let target):
      return "\(target) was replaced, but the device did not confirm it: \(error); check the disk and save again"
    }
  }

  package var exitStatus: ExitStatus { .failure }

  /// Adds what the file system says about free space when the disk or a quota is full.
  static func system(_ error: SystemError, target: String, bytesNeeded: Int?) -> AtomicReplaceError {
    guard error.code == ENOSPC || error.code == EDQUOT else {
      return .system(error, target: target, bytesNeeded: nil, bytesFree: nil)
    }
    var status = statvfs()
    guard statvfs(AtomicReplace.parent(of: target), &status) == 0 else {
      return .system(error, target: target, bytesNeeded: nil, bytesFree: nil)
    }
    let free = Int(
      clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    return .system(error, target: target, bytesNeeded: bytesNeeded, bytesFree: free)
  }
}

/// Atomic replacement of single files.
///
/// Directories: `AtomicReplace.directory` in `AtomicReplaceDirectory.swift`.
package enum AtomicReplace {
  /// Writes `bytes` to `path`: temporary sibling, write, fsync, rename, fsync of the directory.
  /// - Throws: `AtomicReplaceError`; then the old file is untouched and the temporary one removed.
  package static func file(
    at path: String, bytes: [UInt8], fileSystem: any FileSystem = PosixFileSystem()
  ) throws(AtomicReplaceError) {
    let file = try AtomicFile(path: path, fileSystem: fileSystem)
    file.bytesExpected = bytes.count
    try file.write(bytes)
    try file.commit()
  }

  /// The directory that holds `path`.
  package static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last component of `path`.
  static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// `path` without slashes at its end, and with a symbolic link followed once: the link stays and what it points to
  /// is replaced, since a rename over the link would silently turn it into a file.
  static func resolved(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1 && path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, let real = realpath(path, nil) else {
      return path
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// A path beside `target` that no other writer uses: hidden, and with this process's id so that what a dead
  /// process left can be told from what a living one is writing.
  static func temporary(for target: String) -> String {
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return "\(parent(of: target))/.\(name(of: target)).new-\(getpid())-\(number)"
  }

  /// Siblings of `target` that processes which no longer run left behind.
  static func abandoned(for target: String, marker: String, fileSystem: any FileSystem) -> [String] {
    let prefix = ".\(name(of: target)).\(marker)-"
    guard let names = try? fileSystem.entries(parent(of: target)) else { return [] }
    return names.filter { name in
      guard name.hasPrefix(prefix) else { return false }
      let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
      guard let process = pid_t(digits), process > 0, process != getpid() else { return false }
      return kill(process, 0) != 0 && errno == ESRCH
    }
  }

  private static let counter = Atomic<Int>(0)
}

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a hidden sibling; `commit` makes them durable and renames. Without `commit` the sibling is removed.
/// Not for use from several threads at once.
package final class AtomicFile {
  /// The path that is replaced.
  package let path: String
  /// How many bytes will be written, if known: only for the message when the disk is full.
  package var bytesExpected: Int?

  private let temporary: String
  private let fileSystem: any FileSystem
  private var descriptor: Int32?

  /// Creates the hidden sibling.
  /// - Throws: `AtomicReplaceError` when the directory cannot be written or `path` is not a regular file.
  package init(path: String, fileSystem: any FileSystem = PosixFileSystem()) throws(AtomicReplaceError) {
    let target = AtomicReplace.resolved(path)
    self.path = target
    self.fileSystem = fileSystem
    temporary = AtomicReplace.temporary(for: target)
    do {
      switch try fileSystem.kind(target) {
      case .missing, .regular: break
      case .directory, .other: throw AtomicReplaceError.wrongKind(path: target, expected: "a regular file")
      }
      for name in AtomicReplace.abandoned(for: target, marker: "new", fileSystem: fileSystem) {
        try? fileSystem.removeFile(AtomicReplace.parent(of: target) + "/" + name)
      }
      descriptor = try fileSystem.createFile(temporary)
    } catch let error as SystemError {
      throw .system(error, target: target, bytesNeeded: nil)
    } catch let error as AtomicReplaceError {
      throw error
    } catch {
      throw .wrongKind(path: target, expected: "a regular file")
    }
  }

  deinit { abandon() }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(AtomicReplaceError) {
    do {
      try bytes.withUnsafeBytes { try append($0) }
    } catch let error as SystemError {
      throw .system(error, target: path, bytesNeeded: bytesExpected)
    } catch {
      throw .wrongKind(path: path, expected: "a regular file")
    }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(AtomicReplaceError) {
    do { try append(bytes) } catch { throw .system(error, target: path, bytesNeeded: bytesExpected) }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    guard let descriptor else { throw SystemError(call: "write", path: path, code: EBADF) }
    do { try fileSystem.writeAll(descriptor, bytes, path: temporary) } catch {
      abandon()
      throw error
    }
  }

  /// Makes the bytes durable and gives them their name.
  package func commit() throws(AtomicReplaceError) {
    do throws(SystemError) {
      guard let open = descriptor else { throw SystemError(call: "rename", path: path, code: EBADF) }
      try fileSystem.synchronize(open, path: temporary)
      descriptor = nil
      do throws(SystemError) { try fileSystem.close(open, path: temporary) } catch {
        try? fileSystem.removeFile(temporary)
        throw error
      }
      do throws(SystemError) { try fileSystem.rename(temporary, to: path) } catch {
        try? fileSystem.removeFile(temporary)
        throw error
      }
    } catch {
      abandon()
      throw .system(error, target: path, bytesNeeded: bytesExpected)
    }
    do throws(SystemError) { try fileSystem.synchronizeDirectory(AtomicReplace.parent(of: path)) } catch {
      throw .notConfirmed(error, target: path)
    }
  }

  /// Removes what was written so far; the old file stays.
  package func abandon() {
    guard let open = descriptor else { return }
    descriptor = nil
    try? fileSystem.close(open, path: temporary)
    try? fileSystem.removeFile(temporary)
  }
}

extension FileSystem {
  /// Writes every byte, in pieces of at most 1 GiB (Linux writes no more than 2 GiB a call).
  func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<min(bytes.count, done + 1 << 30)])
      let written = try write(descriptor, piece, path: path)
      if written <= 0 { throw SystemError(call: "write", path: path, code: ENOSPC) }
      done += written
    }
  }
}
