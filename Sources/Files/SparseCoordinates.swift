// A sparse binary matrix as it comes out of a file: the places of its non-zero entries.

/// How SciPy lays a sparse matrix out.
package enum SparseFormat: String, Sendable, CaseIterable {
  /// Coordinates: a row and a column for every entry.
  case coordinates = "coo"
  /// Compressed rows: where every row begins, and a column for every entry.
  case rows = "csr"
  /// Compressed columns: where every column begins, and a row for every entry.
  case columns = "csc"
}

/// The places of the non-zero entries of a sparse matrix `[rows, columns]`, in the file's order.
///
/// Explicit zeros are left out; a place may occur more than once. Values are not kept: whatever is not zero is an
/// interaction (NaN is not zero, as in NumPy).
package struct SparseCoordinates: Sendable, Equatable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int
  /// The row of every entry, in `0 ..< rows`.
  package private(set) var rowIndices: [Int32]
  /// The column of every entry, in `0 ..< columns`.
  package private(set) var columnIndices: [Int32]
  /// Stored entries that were zero.
  package private(set) var zeroCount = 0

  /// Number of entries.
  package var count: Int { rowIndices.count }

  /// Largest number of rows or columns: indices are `Int32`.
  package static let extentLimit = Int(Int32.max) - 1

  /// A matrix of these entries.
  /// - Precondition: the indices are in range and equal in number.
  package init(rows: Int, columns: Int, rowIndices: [Int32], columnIndices: [Int32]) {
    precondition(rowIndices.count == columnIndices.count, "every entry has a row and a column")
    self.rows = rows
    self.columns = columns
    self.rowIndices = rowIndices
    self.columnIndices = columnIndices
  }

  /// Drops the entries whose value is zero; called with the values piece by piece, in order.
  struct ZeroFilter {
    private var next = 0
    private var kept = 0

    /// Looks at the truth of the next values.
    mutating func take(_ isNonZero: Bool, in coordinates: inout SparseCoordinates) {
      if isNonZero {
        if kept != next {
          coordinates.rowIndices[kept] = coordinates.rowIndices[next]
          coordinates.columnIndices[kept] = coordinates.columnIndices[next]
        }
        kept += 1
      }
      next += 1
    }

    /// Cuts what was dropped.
    func finish(_ coordinates: inout SparseCoordinates) {
      coordinates.zeroCount = next - kept
      coordinates.rowIndices.removeLast(next - kept)
      coordinates.columnIndices.removeLast(next - kept)
    }
  }
}
