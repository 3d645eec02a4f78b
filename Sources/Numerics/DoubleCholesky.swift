// Cholesky in Double for small systems and as the reference of the Float32 one.

/// The factor of a small symmetric positive definite matrix in Double.
///
/// Plain loops on one thread, n³/3 operations: for sizes up to a thousand.
package struct DoubleCholesky: Sendable {
  /// Number of rows n.
  package let size: Int
  /// L, `[n, n]` row-major; the part above the diagonal is not used.
  private var factor: [Double]

  /// Factors a matrix.
  /// - Parameters:
  ///   - matrix: `[n, n]` row-major; only its lower triangle is read.
  ///   - size: n.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite` naming the pivot.
  package init(_ matrix: [Double], size: Int) throws(LinearAlgebraError) {
    precondition(matrix.count == size * size, "the matrix is not square")
    self.size = size
    factor = matrix
    for row in 0..<size {
      for column in 0...row {
        var sum = factor[row * size + column]
        for inner in 0..<column { sum -= factor[row * size + inner] * factor[column * size + inner] }
        if row > column {
          factor[row * size + column] = sum / factor[column * size + column]
        } else {
          guard sum > max(0, 1e-15 * matrix[row * size + row]), sum.isFinite else {
            throw .notPositiveDefinite(pivot: row, size: size)
          }
          factor[row * size + row] = sum.squareRoot()
        }
      }
    }
  }

  /// The solution x of A x = `right`, `[n]`.
  package func solve(_ right: [Double]) -> [Double] {
    precondition(right.count == size, "the right side has another length than the matrix")
    var x = right
    for row in 0..<size {
      for inner in 0..<row { x[row] -= factor[row * size + inner] * x[inner] }
      x[row] /= factor[row * size + row]
    }
    for row in stride(from: size - 1, through: 0, by: -1) {
      x[row] /= factor[row * size + row]
      for inner in 0..<row { x[inner] -= factor[row * size + inner] * x[row] }
    }
    return x
  }

  /// A⁻¹, `[n, n]` row-major.
  package func inverse() -> [Double] {
    var result = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      var unit = [Double](repeating: 0, count: size)
      unit[column] = 1
      for (row, value) in solve(unit).enumerated() { result[row * size + column] = value }
    }
    return result
  }
}
