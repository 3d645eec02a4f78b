// Cholesky on the calling thread over raw memory, for diagonal blocks and for the small systems of one user or item.

/// Factors a small symmetric positive definite matrix in place; the lower triangle is read and written.
///
/// Right-looking: once a column is final, the rows below it lose their multiple of it (Golub and Van Loan 2013,
/// algorithm 4.2.2). Adding multiples of a short row is half as dear as inner products of short rows.
/// n³/3 floating-point operations.
/// - Parameters:
///   - matrix: element (i, j) at `matrix[i * stride + j]`; the factor afterwards, undefined after a failure.
///   - count: rows n.
///   - stride: distance between rows, floats.
///   - scales: the diagonal that rounding errors are measured by, `[n]`; nil uses the matrix's own.
/// - Returns: nil, or the zero-based index of the first pivot that is not above 1e-7 of its scale.
package func choleskyFactorRows(
  _ matrix: UnsafeMutablePointer<Float>, count: Int, stride: Int, scales: [Float]? = nil
) -> Int? {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * max(1, count)) { buffer -> Int? in
    guard let final = buffer.baseAddress else { return 0 }
    let ownScales = final + count
    for row in 0..<count { ownScales[row] = scales.map { $0[row] } ?? matrix[row * stride + row] }
    let axpy = kernels.axpy
    for column in 0..<count {
      let pivot = matrix[column * stride + column]
      // Written so that NaN fails too; an infinite pivot would turn the rest into zeros.
      guard pivot > max(0, 1e-7 * ownScales[column]), pivot.isFinite else { return column }
      let root = pivot.squareRoot()
      matrix[column * stride + column] = root
      let inverse = 1 / root
      for row in column + 1..<max(column + 1, count) {
        let line = matrix + row * stride
        let value = line[column] * inverse
        line[column] = value
        final[row] = value
        axpy(-value, final + (column + 1), line + (column + 1), row - column)
      }
    }
    return nil
  }
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
