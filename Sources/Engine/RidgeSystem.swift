// The regularised normal equations of a set of vectors, in Double.

import Numerics

/// The matrix Y^T Y + r I of some rows Y `[n, d]`, factored by Cholesky.
///
/// All sums are in Double. By the identity (Y Y^T + r I)^-1 Y = Y (Y^T Y + r I)^-1 one factor `[d, d]` serves whatever
/// the number of rows is.
struct RidgeSystem {
  private let width: Int
  /// Lower triangle of the factor, row by row in a full square.
  private var factor: [Double]

  /// Factors the system.
  ///
  /// O(n d^2 + d^3).
  /// - Precondition: `regularization > 0`, which makes the matrix positive definite.
  init(rows: some Sequence<Int32>, of matrix: Matrix, regularization: Double) {
    width = matrix.columns
    factor = [Double](repeating: 0, count: width * width)
    for row in rows {
      let vector = matrix.row(Int(row))
      for first in 0..<width {
        let value = Double(vector[first])
        for second in 0...first { factor[first * width + second] += value * Double(vector[second]) }
      }
    }
    for diagonal in 0..<width { factor[diagonal * width + diagonal] += regularization }
    for column in 0..<width {
      for row in column..<width {
        var sum = factor[row * width + column]
        for inner in 0..<column { sum -= factor[row * width + inner] * factor[column * width + inner] }
        if row == column {
          // Rounding may leave a pivot at zero when r is tiny beside the vectors: it is kept positive.
          factor[row * width + column] = max(sum, regularization * 1e-6).squareRoot()
        } else {
          factor[row * width + column] = sum / factor[column * width + column]
        }
      }
    }
  }

  /// The solution z of (Y^T Y + r I) z = right.
  ///
  /// O(d^2).
  func solve(_ right: [Double]) -> [Double] {
    var z = right
    for row in 0..<width {
      for inner in 0..<row { z[row] -= factor[row * width + inner] * z[inner] }
      z[row] /= factor[row * width + row]
    }
    for row in stride(from: width - 1, through: 0, by: -1) {
      for inner in row + 1..<max(row + 1, width) { z[row] -= factor[inner * width + row] * z[inner] }
      z[row] /= factor[row * width + row]
    }
    return z
  }
}
