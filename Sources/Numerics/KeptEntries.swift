// The entries of a sparse matrix that dropping left, close together.

/// Some of a sparse matrix's entries, in its order.
///
/// Why not zeros in their places: a product waits for the rows that entries name, whatever their values are. Blocks of rows
/// (`CSRMatrix.rowBorders`) are packed each for itself, so that threads need not know what the others keep.
package struct KeptEntries: Sendable {
  /// Where rows begin and end: those of block b, from row `first` to row `end`, at `first + b ... end + b`.
  fileprivate let starts: [Int]
  fileprivate let columns: [Int32]
  fileprivate let values: [Float]

  /// The entries of a matrix whose byte is 1.
  /// - Parameters:
  ///   - matrix: the matrix.
  ///   - keep: a byte for each of its entries, 0 or 1.
  package init(_ matrix: CSRMatrix, where keep: UnsafePointer<UInt8>) {
    let blocks = matrix.rowBorders.count - 1
    let count = matrix.entryCount
    var starts = [Int](repeating: 0, count: matrix.rows + blocks)
    var values: [Float] = []
    columns = [Int32](unsafeUninitializedCapacity: count) { columnBuffer, columnCount in
      values = [Float](unsafeUninitializedCapacity: count) { valueBuffer, valueCount in
        starts.withUnsafeMutableBufferPointer { startBuffer in
          let (keptColumns, keptValues, keptStarts) = (columnBuffer, valueBuffer, startBuffer)
          parallelFor(blocks) { Self.pack(matrix, keep, $0, keptStarts, keptColumns, keptValues) }
        }
        valueCount = count
      }
      columnCount = count
    }
    self.values = values
    self.starts = starts
  }

  /// Packs one block of rows; what is after its kept entries is set too, to entries that no row has.
  private static func pack(
    _ matrix: CSRMatrix, _ keep: UnsafePointer<UInt8>, _ block: Int, _ starts: UnsafeMutableBufferPointer<Int>,
    _ columns: UnsafeMutableBufferPointer<Int32>, _ values: UnsafeMutableBufferPointer<Float>
  ) {
    let (first, end) = (matrix.rowBorders[block], matrix.rowBorders[block + 1])
    matrix.rowStarts.withUnsafeBufferPointer { rowStarts in
      matrix.columnIndices.withUnsafeBufferPointer { allColumns in
        matrix.values.withUnsafeBufferPointer { allValues in
          var kept = rowStarts[first]
          for row in first..<end {
            starts[row + block] = kept
            for entry in rowStarts[row]..<rowStarts[row + 1] {
              // Written always, counted where kept: no branch to mispredict.
              columns[kept] = allColumns[entry]
              values[kept] = allValues[entry]
              kept += Int(keep[entry])
            }
          }
          starts[end + block] = kept
          while kept < rowStarts[end] {
            columns[kept] = 0
            values[kept] = 0
            kept += 1
          }
        }
      }
    }
  }
}

/// out = base + A X with the kept entries of A, parallel; the contract of `sparseTimesDense` for all of them.
///
/// - Parameters:
///   - a: the matrix the entries are of, `[rows, columns]`.
///   - kept: which of them count.
///   - x: `[a.columns, d]`.
///   - out: `[a.rows, d]`, another matrix than `x`.
///   - base: what is added to the product, `[a.rows, d]`.
/// - Precondition: the shapes fit and the entries are of `a`.
package func sparseTimesDense(
  _ a: CSRMatrix, _ kept: KeptEntries, _ x: Matrix, into out: Matrix, startingFrom base: Matrix
) {
  precondition(a.columns == x.rows && a.rows == out.rows && x.columns == out.columns, "shapes do not fit")
  precondition(x !== out, "the result must be another matrix than the factor")
  precondition(base.rows == out.rows && base.columns == out.columns, "shapes do not fit")
  precondition(kept.columns.count == a.entryCount, "the entries are those of another matrix")
  let borders = a.rowBorders
  let table = kernels
  kept.starts.withUnsafeBufferPointer { starts in
    kept.columns.withUnsafeBufferPointer { columns in
      kept.values.withUnsafeBufferPointer { values in
        guard let starts = starts.baseAddress, let columns = columns.baseAddress, let values = values.baseAddress else {
          out.assign(from: base)
          return
        }
        parallelFor(borders.count - 1) { block in
          table.sparseRows(
            starts + block, borders[block], borders[block + 1], columns, values, nil, x.pointer, x.columns, out.pointer,
            1, UnsafePointer(base.pointer))
        }
      }
    }
  }
}
