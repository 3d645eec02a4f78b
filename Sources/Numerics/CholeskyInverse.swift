// The inverse of a symmetric positive definite matrix from its Cholesky factor, in place.

extension Cholesky {
  /// A⁻¹ = L⁻ᵀ L⁻¹, full symmetric square, in the memory of the factor.
  ///
  /// Two sweeps over blocks of 384, each n³/3 floating-point operations in `gemm`: L⁻¹ from the last block column to
  /// the first, then its product with itself from the first block row to the last. Source: Du Croz and Higham 1992.
  ///
  /// Memory: in place; beside it 384 rows of n floats and `gemm`'s 16 MiB.
  /// - Returns: A⁻¹, `[n, n]`, exactly symmetric.
  package consuming func inverse() -> Matrix {
    let matrix = factor
    Self.invertTriangle(matrix)
    Self.multiplyByTranspose(matrix)
    Self.mirrorLowerTriangle(matrix)
    return matrix
  }

  /// L becomes W = L⁻¹.
  ///
  /// With L = [[D, 0], [E, F]]: W = [[D⁻¹, 0], [-F⁻¹ E D⁻¹, F⁻¹]]; F⁻¹ stands there already.
  private static func invertTriangle(_ matrix: Matrix) {
    let n = matrix.rows
    guard n > 0 else { return }
    let panel = Matrix.uninitialized(rows: n, columns: min(n, blockWidth))
    for start in stride(from: (n - 1) / blockWidth * blockWidth, through: 0, by: -blockWidth) {
      let width = min(blockWidth, n - start)
      let end = start + width
      let diagonal = matrix.pointer + (start * n + start)
      invertDiagonal(diagonal, count: width, stride: n)
      guard end < n else { continue }
      let below = matrix.pointer + (end * n + start)
      gemm(
        m: n - end, n: width, k: width, a: below, lda: n, b: diagonal, ldb: n, c: panel.pointer, ldc: width)
      for row in stride(from: end, to: n, by: blockWidth) {
        let rows = min(blockWidth, n - row)
        gemm(
          m: rows, n: width, k: row + rows - end, a: matrix.pointer + (row * n + end), lda: n, b: panel.pointer,
          ldb: width, c: matrix.pointer + (row * n + start), ldc: n, alpha: -1)
      }
    }
  }

  /// The inverse of one lower triangular block, in place: row i is -Σ_{k<i} L_ik W_k / L_ii, then 1 / L_ii.
  private static func invertDiagonal(_ block: UnsafeMutablePointer<Float>, count: Int, stride: Int) {
    let table = kernels
    let scratch = Matrix.uninitialized(rows: 1, columns: count)
    let sum = scratch.pointer
    for row in 0..<count {
      let line = block + row * stride
      sum.update(repeating: 0, count: row)
      for inner in 0..<row { table.axpy(line[inner], block + inner * stride, sum, inner + 1) }
      let inverse = 1 / line[row]
      table.scale(-inverse, sum, line, row)
      line[row] = inverse
    }
  }

  /// W becomes the lower triangle of Wᵀ W; whole diagonal blocks are written.
  private static func multiplyByTranspose(_ matrix: Matrix) {
    let n = matrix.rows
    let panel = Matrix.uninitialized(rows: min(n, blockWidth), columns: n)
    for start in stride(from: 0, to: n, by: blockWidth) {
      let rows = min(blockWidth, n - start)
      let end = start + rows
      // Rows above `start` of W are zero in these columns; rows from `start` on are still W.
      gemm(
        m: rows, n: end, k: n - start, a: matrix.pointer + (start * n + start), lda: n, transposeA: true,
        b: matrix.row(start), ldb: n, c: panel.pointer, ldc: end)
      for row in 0..<rows { matrix.row(start + row).update(from: panel.pointer + row * end, count: end) }
    }
  }

  /// Copies the lower triangle to the upper one, tile by tile.
  private static func mirrorLowerTriangle(_ matrix: Matrix) {
    let n = matrix.rows
    let tile = 64
    let blocks = (n + tile - 1) / tile
    parallelFor(blocks) { block in
      let rows = block * tile..<min(n, (block + 1) * tile)
      for firstColumn in stride(from: block * tile, to: n, by: tile) {
        for row in rows {
          let target = matrix.pointer + row * n
          for column in max(row + 1, firstColumn)..<max(row + 1, min(n, firstColumn + tile)) {
            target[column] = matrix.pointer[column * n + row]
          }
        }
      }
    }
  }
}
