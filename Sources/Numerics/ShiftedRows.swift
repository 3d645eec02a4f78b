// A matrix whose rows have one vector taken off, without a second matrix of its size.

/// X - 1 mᵀ, `[n, d]`, of which a block of rows exists at a time.
///
/// Subtracting before multiplying keeps what a mean much longer than the deviations would drown: X Bᵀ - 1 (m · B)ᵀ
/// loses it in Float.
struct ShiftedRows {
  private let x: Matrix
  private let mean: [Float]?

  /// Elements of a block, about: six megabytes, large enough that a product of one runs at full speed on all threads.
  private static let blockElements = 1_500_000

  private var rowsPerBlock: Int { max(1024, Self.blockElements / max(1, x.columns)) }

  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - mean: `[d]`; nil to take nothing off.
  init(_ x: Matrix, by mean: [Float]?) {
    self.x = x
    self.mean = mean
  }

  /// (X - 1 mᵀ) Bᵀ, `[n, k]`.
  /// - Parameter b: `[k, d]`.
  func timesTransposed(_ b: Matrix) -> Matrix {
    let result = Matrix.uninitialized(rows: x.rows, columns: b.rows)
    forEachBlock { block, rows in
      gemm(
        m: block.rows, n: b.rows, k: block.columns, a: block.pointer, lda: block.columns, b: b.pointer, ldb: b.columns,
        transposeB: true, c: result.row(rows.lowerBound), ldc: b.rows)
    }
    return result
  }

  /// Aᵀ (X - 1 mᵀ), `[k, d]`: blocks of rows are added in order.
  /// - Parameter a: `[n, k]`.
  func transposedTimes(_ a: Matrix) -> Matrix {
    let result = Matrix(rows: a.columns, columns: x.columns)
    forEachBlock { block, rows in
      gemm(
        m: a.columns, n: block.columns, k: block.rows, a: a.row(rows.lowerBound), lda: a.columns, transposeA: true,
        b: block.pointer, ldb: block.columns, c: result.pointer, ldc: result.columns, accumulate: true)
    }
    return result
  }

  /// Sum of the squares of all elements, in Double across blocks.
  func sumOfSquares() -> Double {
    var total = 0.0
    forEachBlock { block, _ in total += block.sumOfSquares() }
    return total
  }

  /// Calls `body` with the shifted rows, block by block in order, and which rows they are.
  private func forEachBlock(_ body: (Matrix, Range<Int>) -> Void) {
    guard let mean else { return body(x, 0..<x.rows) }
    for start in stride(from: 0, to: x.rows, by: rowsPerBlock) {
      let rows = start..<min(x.rows, start + rowsPerBlock)
      body(x.rowsInPlace(rows).shifted(by: mean, factor: -1), rows)
    }
  }
}
