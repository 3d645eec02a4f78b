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
///   - x: `[a.columns, d]`.
///   - out: `[a.rows, d]`, another matrix than `x`.
///   - accumulate: add to `out` instead of replacing it.
///   - base: what is added to the product, `[a.rows, d]`; nil for none.
///   - scale: factor of the product.
/// - Precondition: the shapes fit and column indices are in range.
package func sparseTimesDense(
  _ a: CSRMatrix, values: UnsafePointer<Float>? = nil, _ x: Matrix, into out: Matrix, accumulate: Bool = false,
  startingFrom base: Matrix? = nil, scale: Float = 1
) {
  a.rowStarts.withUnsafeBufferPointer { starts in
    a.columnIndices.withUnsafeBufferPointer { columns in
      a.values.withUnsafeBufferPointer { stored in
        multiply(
          a, starts.baseAddress, startsPerBlock: 0, columns.baseAddress, values ?? stored.baseAddress, x, out, scale,
          base ?? (accumulate ? out : nil))
      }
    }
  }
}

/// out = base + A X with the kept entries of A, parallel; otherwise the contract of `sparseTimesDense` for all of them.
/// - Parameters:
///   - a: the matrix the entries are of, `[rows, columns]`.
///   - kept: which of them count.
///   - x: `[a.columns, d]`.
///   - out: `[a.rows, d]`, another matrix than `x`.
///   - base: what is added to the product, `[a.rows, d]`; nil for none.
/// - Precondition: the shapes fit and the entries are of `a`.
package func sparseTimesDense(
  _ a: CSRMatrix, _ kept: KeptEntries, _ x: Matrix, into out: Matrix, startingFrom base: Matrix? = nil
) {
  precondition(
    kept.columns.count == a.entryCount && kept.borders == a.rowBorders, "the entries are those of another matrix")
  kept.starts.withUnsafeBufferPointer { starts in
    kept.columns.withUnsafeBufferPointer { columns in
      kept.values.withUnsafeBufferPointer { values in
        multiply(a, starts.baseAddress, startsPerBlock: 1, columns.baseAddress, values.baseAddress, x, out, 1, base)
      }
    }
  }
}

/// The product of both; the row starts of block b begin `b * startsPerBlock` later.
private func multiply(
  _ a: CSRMatrix, _ starts: UnsafePointer<Int>?, startsPerBlock: Int, _ columns: UnsafePointer<Int32>?,
  _ values: UnsafePointer<Float>?, _ x: Matrix, _ out: Matrix, _ scale: Float, _ base: Matrix?
) {
  precondition(a.columns == x.rows && a.rows == out.rows && x.columns == out.columns, "shapes do not fit")
  precondition(x !== out, "the result must be another matrix than the factor")
  precondition(base.map { $0.rows == out.rows && $0.columns == out.columns } ?? true, "shapes do not fit")
  guard let starts, let columns, let values else {
    if let base { if base !== out { out.assign(from: base) } } else { out.fill(0) }
    return
  }
  let borders = a.rowBorders
  let table = kernels
  parallelFor(borders.count - 1) { block in
    table.sparseRows(
      starts + block * startsPerBlock, borders[block], borders[block + 1], columns, values, x.pointer, x.columns,
      out.pointer, scale, base.map { UnsafePointer($0.pointer) })
  }
}
