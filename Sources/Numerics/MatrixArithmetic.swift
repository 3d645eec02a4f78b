// Elementwise arithmetic and row reductions of matrices, in parallel where they are long.

/// Elements per block of elementwise work: about 10 microseconds, and the summing unit of the reductions.
private let elementsPerBlock = 32_768

extension Matrix {
  /// self += alpha * other.
  /// - Precondition: equal shapes.
  package func add(_ other: Matrix, scaled alpha: Float = 1) {
    precondition(rows == other.rows && columns == other.columns, "shapes differ")
    let table = kernels
    parallelRanges(count, blockSize: elementsPerBlock) { range in
      table.axpy(alpha, other.pointer + range.lowerBound, self.pointer + range.lowerBound, range.count)
    }
  }

  /// self *= alpha.
  package func scale(by alpha: Float) {
    let table = kernels
    parallelRanges(count, blockSize: elementsPerBlock) { range in
      let start = self.pointer + range.lowerBound
      table.scale(alpha, start, start, range.count)
    }
  }

  /// Sum of all elements, Double across blocks; bit-identical at every thread count.
  package func sum() -> Double {
    let table = kernels
    return parallelSum(count, blockSize: elementsPerBlock) { range in
      table.sum(self.pointer + range.lowerBound, range.count)
    }
  }

  /// Sum of the squares of all elements, Double across blocks; bit-identical at every thread count.
  package func sumOfSquares() -> Double {
    let table = kernels
    return parallelSum(count, blockSize: elementsPerBlock) { range in
      table.sumOfSquares(self.pointer + range.lowerBound, range.count)
    }
  }

  /// Sum of the products of corresponding elements, Double across blocks.
  /// - Precondition: equal shapes.
  package func dot(_ other: Matrix) -> Double {
    precondition(rows == other.rows && columns == other.columns, "shapes differ")
    let table = kernels
    return parallelSum(count, blockSize: 4096) { range in
      Double(table.dot(self.pointer + range.lowerBound, other.pointer + range.lowerBound, range.count))
    }
  }

  /// Sum of each column, `[columns]`, added over fixed blocks of rows in Float and across blocks in Double.
  package func columnSums() -> [Float] {
    let table = kernels
    let rowsPerBlock = 256
    let blocks = (rows + rowsPerBlock - 1) / rowsPerBlock
    guard blocks > 0 else { return [Float](repeating: 0, count: columns) }
    let partial = Matrix(rows: blocks, columns: columns)
    parallelFor(blocks) { block in
      for row in block * rowsPerBlock..<min(self.rows, (block + 1) * rowsPerBlock) {
        table.axpy(1, self.row(row), partial.row(block), self.columns)
      }
    }
    return partial.columnTotals()
  }

  /// Sum of each column, `[columns]`, in Double: for few rows.
  package func columnTotals() -> [Float] {
    (0..<columns).map { column in
      var total = 0.0
      for row in 0..<rows { total += Double(pointer[row * columns + column]) }
      return Float(total)
    }
  }

  /// Euclidean norm of each row, `[rows]`.
  package func rowNorms() -> [Float] {
    let table = kernels
    var norms = [Float](repeating: 0, count: rows)
    norms.withUnsafeMutableBufferPointer { norms in
      let target = norms
      parallelRanges(rows, blockSize: rowsPerBlock) { range in
        for row in range { target[row] = Float(table.sumOfSquares(self.row(row), self.columns).squareRoot()) }
      }
    }
    return norms
  }

  /// Each row divided by max(norm, epsilon), with the norms, `[rows, columns]` and `[rows]`.
  package func normalizedRows(epsilon: Float = 1e-12) -> (matrix: Matrix, norms: [Float]) {
    let table = kernels
    let result = Matrix.uninitialized(rows: rows, columns: columns)
    var norms = [Float](repeating: 0, count: rows)
    norms.withUnsafeMutableBufferPointer { norms in
      let target = norms
      parallelRanges(rows, blockSize: rowsPerBlock) { range in
        for row in range { target[row] = table.normalize(self.row(row), result.row(row), self.columns, epsilon) }
      }
    }
    return (result, norms)
  }

  /// The matrix with its column means taken off.
  package func columnCentred() -> Matrix {
    shifted(by: columnSums().map { $0 / Float(max(1, rows)) }, factor: -1)
  }

  /// The matrix with a multiple of one row added to every row, `[rows, columns]`.
  /// - Parameters:
  ///   - row: `[columns]`.
  ///   - factor: what the row is multiplied by.
  package func shifted(by row: [Float], factor: Float) -> Matrix {
    precondition(row.count == columns, "the row has another width")
    let table = kernels
    let result = copy()
    row.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      nonisolated(unsafe) let addend = start
      parallelRanges(rows, blockSize: rowsPerBlock) { range in
        for index in range { table.axpy(factor, addend, result.row(index), result.columns) }
      }
    }
    return result
  }

  /// Rows of one block of elementwise work.
  private var rowsPerBlock: Int { max(1, elementsPerBlock / max(1, columns)) }
}
