// Cholesky factorisation of dense symmetric positive definite matrices: factor, solve.
// The inverse is in CholeskyInverse.swift, small systems in CholeskyKernel.swift.

/// The factor L of a symmetric positive definite matrix A = L Lᵀ, in the memory of A.
///
/// Left-looking by block columns of 384: almost all arithmetic is in `gemm`, so it runs in parallel and has its bits at
/// every thread count. Source: Golub and Van Loan 2013, section 4.2.
///
/// Numeric contract: Float32; the computed factor is exact for A + E with |E| ≤ γ(n + 1) |L| |L|ᵀ elementwise, so a
/// solution's relative error is about n · 6e-8 · condition number at worst and far less in practice.
/// Memory: in place, beside it `gemm`'s 16 MiB of packed panels.
package struct Cholesky: Sendable {
  /// L, `[n, n]`, lower triangular; zeros above the diagonal.
  package let factor: Matrix

  /// Number of rows n.
  package var size: Int { factor.rows }

  /// Columns of a block: one pass of the product's inner loop.
  static let blockWidth = 384

  /// Factors a matrix in place.
  ///
  /// n³/3 floating-point operations.
  /// - Parameter matrix: `[n, n]`; only its lower triangle is read. It is overwritten, and belongs to this value now;
  ///   after an error its contents are unspecified.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` naming the pivot.
  package init(overwriting matrix: Matrix) throws(LinearAlgebraError) {
    precondition(matrix.rows == matrix.columns, "a factorisation needs a square matrix")
    factor = matrix
    let n = matrix.rows
    let origin = matrix.pointer
    for start in stride(from: 0, to: n, by: Self.blockWidth) {
      let width = min(Self.blockWidth, n - start)
      let diagonal = origin + (start * n + start)
      let scales = (0..<width).map { diagonal[$0 * n + $0] }
      if start > 0 {
        gemm(
          m: n - start, n: width, k: start, a: origin + start * n, lda: n, b: origin + start * n, ldb: n,
          transposeB: true, c: diagonal, ldc: n, accumulate: true, alpha: -1)
      }
      if let pivot = choleskyFactorRows(diagonal, count: width, stride: n, scales: scales) {
        throw .notPositiveDefinite(pivot: start + pivot, size: n)
      }
      Self.solvePanel(diagonal, width: width, rows: n - start - width, stride: n)
    }
    parallelRanges(n, blockSize: 64) { rows in
      for row in rows { (origin + (row * n + row + 1)).update(repeating: 0, count: n - row - 1) }
    }
  }

  /// Replaces the rows X below a diagonal block D by X D⁻ᵀ.
  ///
  /// Dᵀ is put above the block's diagonal, where nothing is stored yet, so that its rows can be read in order.
  private static func solvePanel(_ diagonal: UnsafeMutablePointer<Float>, width: Int, rows: Int, stride: Int) {
    for row in 1..<max(1, width) {
      for column in 0..<row { diagonal[column * stride + row] = diagonal[row * stride + column] }
    }
    let inner = 64
    parallelRanges(rows, blockSize: 48) { range in
      let axpy = kernels.axpy
      let panel = diagonal + (width + range.lowerBound) * stride
      for start in Swift.stride(from: 0, to: width, by: inner) {
        let columns = min(inner, width - start)
        if start > 0 {
          gemmSerial(
            m: range.count, n: columns, k: start, a: panel, lda: stride, b: diagonal + start, ldb: stride,
            c: panel + start, ldc: stride, accumulate: true, alpha: -1)
        }
        for row in 0..<range.count {
          let x = panel + (row * stride + start)
          for column in 0..<columns {
            let line = diagonal + ((start + column) * stride + start)
            x[column] /= line[column]
            axpy(-x[column], line + (column + 1), x + (column + 1), columns - column - 1)
          }
        }
      }
    }
  }

  /// Solves A X = B in place, parallel over the columns of B.
  ///
  /// 2 n² m floating-point operations.
  /// - Parameter right: B, `[n, m]`; X afterwards.
  package func solve(inPlace right: Matrix) {
    precondition(right.rows == size, "the right side has another number of rows than the matrix")
    let n = size
    let m = right.columns
    guard n > 0, m > 0 else { return }
    let block = 64
    for start in stride(from: 0, to: n, by: block) {
      let rows = min(block, n - start)
      if start > 0 {
        gemm(
          m: rows, n: m, k: start, a: factor.row(start), lda: n, b: right.pointer, ldb: m, c: right.row(start), ldc: m,
          accumulate: true, alpha: -1)
      }
      solveDiagonal(start, rows, right, transposed: false)
    }
    for start in stride(from: (n - 1) / block * block, through: 0, by: -block) {
      let rows = min(block, n - start)
      let end = start + rows
      if end < n {
        gemm(
          m: rows, n: m, k: n - end, a: factor.pointer + (end * n + start), lda: n, transposeA: true, b: right.row(end),
          ldb: m, c: right.row(start), ldc: m, accumulate: true, alpha: -1)
      }
      solveDiagonal(start, rows, right, transposed: true)
    }
  }

  /// Solves with one diagonal block, or its transpose, for the same rows of the right side.
  private func solveDiagonal(_ start: Int, _ rows: Int, _ right: Matrix, transposed: Bool) {
    let table = kernels
    parallelRanges(right.columns, blockSize: 256) { columns in
      for step in 0..<rows {
        let row = start + (transposed ? rows - 1 - step : step)
        let target = right.row(row) + columns.lowerBound
        for other in transposed ? row + 1..<start + rows : start..<row {
          let coefficient = transposed ? factor.row(other)[row] : factor.row(row)[other]
          table.axpy(-coefficient, right.row(other) + columns.lowerBound, target, columns.count)
        }
        table.scale(1 / factor.row(row)[row], target, target, columns.count)
      }
    }
  }
}
