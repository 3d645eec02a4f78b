// NumPy array files: opened and validated at once, their elements read on request.

/// An open `.npy` file of version 1, 2 or 3 with little-endian numbers in C order.
///
/// The header is validated against the file's size when it is opened, so memory is only taken for data that exists.
/// Pickled objects are refused and never executed.
package struct NpyFile: Sendable {
  /// Element type, shape and place of the data.
  package let header: NpyHeader
  private let reader: FileReader

  /// The file's path.
  package var path: String { reader.path }
  /// Extent of every axis, outermost first.
  package var shape: [Int] { header.shape }
  /// Element type.
  package var dataType: NpyDataType { header.dataType }
  /// Number of elements.
  package var count: Int { header.count }

  /// Opens a file and validates its header.
  package init(_ path: String) throws(FileError) {
    let reader = try FileReader(path)
    var prefix = [UInt8](repeating: 0, count: min(reader.size, 12 + NpyHeader.lengthLimit))
    let wanted = prefix.count
    let got = try reader.read(into: &prefix, count: wanted, at: 0)
    guard got == wanted else { throw .truncated(path: path, expected: reader.size, got: got) }
    header = try NpyHeader.parse(prefix: prefix, fileSize: reader.size, path: path)
    self.reader = reader
  }

  /// All elements as Float32, in row-major order; Float64 and integers are rounded to nearest.
  package func floats() throws(FileError) -> [Float] {
    try array { target throws(FileError) in try readFloats(into: target) }
  }

  /// All elements as Float64, in row-major order; Int64 is rounded to nearest.
  package func doubles() throws(FileError) -> [Double] {
    try array { target throws(FileError) in
      try read(into: target) {
        Double($0)
      } integer: {
        Double($0)
      }
    }
  }

  /// All elements of an integer file, in row-major order.
  /// - Throws: `FileError.malformed` when the elements are not integers.
  package func ints() throws(FileError) -> [Int] {
    switch dataType {
    case .float16, .float32, .float64:
      throw .malformed(path: path, detail: "holds numbers with fractions ('\(dataType.rawValue)'), not integers")
    case .bool, .int8, .uint8, .int32, .int64:
      return try array { target throws(FileError) in
        try read(into: target) {
          Int($0)
        } integer: {
          Int($0)
        }
      }
    }
  }

  /// Reads all elements as Float32 into memory of the caller's, in row-major order, without another copy of the data.
  /// - Precondition: `target.count == count`.
  package func readFloats(into target: UnsafeMutableBufferPointer<Float>) throws(FileError) {
    precondition(target.count == count, "the target does not have the file's number of elements")
    if dataType == .float32 && 1.littleEndian == 1 {
      try reader.readExactly(into: UnsafeMutableRawBufferPointer(target), at: header.dataOffset)
      return
    }
    try read(into: target) {
      Float($0)
    } integer: {
      Float($0)
    }
  }

  /// An array of `count` elements filled by `body`.
  private func array<Element>(
    _ body: (UnsafeMutableBufferPointer<Element>) throws(FileError) -> Void
  ) throws(FileError) -> [Element] {
    var failure: FileError?
    let result = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(FileError) {
        try body(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
        initialized = count
      } catch {
        failure = error
        initialized = 0
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Converts the elements chunk by chunk.
  private func read<Element: BitwiseCopyable>(
    into target: UnsafeMutableBufferPointer<Element>, floating: (Double) -> Element, integer: (Int) -> Element
  ) throws(FileError) {
    let chunkElements = (1 << 20) / dataType.size
    var chunk = [UInt8](repeating: 0, count: min(count, chunkElements) * dataType.size)
    var start = 0
    while start < count {
      let elements = min(chunkElements, count - start)
      let offset = header.dataOffset + start * dataType.size
      let bytes = elements * dataType.size
      let got = try reader.read(into: &chunk, count: bytes, at: offset)
      guard got == bytes else { throw .truncated(path: path, expected: offset + bytes, got: offset + got) }
      chunk.withUnsafeBytes { part in
        dataType.convert(
          UnsafeRawBufferPointer(rebasing: part[0..<bytes]),
          into: UnsafeMutableBufferPointer(rebasing: target[start..<start + elements]), floating: floating,
          integer: integer)
      }
      start += elements
    }
  }
}
