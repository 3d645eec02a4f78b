// Saving without waiting for the device, and under a limit on file sizes.

import Files
import ModelFile

#if canImport(Glibc)
  import Glibc
#endif

/// The real calls without `fsync`, so that tests which save often are quick.
///
/// Writes fail once a file has reached a size, as under `RLIMIT_FSIZE` or on a full disk.
struct UnsynchronizedFileSystem: FileSystem {
  let limit: Int
  private let real = PosixFileSystem()

  init(limit: Int = .max) { self.limit = limit }

  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) -> Int {
    let position = Int(lseek(descriptor, 0, SEEK_CUR))
    guard position < limit else { throw SystemError(call: "write", path: path, code: EFBIG) }
    return try real.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(limit - position)), path: path)
  }

  func createFile(_ path: String) throws(SystemError) -> Int32 { try real.createFile(path) }
  func synchronize(_ descriptor: Int32, path: String) throws(SystemError) {}
  func close(_ descriptor: Int32, path: String) throws(SystemError) { try real.close(descriptor, path: path) }
  func rename(_ source: String, to target: String) throws(SystemError) { try real.rename(source, to: target) }
  func exchange(_ first: String, with second: String) throws(SystemError) { try real.exchange(first, with: second) }
  func makeDirectory(_ path: String) throws(SystemError) { try real.makeDirectory(path) }
  func synchronizeDirectory(_ path: String) throws(SystemError) {}
  func removeFile(_ path: String) throws(SystemError) { try real.removeFile(path) }
  func removeDirectory(_ path: String) throws(SystemError) { try real.removeDirectory(path) }
  func entries(_ path: String) throws(SystemError) -> [String] { try real.entries(path) }
  func kind(_ path: String) throws(SystemError) -> FileKind { try real.kind(path) }
  func lock(_ path: String) throws(SystemError) -> Int32? { try real.lock(path) }
  func unlock(_ descriptor: Int32, path: String) { real.unlock(descriptor, path: path) }
}
