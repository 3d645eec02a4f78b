// The system calls that saving needs, behind a protocol so that tests can make the N-th one fail.

import CPlatform

#if canImport(Glibc)
  import Glibc
#endif

/// A system call that failed.
package struct SystemError: Error, Sendable, CustomStringConvertible {
  /// Name of the call, such as `fsync`.
  package var call: String
  /// The path it was about.
  package var path: String
  /// The value of `errno`.
  package var code: Int32

  /// Describes a failed call.
  package init(call: String, path: String, code: Int32) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// `PATH: reason (call)`.
  package var description: String {
    "\(path): \(Self.text(of: code)) (\(call))"
  }

  /// The system's sentence for an `errno` value.
  package static func text(of code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}

/// What lies at a path.
package enum FileKind: Sendable {
  case missing
  case regular
  case directory
  case other
}

/// The calls that replace files and directories.
///
/// Every failure is thrown; none is retried except `EINTR`.
package protocol FileSystem: Sendable {
  /// Creates a file that must not exist and opens it for writing.
  func createFile(_ path: String) throws(SystemError) -> Int32
  /// Writes some of the bytes and says how many.
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) -> Int
  /// Waits until the file's bytes are on the device.
  func synchronize(_ descriptor: Int32, path: String) throws(SystemError)
  /// Closes a descriptor; it is closed even when this throws.
  func close(_ descriptor: Int32, path: String) throws(SystemError)
  /// Renames, replacing a file at `target`.
  func rename(_ source: String, to target: String) throws(SystemError)
  /// Swaps two paths in one step; `ENOSYS` or `EINVAL` where the file system cannot.
  func exchange(_ first: String, with second: String) throws(SystemError)
  /// Creates a directory that must not exist.
  func makeDirectory(_ path: String) throws(SystemError)
  /// Waits until a directory's entries are on the device.
  func synchronizeDirectory(_ path: String) throws(SystemError)
  /// Removes a file or a symbolic link.
  func removeFile(_ path: String) throws(SystemError)
  /// Removes an empty directory.
  func removeDirectory(_ path: String) throws(SystemError)
  /// Names in a directory without `.` and `..`, in byte order.
  func entries(_ path: String) throws(SystemError) -> [String]
  /// What is at a path, without following a final symbolic link.
  func kind(_ path: String) throws(SystemError) -> FileKind
  /// Opens or creates a lock file and takes its exclusive lock without waiting; nil when somebody else holds it.
  func lock(_ path: String) throws(SystemError) -> Int32?
  /// Removes the lock file while the lock is held, then gives the lock back.
  func unlock(_ descriptor: Int32, path: String)
}

/// The operating system's own calls.
package struct PosixFileSystem: FileSystem {
  /// The calls of this process.
  package init() { FileSizeLimit.reportAsError() }

  package func createFile(_ path: String) throws(SystemError) -> Int32 {
    try check("open", path) { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
  }

  package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) -> Int {
    while true {
      let written = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      if written >= 0 { return written }
      if errno != EINTR { throw SystemError(call: "write", path: path, code: errno) }
    }
  }

  package func synchronize(_ descriptor: Int32, path: String) throws(SystemError) {
    try check("fsync", path) { fsync(descriptor) }
  }

  package func close(_ descriptor: Int32, path: String) throws(SystemError) {
    // On Linux the descriptor is gone even after EINTR, so close is never repeated.
    if Glibc.close(descriptor) != 0, errno != EINTR { throw SystemError(call: "close", path: path, code: errno) }
  }

  package func rename(_ source: String, to target: String) throws(SystemError) {
    try check("rename", target) { Glibc.rename(source, target) }
  }

  package func exchange(_ first: String, with second: String) throws(SystemError) {
    try check("renameat2", second) { cplatform_exchange(first, second) }
  }

  package func makeDirectory(_ path: String) throws(SystemError) {
    try check("mkdir", path) { mkdir(path, 0o777) }
  }

  package func synchronizeDirectory(_ path: String) throws(SystemError) {
    let descriptor = try check("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { _ = Glibc.close(descriptor) }
    // Some file systems cannot synchronise a directory and say EINVAL: nothing more can be done there.
    if fsync(descriptor) != 0, errno != EINVAL { throw SystemError(call: "fsync", path: path, code: errno) }
  }

  package func removeFile(_ path: String) throws(SystemError) {
    try check("unlink", path) { unlink(path) }
  }

  package func removeDirectory(_ path: String) throws(SystemError) {
    try check("rmdir", path) { rmdir(path) }
  }

  package func entries(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else { throw SystemError(call: "opendir", path: path, code: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func kind(_ path: String) throws(SystemError) -> FileKind {
    var status = stat()
    if lstat(path, &status) != 0 {
      if errno == ENOENT || errno == ENOTDIR { return .missing }
      throw SystemError(call: "lstat", path: path, code: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  package func lock(_ path: String) throws(SystemError) -> Int32? {
    while true {
      let descriptor = try check("open", path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666) }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        _ = Glibc.close(descriptor)
        if code == EWOULDBLOCK { return nil }
        if code == EINTR { continue }
        throw SystemError(call: "flock", path: path, code: code)
      }
      // The holder before us may have removed the file between our open and our lock: then our lock is on a file
      // that nobody else can find, and we must start again.
      var held = stat()
      var named = stat()
      if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
        held.st_dev == named.st_dev
      {
        return descriptor
      }
      _ = Glibc.close(descriptor)
    }
  }

  package func unlock(_ descriptor: Int32, path: String) {
    _ = unlink(path)
    _ = Glibc.close(descriptor)
  }

  @discardableResult
  private func check(_ call: String, _ path: String, _ body: () -> Int32) throws(SystemError) -> Int32 {
    while true {
      let result = body()
      if result >= 0 { return result }
      if errno != EINTR { throw SystemError(call: call, path: path, code: errno) }
    }
  }
}
