// A unique folder for one test, removed with everything in it.

import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder below the system's temporary directory that disappears with the object.
package final class TemporaryFolder: Sendable {
  /// Where it is.
  package let path: String

  /// Creates an empty folder of its own.
  package init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/darec-test-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError.unwritable(path: base, reason: FileError.reason(errno))
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// Writes a file of bytes and returns its path.
  @discardableResult package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    let writer = try FileWriter(file)
    try writer.append(bytes)
    try writer.finish()
    return file
  }

  /// Writes a text file and returns its path.
  @discardableResult package func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  private static func remove(_ path: String) {
    guard let names = try? FileReader.names(inDirectory: path) else { return }
    for name in names {
      let child = path + "/" + name
      if unlink(child) != 0 { remove(child) }
    }
    rmdir(path)
  }
}
