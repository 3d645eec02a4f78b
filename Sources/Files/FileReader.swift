// Bounded reading of regular files through descriptors.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file open for reading, closed when the last reference goes.
///
/// It is opened with `O_CLOEXEC | O_NONBLOCK` and refused by `fstat` unless it is a regular file, so that a pipe or
/// a device in the place of a file is an error instead of a hang. Links are followed.
package final class FileReader: Sendable {
  /// The path as the caller gave it.
  package let path: String
  /// Size in bytes when the file was opened.
  package let size: Int

  private let descriptor: Int32

  /// Opens a file.
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: largest size accepted, in bytes.
  package init(_ path: String, limit: Int = .max) throws(FileError) {
    // A path with a NUL byte would be cut by the C interface and name another file.
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .missing(path: path) }
    var opened: Int32 = -1
    repeat { opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) } while opened < 0 && errno == EINTR
    guard opened >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw .missing(path: path) }
      if code == ENXIO { throw .notRegular(path: path, kind: "socket or device") }
      throw .unreadable(path: path, reason: FileError.reason(code))
    }
    var information = stat()
    guard fstat(opened, &information) == 0 else {
      let code = errno
      close(opened)
      throw .unreadable(path: path, reason: FileError.reason(code))
    }
    guard information.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      throw .notRegular(path: path, kind: Self.kindName(information.st_mode))
    }
    let length = Int(information.st_size)
    guard length <= limit else {
      close(opened)
      throw .tooLarge(path: path, size: length, limit: limit)
    }
    self.path = path
    size = length
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// Reads up to `buffer.count` bytes at `offset`; returns how many there were (fewer only at the end of the file).
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      // Linux transfers at most 2 GiB a call; smaller requests also keep an interruption cheap.
      let request = min(buffer.count - done, 1 << 30)
      let got = pread(descriptor, base + done, request, off_t(offset + done))
      if got < 0 {
        if errno == EINTR { continue }
        throw .unreadable(path: path, reason: FileError.reason(errno))
      }
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// Reads up to `count` bytes at `offset` into the beginning of an array that has at least as many.
  package func read(into array: inout [UInt8], count: Int, at offset: Int) throws(FileError) -> Int {
    precondition(count >= 0 && count <= array.count, "the array is too short for what is to be read")
    // The standard library's closure is not generic over its error; the result carries the type across.
    let result = array.withUnsafeMutableBytes { raw in
      Result { () throws(FileError) in
        try read(into: UnsafeMutableRawBufferPointer(rebasing: raw[0..<count]), at: offset)
      }
    }
    return try result.get()
  }

  /// Reads exactly `buffer.count` bytes at `offset`.
  package func readExactly(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    let got = try read(into: buffer, at: offset)
    guard got == buffer.count else {
      throw .truncated(path: path, expected: offset + buffer.count, got: offset + got)
    }
  }

  /// The bytes of the whole file.
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: largest size accepted, in bytes; checked before memory is taken.
  package static func contents(of path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
    let reader = try FileReader(path, limit: limit)
    guard reader.size > 0 else { return [] }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: reader.size) { buffer, count in
      do throws(FileError) {
        try reader.readExactly(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
        count = buffer.count
      } catch {
        failure = error
        count = 0
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// True when something exists at the path (links are followed).
  package static func exists(_ path: String) -> Bool {
    var information = stat()
    return !path.utf8.contains(0) && stat(path, &information) == 0
  }

  /// True when the path is a directory (links are followed).
  package static func isDirectory(_ path: String) -> Bool {
    var information = stat()
    return !path.utf8.contains(0) && stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// Names in a directory, without `.` and `..`, in byte order.
  package static func names(inDirectory path: String) throws(FileError) -> [String] {
    guard !path.utf8.contains(0), let directory = opendir(path) else {
      let code = errno
      if code == ENOENT { throw .missing(path: path) }
      if code == ENOTDIR { throw .notRegular(path: path, kind: "file where a folder is needed") }
      throw .unreadable(path: path, reason: FileError.reason(code))
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
  }

  private static func kindName(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: return "folder"
    case S_IFIFO: return "pipe"
    case S_IFSOCK: return "socket"
    case S_IFCHR, S_IFBLK: return "device"
    default: return "special file"
    }
  }
}
