// Sparse times dense, in parallel over rows balanced by entries.

extension CSRMatrix {
  /// Borders of row blocks with about `entriesPerBlock` entries each, from 0 to the number of rows.
  ///
  /// A row counts as its entries plus four, so that long runs of empty rows are cut too.
  package static func balancedRowBorders(rowStarts: [Int], entriesPerBlock: Int = 8192) -> [Int] {
    let rows = rowStarts.count - 1
    var borders = [0]
    var weight = 0
    for row in 0..<rows {
      weight += rowStarts[row + 1] - rowStarts[row] + 4
      if weight >= entriesPerBlock {
        borders.append(row + 1)
        weight = 0
      }
    }
    if borders[borders.count - 1] != rows { borders.append(rows) }
    return borders
  }
}

/// out (+)= scale * A X for sparse A, parallel.
///
/// Each row adds its entries in stored order in Float: error at most gamma(degree + 2) times the sum of |a x|;
/// bit-identical at every thread count.
/// - Parameters:
///   - a: `[rows, columns]`, sparse.
///   - values: replaces the stored values, one per entry; nil uses the stored ones.
///   - keep: one byte per entry, 0 leaves the entry out (edge dropout); nil keeps all.
///   - x: `[a.columns, d]`.
///   - out: `[a.rows, d]`, another matrix than `x`.
///   - accumulate: add to `out` instead of replacing it.
///   - base: what is added to the product, `[a.rows, d]`; nil for none.
///   - scale: factor of the product.
/// - Precondition: the shapes fit and column indices are in range.
package func sparseTimesDense(
  _ a: CSRMatrix, values: UnsafePointer<Float>? = nil, keep: UnsafePointer<UInt8>? = nil, _ x: Matrix,
  into out: Matrix, accumulate: Bool = false, startingFrom base: Matrix? = nil, scale: Float = 1
) {
  precondition(a.columns == x.rows && a.rows == out.rows && x.columns == out.columns, "shapes do not fit")
  precondition(x !== out, "the result must be another matrix than the factor")
  precondition(base.map { $0.rows == out.rows && $0.columns == out.columns } ?? true, "shapes do not fit")
  let borders = a.rowBorders
  let table = kernels
  a.rowStarts.withUnsafeBufferPointer { starts in
    a.columnIndices.withUnsafeBufferPointer { columns in
      a.values.withUnsafeBufferPointer { stored in
        guard let rowStarts = starts.baseAddress else { return }
        guard let columnIndices = columns.baseAddress, let entryValues = values ?? stored.baseAddress else {
          if let base { out.assign(from: base) } else if !accumulate { out.fill(0) }
          return
        }
        parallelFor(borders.count - 1) { block in
          let (first, end) = (borders[block], borders[block + 1])
          table.sparseRows(
            rowStarts, first, end, columnIndices, entryValues, keep, x.pointer, x.columns, out.pointer, scale,
            base.map { UnsafePointer($0.pointer) } ?? (accumulate ? UnsafePointer(out.pointer) : nil))
        }
      }
    }
  }
}
