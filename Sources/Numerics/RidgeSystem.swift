// The regularised normal equations of a set of vectors, in Double.

/// The matrix Y^T Y + r I of some rows Y `[n, d]`, factored by Cholesky.
///
/// All sums are in Double. By the identity (Y Y^T + r I)^-1 Y = Y (Y^T Y + r I)^-1 one factor `[d, d]` serves whatever
/// the number of rows is. Bit-identical at every thread count.
package struct RidgeSystem {
  private let width: Int
  /// Lower triangle of the factor, row by row in a full square.
  private var factor: [Double]

  /// Factors the system of some rows of a matrix.
  ///
  /// O(n d^2 + d^3).
  /// - Precondition: `regularization > 0`, which makes the matrix positive definite.
  package init(rows: some Sequence<Int32>, of matrix: Matrix, regularization: Double) {
    let width = matrix.columns
    var gram = [Double](repeating: 0, count: width * width)
    for row in rows {
      let vector = matrix.row(Int(row))
      for first in 0..<width {
        let value = Double(vector[first])
        for second in 0...first { gram[first * width + second] += value * Double(vector[second]) }
      }
    }
    self.init(gram: gram, width: width, regularization: regularization)
  }

  /// Factors the system of a matrix Y^T Y that is already there.
  ///
  /// O(d^3), in parallel where d is large.
  /// - Parameters:
  ///   - gram: `[d, d]` row-major; only the lower triangle is read.
  ///   - width: d.
  ///   - regularization: r.
  /// - Precondition: `gram.count == width * width` and `regularization > 0`.
  package init(gram: [Double], width: Int, regularization: Double) {
    precondition(gram.count == width * width, "the matrix is not square")
    self.width = width
    factor = gram
    factor.withUnsafeMutableBufferPointer { buffer in
      guard let lower = buffer.baseAddress else { return }
      for diagonal in 0..<width { lower[diagonal * width + diagonal] += regularization }
      for column in 0..<width {
        let pivotRow = lower + column * width
        // Rounding may leave a pivot at zero when r is tiny beside the vectors: it is kept positive.
        let rest = pivotRow[column] - dotProduct(pivotRow, pivotRow, column)
        let pivot = max(rest, regularization * 1e-6).squareRoot()
        pivotRow[column] = pivot
        parallelRanges(width - column - 1, blockSize: Self.rowsPerBlock) { range in
          for offset in range {
            let row = lower + (column + 1 + offset) * width
            row[column] = (row[column] - dotProduct(row, pivotRow, column)) / pivot
          }
        }
      }
    }
  }

  /// Rows of one block of the factorisation: fewer are not worth handing to a thread.
  private static let rowsPerBlock = 128

  /// The solution z of (Y^T Y + r I) z = right.
  ///
  /// O(d^2).
  package func solve(_ right: [Double]) -> [Double] {
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

/// Sum of a[i] b[i] in four Double lanes, added in a fixed order.
private func dotProduct(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
  var lanes = SIMD4<Double>()
  var index = 0
  while index + 4 <= count {
    let left = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD4<Double>.self)
    let right = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD4<Double>.self)
    lanes += left * right
    index += 4
  }
  var sum = (lanes.x + lanes.z) + (lanes.y + lanes.w)
  while index < count {
    sum += a[index] * b[index]
    index += 1
  }
  return sum
}
