// Compressed sparse rows: the interaction graph and everything propagated over it.

/// A sparse matrix in compressed sparse row form, `[rows, columns]`.
///
/// Row r holds the entries `rowStarts[r] ..< rowStarts[r + 1]`; inside a row the column indices ascend and are unique.
package final class CSRMatrix: Sendable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int
  /// `[rows + 1]` offsets into `columnIndices` and `values`, ascending from 0.
  package let rowStarts: [Int]
  /// Column of every entry.
  package let columnIndices: [Int32]
  /// Value of every entry.
  package let values: [Float]

  /// Borders of blocks of rows with about equally many entries, from 0 to `rows`; a function of the entries' places only.
  ///
  /// The pieces in which a product is dealt out to threads.
  package let rowBorders: [Int]

  /// Number of stored entries.
  package var entryCount: Int { columnIndices.count }

  /// Builds a matrix from parts that are already valid.
  /// - Precondition: `rowStarts` ascends from 0 to the entry count; columns ascend strictly inside a row and are in range.
  package init(rows: Int, columns: Int, rowStarts: [Int], columnIndices: [Int32], values: [Float]) {
    precondition(rowStarts.count == rows + 1 && rowStarts.first == 0, "row starts do not match the row count")
    precondition(rowStarts.last == columnIndices.count, "row starts do not cover the entries")
    precondition(columnIndices.count == values.count, "one value is needed for each entry")
    self.rows = rows
    self.columns = columns
    self.rowStarts = rowStarts
    self.columnIndices = columnIndices
    self.values = values
    rowBorders = Self.balancedRowBorders(rowStarts: rowStarts)
  }

  /// Builds a matrix from coordinates in any order; duplicate coordinates are merged into one entry of value `value`.
  /// - Parameters:
  ///   - entries: (row, column) pairs, each in range.
  ///   - value: the value of every entry (interactions are binary).
  /// - Complexity: O(entries + rows + columns) by two counting sorts.
  package convenience init(rows: Int, columns: Int, entries: [(row: Int32, column: Int32)], value: Float = 1) {
    // Sort by column, then stably by row: afterwards columns ascend inside each row.
    var columnStarts = [Int](repeating: 0, count: columns + 1)
    for entry in entries { columnStarts[Int(entry.column) + 1] += 1 }
    for column in 0..<columns { columnStarts[column + 1] += columnStarts[column] }
    var byColumn = [(row: Int32, column: Int32)](repeating: (0, 0), count: entries.count)
    for entry in entries {
      byColumn[columnStarts[Int(entry.column)]] = entry
      columnStarts[Int(entry.column)] += 1
    }
    var starts = [Int](repeating: 0, count: rows + 1)
    for entry in entries { starts[Int(entry.row) + 1] += 1 }
    for row in 0..<rows { starts[row + 1] += starts[row] }
    var next = starts
    var sorted = [Int32](repeating: 0, count: entries.count)
    for entry in byColumn {
      sorted[next[Int(entry.row)]] = entry.column
      next[Int(entry.row)] += 1
    }
    var uniqueStarts = [Int](repeating: 0, count: rows + 1)
    var unique: [Int32] = []
    unique.reserveCapacity(sorted.count)
    for row in 0..<rows {
      var previous: Int32 = -1
      for position in starts[row]..<starts[row + 1] where sorted[position] != previous {
        previous = sorted[position]
        unique.append(previous)
      }
      uniqueStarts[row + 1] = unique.count
    }
    self.init(
      rows: rows, columns: columns, rowStarts: uniqueStarts, columnIndices: unique,
      values: [Float](repeating: value, count: unique.count))
  }

  /// The column indices of one row, ascending.
  package func row(_ index: Int) -> ArraySlice<Int32> {
    columnIndices[rowStarts[index]..<rowStarts[index + 1]]
  }

  /// Number of entries in one row.
  package func degree(_ index: Int) -> Int { rowStarts[index + 1] - rowStarts[index] }

  /// Number of entries in each column, `[columns]`.
  package func columnDegrees() -> [Int] {
    var degrees = [Int](repeating: 0, count: columns)
    for column in columnIndices { degrees[Int(column)] += 1 }
    return degrees
  }

  /// True when the entry (row, column) is stored.
  ///
  /// - Complexity: O(log degree).
  package func contains(row: Int, column: Int32) -> Bool {
    var low = rowStarts[row]
    var high = rowStarts[row + 1]
    while low < high {
      let middle = low + (high - low) / 2
      if columnIndices[middle] < column { low = middle + 1 } else { high = middle }
    }
    return low < rowStarts[row + 1] && columnIndices[low] == column
  }

  /// For each entry of this matrix in order, its position in the transposed matrix, together with that matrix.
  ///
  /// `transpose.values[map[e]] == values[e]`; used to send a mask on the entries through the transposed product.
  package func transposed() -> (matrix: CSRMatrix, map: [Int32]) {
    var starts = [Int](repeating: 0, count: columns + 1)
    for column in columnIndices { starts[Int(column) + 1] += 1 }
    for column in 0..<columns { starts[column + 1] += starts[column] }
    var next = starts
    var indices = [Int32](repeating: 0, count: entryCount)
    var transposedValues = [Float](repeating: 0, count: entryCount)
    var map = [Int32](repeating: 0, count: entryCount)
    for row in 0..<rows {
      for entry in rowStarts[row]..<rowStarts[row + 1] {
        let column = Int(columnIndices[entry])
        let target = next[column]
        next[column] += 1
        indices[target] = Int32(row)
        transposedValues[target] = values[entry]
        map[entry] = Int32(target)
      }
    }
    let matrix = CSRMatrix(
      rows: columns, columns: rows, rowStarts: starts, columnIndices: indices, values: transposedValues)
    return (matrix, map)
  }
}
