// Eigenvalues and eigenvectors of a small symmetric matrix, in Double.

/// The eigendecomposition A = V diag(w) V^T of a symmetric matrix by cyclic Jacobi rotations.
///
/// Source: Golub and Van Loan, Matrix Computations, 4th edition, section 8.5. Rotations stop when the sum of squares
/// off the diagonal is below 1e-30 of the whole, or after 60 sweeps, which no matrix of finite numbers needs.
package struct SymmetricEigen {
  /// Eigenvalues, descending, `[n]`.
  package let values: [Double]
  /// Unit eigenvectors as rows, `[n, n]`, in the order of `values`.
  package let vectors: [[Double]]

  /// Decomposes a matrix.
  ///
  /// O(n^3) a sweep, about ten sweeps.
  /// - Parameter matrix: `[n, n]`; its upper triangle is taken as the mirror of the lower one.
  /// - Precondition: as many columns as rows.
  package init(_ matrix: [[Double]]) {
    let n = matrix.count
    precondition(matrix.allSatisfy { $0.count == n }, "the matrix is not square")
    var a = matrix
    for row in 0..<n { for column in row + 1..<max(row + 1, n) { a[row][column] = a[column][row] } }
    // Rows of `v` are the eigenvectors found so far.
    var v = (0..<n).map { row in (0..<n).map { $0 == row ? 1.0 : 0.0 } }
    let whole = a.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + $1 * $1 } }
    for _ in 0..<60 {
      var off = 0.0
      for row in 0..<n { for column in 0..<row { off += a[row][column] * a[row][column] } }
      // The negated comparison also ends on NaN.
      if !(off > 1e-30 * whole) { break }
      for p in 0..<n { for q in p + 1..<max(p + 1, n) { Self.rotate(&a, &v, p, q) } }
    }
    let order = (0..<n).sorted { (a[$0][$0], $1) > (a[$1][$1], $0) }
    values = order.map { a[$0][$0] }
    vectors = order.map { v[$0] }
  }

  /// Makes element (p, q) zero.
  private static func rotate(_ a: inout [[Double]], _ v: inout [[Double]], _ p: Int, _ q: Int) {
    guard a[p][q] != 0 else { return }
    let ratio = (a[q][q] - a[p][p]) / (2 * a[p][q])
    let tangent = (ratio < 0 ? -1 : 1) / (ratio.magnitude + (1 + ratio * ratio).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    let sine = tangent * cosine
    for k in a.indices {
      let (left, right) = (a[k][p], a[k][q])
      a[k][p] = cosine * left - sine * right
      a[k][q] = sine * left + cosine * right
    }
    for k in a.indices {
      let (left, right) = (a[p][k], a[q][k])
      a[p][k] = cosine * left - sine * right
      a[q][k] = sine * left + cosine * right
      let (first, second) = (v[p][k], v[q][k])
      v[p][k] = cosine * first - sine * second
      v[q][k] = sine * first + cosine * second
    }
    a[p][q] = 0
    a[q][p] = 0
  }
}
