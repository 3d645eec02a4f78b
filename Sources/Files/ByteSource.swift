// Bytes that are read in ranges, wherever they are.

/// The bytes of a file, or bytes in memory that came out of one.
package final class ByteSource: Sendable {
  /// The path as the caller gave it; named in errors.
  package let path: String
  /// Size in bytes.
  package let size: Int

  /// Most bytes of memory that reading a file may take: 64 MiB and a quarter more than the file.
  package static func memoryLimit(fileSize: Int) -> Int {
    let limit = fileSize.addingReportingOverflow(fileSize / 4 + (64 << 20))
    return limit.overflow ? .max : limit.partialValue
  }

  /// Most bytes of memory that reading all of this may take.
  package var memoryLimit: Int { Self.memoryLimit(fileSize: size) }

  private enum Storage: Sendable {
    case file(FileReader)
    case memory([UInt8])
  }
  private let storage: Storage

  /// Opens a file.
  package init(_ path: String) throws(FileError) {
    let reader = try FileReader(path)
    self.path = path
    size = reader.size
    storage = .file(reader)
  }

  /// Takes bytes that are in memory already.
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - name: stands for the path in errors.
  package init(bytes: [UInt8], name: String) {
    path = name
    size = bytes.count
    storage = .memory(bytes)
  }

  /// Reads exactly `target.count` bytes at `offset`.
  /// - Precondition: the range lies inside the source.
  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    precondition(offset >= 0 && target.count <= size - offset, "the range lies behind the end")
    switch storage {
    case .file(let reader): try reader.readExactly(into: target, at: offset)
    case .memory(let bytes):
      bytes.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + target.count]))
      }
    }
  }

  /// Some bytes as an array.
  /// - Precondition: the range lies inside the source.
  func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let result = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(FileError) {
        let target = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[0..<range.count])
        try read(into: target, at: range.lowerBound)
        count = range.count
      } catch {
        failure = error
        count = 0
      }
    }
    if let failure { throw failure }
    return result
  }
}
