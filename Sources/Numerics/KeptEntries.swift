// The entries of a sparse matrix that dropping left, close together.

/// Some of a sparse matrix's entries, in its order.
///
/// Why not zeros in their places: a product waits for the rows that entries name, whatever their values are. Blocks of rows
/// (`CSRMatrix.rowBorders`) are packed each for itself, so that threads need not know what the others keep.
package struct KeptEntries: Sendable {
  /// Where rows begin and end: those of block b, from row `first` to row `end`, at `first + b ... end + b`.
  let starts: [Int]
  /// Column of every entry; up to a block's end, after its kept ones, zeros.
  let columns: [Int32]
  /// Value of every entry, in the same places.
  let values: [Float]
  /// Borders of the blocks.
  let borders: [Int]

  /// The entries of a matrix whose byte is 1.
  /// - Parameters:
  ///   - matrix: the matrix.
  ///   - keep: a byte for each of its entries, 0 or 1.
  package init(_ matrix: CSRMatrix, where keep: UnsafePointer<UInt8>) {
    borders = matrix.rowBorders
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
