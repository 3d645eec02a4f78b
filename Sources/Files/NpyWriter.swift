// Writing NumPy array files, row after row.

/// Writes a `.npy` file of floating-point numbers whose shape is known beforehand, without holding it in memory.
package final class NpyWriter {
  private let writer: FileWriter
  private let dataType: NpyDataType
  private let expected: Int
  private var written = 0

  /// Creates the file and writes its header.
  /// - Parameters:
  ///   - path: the file.
  ///   - shape: extent of every axis; all elements must follow in row-major order.
  ///   - dataType: `.float16`, `.float32` or `.float64`.
  package init(_ path: String, shape: [Int], dataType: NpyDataType = .float32) throws(FileError) {
    precondition(
      dataType == .float16 || dataType == .float32 || dataType == .float64, "only floating-point files are written")
    writer = try FileWriter(path)
    self.dataType = dataType
    expected = shape.reduce(1, *)
    try writer.append(NpyHeader.bytes(dataType: dataType, shape: shape))
  }

  /// Appends elements, rounded to nearest in the file's type.
  /// - Throws: `FileError.malformed` for a finite number that float16 cannot hold.
  package func append(_ values: some Sequence<Float>) throws(FileError) {
    var overflowing: Float?
    try writer.append { bytes in
      for value in values {
        switch dataType {
        case .float16:
          let half = Float16(value)
          if half.isInfinite && value.isFinite { overflowing = value }
          withUnsafeBytes(of: half.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        case .float64:
          withUnsafeBytes(of: Double(value).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        default:
          withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        written += 1
      }
    }
    if let overflowing {
      throw .malformed(path: writer.path, detail: "float16 cannot hold \(overflowing); write float32 instead")
    }
  }

  /// Writes what is buffered and closes the file.
  /// - Precondition: as many elements were appended as the shape says.
  package func finish() throws(FileError) {
    precondition(written == expected, "the number of elements does not match the shape")
    try writer.finish()
  }
}

extension NpyFile {
  /// Writes a whole array.
  /// - Precondition: `values.count` is the product of `shape`.
  package static func write(
    _ path: String, shape: [Int], values: some Sequence<Float>, dataType: NpyDataType = .float32
  ) throws(FileError) {
    let writer = try NpyWriter(path, shape: shape, dataType: dataType)
    try writer.append(values)
    try writer.finish()
  }
}
