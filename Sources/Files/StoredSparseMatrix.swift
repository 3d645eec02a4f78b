// A sparse matrix whose parts are still in their file, and how its coordinates are made of them.

/// The parts of a sparse matrix of SciPy, `[rows, columns]`.
package struct StoredSparseMatrix: Sendable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int

  let path: String
  /// Size of the file that the parts came out of; decides how much memory reading it may take.
  let fileSize: Int
  let parts: Parts
  /// The stored values; only whether they are zero counts.
  let values: StoredArray

  enum Parts: Sendable {
    /// A row and a column for every entry.
    case coordinates(rows: StoredArray, columns: StoredArray)
    /// Where each row (or, if `byColumn`, column) begins, and the column (or row) of every entry.
    case compressed(starts: StoredArray, indices: StoredArray, byColumn: Bool)
  }

  /// The places of the non-zero entries.
  ///
  /// Memory is taken for the result (eight bytes an entry) and a piece of the file; it is refused before it is taken
  /// when it would be more than 64 MiB and 1.25 times the file.
  /// - Complexity: O(bytes of the parts).
  /// - Throws: `FileError` for parts that contradict each other, or indices out of range.
  package func coordinates() throws(FileError) -> SparseCoordinates {
    for (extent, name) in [(rows, "rows"), (columns, "columns")] {
      guard extent >= 0, extent <= SparseCoordinates.extentLimit else {
        throw malformed("a matrix with \(extent) \(name); at most \(SparseCoordinates.extentLimit) are read")
      }
    }
    guard values.shape.count == 1 else { throw malformed("data has \(values.shape.count) axes, not one") }
    var result: SparseCoordinates
    switch parts {
    case .coordinates(let rowPart, let columnPart):
      guard rowPart.shape == values.shape, columnPart.shape == values.shape else {
        throw malformed("row, col and data have \(rowPart.count), \(columnPart.count) and \(values.count) elements")
      }
      try requireMemory(entries: values.count)
      result = SparseCoordinates(
        rows: rows, columns: columns, rowIndices: try rowPart.indices(below: rows, name: "row"),
        columnIndices: try columnPart.indices(below: columns, name: "col"))
    case .compressed(let starts, let indices, let byColumn):
      guard indices.shape == values.shape else {
        throw malformed("indices and data have \(indices.count) and \(values.count) elements")
      }
      let lines = byColumn ? columns : rows
      guard starts.shape == [lines + 1] else {
        throw malformed("indptr has \(starts.count) elements; \(lines) \(byColumn ? "columns" : "rows") need one more")
      }
      try requireMemory(entries: values.count, starts: starts.count)
      let minor = try indices.indices(below: byColumn ? rows : columns, name: "indices")
      let major = try Self.expanded(
        starts: try starts.indices(below: min(values.count, Int(Int32.max) - 1) + 1, name: "indptr"),
        entries: values.count, path: path)
      result = SparseCoordinates(
        rows: rows, columns: columns, rowIndices: byColumn ? minor : major, columnIndices: byColumn ? major : minor)
    }
    var filter = SparseCoordinates.ZeroFilter()
    try values.forEachTruth { filter.take($0, in: &result) }
    filter.finish(&result)
    return result
  }

  /// The line of every entry, from where lines begin.
  private static func expanded(starts: [Int32], entries: Int, path: String) throws(FileError) -> [Int32] {
    var previous: Int32 = 0
    for start in starts {
      guard start >= previous else { throw .malformed(path: path, detail: "indptr does not ascend") }
      previous = start
    }
    guard starts.first == 0, Int(previous) == entries else {
      throw .malformed(
        path: path, detail: "indptr runs from \(starts.first ?? 0) to \(previous), but there are \(entries) entries")
    }
    return [Int32](unsafeUninitializedCapacity: entries) { target, count in
      for line in 0..<starts.count - 1 {
        for entry in Int(starts[line])..<Int(starts[line + 1]) { target.initializeElement(at: entry, to: Int32(line)) }
      }
      count = entries
    }
  }

  private func requireMemory(entries: Int, starts: Int = 0) throws(FileError) {
    // Entries are backed by bytes of the file (twice at most, when parts are the same), so the products are small.
    let limit = ByteSource.memoryLimit(fileSize: fileSize)
    guard entries * 8 + starts * 4 + (2 << 20) <= limit else {
      throw malformed(
        "\(entries) entries need more memory than a file of \(fileSize) bytes may take; save it as a coo_matrix")
    }
  }

  private func malformed(_ detail: String) -> FileError { .malformed(path: path, detail: detail) }
}
