// Cholesky on the calling thread over raw memory, for diagonal blocks and for the small systems of one user or item.

/// Factors a small symmetric positive definite matrix in place, row by row; the lower triangle is read and written.
///
/// Each element is one inner product of two rows of the factor (Golub and Van Loan 2013, section 4.2.5, ordered by
/// rows), so memory is read in order. n³/3 floating-point operations.
/// - Parameters:
///   - matrix: element (i, j) at `matrix[i * stride + j]`; the factor afterwards, undefined after a failure.
///   - count: rows n.
///   - stride: distance between rows, floats.
///   - scales: the diagonal that rounding errors are measured by, `[n]`; nil uses the matrix's own.
/// - Returns: nil, or the zero-based index of the first pivot that is not above 1e-7 of its scale.
package func choleskyFactorRows(
  _ matrix: UnsafeMutablePointer<Float>, count: Int, stride: Int, scales: [Float]? = nil
) -> Int? {
  let table = kernels
  for row in 0..<count {
    let line = matrix + row * stride
    for column in 0..<row {
      let other = matrix + column * stride
      line[column] = (line[column] - table.dot(line, other, column)) / other[column]
    }
    let scale = scales.map { $0[row] } ?? line[row]
    let pivot = line[row] - table.dot(line, line, row)
    // Written so that NaN fails too; an infinite pivot would turn the rest into zeros.
    guard pivot > max(0, 1e-7 * scale), pivot.isFinite else { return row }
    line[row] = pivot.squareRoot()
  }
  return nil
}

/// Solves L Lᵀ x = b in place for a factor of `choleskyFactorRows`.
///
/// 2 n² floating-point operations.
/// - Parameters:
///   - factor: L as `choleskyFactorRows` leaves it.
///   - count: rows n.
///   - stride: distance between rows, floats.
///   - x: b on entry, the solution afterwards, `[n]`.
package func choleskySolveRows(
  _ factor: UnsafePointer<Float>, count: Int, stride: Int, _ x: UnsafeMutablePointer<Float>
) {
  let table = kernels
  for row in 0..<count {
    let line = factor + row * stride
    x[row] = (x[row] - table.dot(line, x, row)) / line[row]
  }
  for row in Swift.stride(from: count - 1, through: 0, by: -1) {
    let line = factor + row * stride
    x[row] /= line[row]
    table.axpy(-x[row], line, x, row)
  }
}
