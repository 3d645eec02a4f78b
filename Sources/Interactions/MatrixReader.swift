// Interactions in sparse matrices: RLMRec's pickles and SciPy's .npz files.

import Files

/// The parts of a data set as matrices of one shape.
struct DividedMatrices {
  /// Number of users.
  let rows: Int
  /// Number of items.
  let columns: Int
  /// Training, validation and test; nil where there is no file.
  let parts: [SparseCoordinates?]
}

/// Reads sparse matrices whose row n is user n and column n item n; pickles are never executed.
enum MatrixReader {
  /// Most users and items together of matrices without many entries.
  ///
  /// A few bytes of a file may claim two thousand million rows; ids for them would take all memory.
  static let extentFloor = 4_000_000
  /// Most users and items for each entry beyond that.
  static let extentPerEntry = 8

  /// Reads the parts and checks that their shapes agree.
  static func read(_ sources: DataSources) throws -> DividedMatrices {
    var parts: [SparseCoordinates?] = []
    var shape: (rows: Int, columns: Int, path: String)?
    for path in [sources.train, sources.valid, sources.test] {
      guard let path else {
        parts.append(nil)
        continue
      }
      let matrix = try read(path)
      if let shape, (shape.rows, shape.columns) != (matrix.rows, matrix.columns) {
        throw DataError.badValue(
          path: path, place: "shape",
          reason: "\(matrix.rows) x \(matrix.columns), but \(shape.path) has \(shape.rows) x \(shape.columns); "
            + "the parts of a data set have the same users and items")
      }
      shape = (matrix.rows, matrix.columns, path)
      parts.append(matrix)
    }
    let entries = parts.reduce(0) { $0 + ($1?.count ?? 0) }
    let (rows, columns) = (shape?.rows ?? 0, shape?.columns ?? 0)
    guard rows + columns <= max(extentFloor, entries * extentPerEntry) else {
      throw DataError.badValue(
        path: sources.train, place: "shape",
        reason: "\(rows) x \(columns) with \(entries) interactions; remove the empty rows and columns")
    }
    return DividedMatrices(rows: rows, columns: columns, parts: parts)
  }

  /// Reads one matrix, by the ending of its file's name: `.npz`, or else a pickle.
  static func read(_ path: String) throws -> SparseCoordinates {
    let stored = path.hasSuffix(".npz") ? try StoredSparseMatrix(npz: path) : try PickleFile.sparseMatrix(path)
    return try stored.coordinates()
  }
}

extension InteractionLog {
  /// Adds the entries of a matrix, whose row and column numbers are the indices of this log's maps.
  /// - Precondition: the maps have the matrix's rows and columns.
  mutating func append(matrix: SparseCoordinates) {
    precondition(
      users.count == matrix.rows && items.count == matrix.columns, "the maps are not those of the matrix")
    for (user, item) in zip(matrix.rowIndices, matrix.columnIndices) { append(user: user, item: item) }
  }
}
