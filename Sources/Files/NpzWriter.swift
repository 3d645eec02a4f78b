// Writing a sparse matrix as scipy.sparse.save_npz does, uncompressed.

/// Writes `.npz` archives of sparse matrices: stored members with the date 1980-01-01, so equal content gives equal bytes.
package enum NpzWriter {
  /// Writes a matrix in coordinates: int32 rows and columns, float64 ones.
  /// - Throws: `FileError.unwritable` for more than 4 GiB, which plain ZIP archives cannot hold.
  package static func write(_ path: String, matrix: SparseCoordinates) throws(FileError) {
    guard matrix.count <= 200_000_000 else {
      throw .unwritable(path: path, reason: "\(matrix.count) entries are too many for a ZIP archive; write pickles")
    }
    let extents = [Int64(matrix.rows), Int64(matrix.columns)]
    let members: [(name: String, bytes: [UInt8])] = [
      ("row", NpyHeader.bytes(dataType: .int32, shape: [matrix.count]) + littleEndian(matrix.rowIndices)),
      ("col", NpyHeader.bytes(dataType: .int32, shape: [matrix.count]) + littleEndian(matrix.columnIndices)),
      ("format", NpyHeader.bytes(description: "|S3", shape: []) + Array("coo".utf8)),
      ("shape", NpyHeader.bytes(dataType: .int64, shape: [2]) + littleEndian(extents)),
      (
        "data",
        NpyHeader.bytes(dataType: .float64, shape: [matrix.count])
          + littleEndian([UInt64](repeating: Double(1).bitPattern, count: matrix.count))
      ),
    ]
    let writer = try FileWriter(path)
    var directory: [UInt8] = []
    var offset = 0
    for member in members {
      var sum = CRC32()
      sum.update(member.bytes)
      let name = Array((member.name + ".npy").utf8)
      // What the local header and the directory say alike: version 2.0, no flags, stored, date, checksum, sizes, name.
      var common = littleEndian([20, 0, 0, 0, 0x21] as [UInt16])
      common += littleEndian([sum.value, UInt32(member.bytes.count), UInt32(member.bytes.count)])
      common += littleEndian([UInt16(name.count), 0])
      let header = littleEndian([0x0403_4B50] as [UInt32]) + common + name
      directory += littleEndian([0x0201_4B50] as [UInt32]) + littleEndian([20] as [UInt16]) + common
      directory += littleEndian([0, 0, 0, 0, 0] as [UInt16]) + littleEndian([UInt32(offset)]) + name
      try writer.append(header)
      try writer.append(member.bytes)
      offset += header.count + member.bytes.count
    }
    try writer.append(directory)
    let count = UInt16(members.count)
    try writer.append(
      littleEndian([0x0605_4B50] as [UInt32]) + littleEndian([0, 0, count, count])
        + littleEndian([UInt32(directory.count), UInt32(offset)]) + littleEndian([0] as [UInt16]))
    try writer.finish()
  }

  private static func littleEndian<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
    numbers.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }
}
