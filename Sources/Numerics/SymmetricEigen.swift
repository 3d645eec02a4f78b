// Eigenvalues and eigenvectors of small dense symmetric matrices in Double.

/// The decomposition A = Vᵀ diag(λ) V of a symmetric matrix, eigenvalues descending, eigenvectors as rows of V.
///
/// Householder reduction to a tridiagonal matrix, then implicit QL steps with Wilkinson's shift; the basis is kept
/// transposed so that both work along rows. Source: Golub and Van Loan 2013, algorithms 8.3.1 and 8.3.2.
/// About 9 n³ operations on one thread: milliseconds at n = 64, a tenth of a second at n = 256.
/// Numeric contract: eigenvalues to a few units of Double rounding times the largest one, V orthogonal likewise. The
/// sign of an eigenvector is such that its element of largest magnitude (the first of equals) is positive.
package struct SymmetricEigen: Sendable {
  /// λ, descending, `[n]`.
  package private(set) var values: [Double]
  /// V, `[n, n]` row-major: row r belongs to `values[r]`.
  package private(set) var vectors: [Double]

  /// Decomposes a matrix.
  /// - Parameters:
  ///   - matrix: `[n, n]` row-major; only its lower triangle is read.
  ///   - size: n.
  /// - Throws: `LinearAlgebraError.noConvergence` for infinite or undefined elements.
  package init(_ matrix: [Double], size: Int) throws(LinearAlgebraError) {
    precondition(matrix.count == size * size, "the matrix is not square")
    var work = matrix
    for row in 0..<size {
      for column in row + 1..<max(row + 1, size) { work[row * size + column] = matrix[column * size + row] }
    }
    guard work.allSatisfy(\.isFinite) else { throw .noConvergence(size: size) }
    var diagonal = [Double](repeating: 0, count: size)
    var besideDiagonal = [Double](repeating: 0, count: size)
    var basis = [Double](repeating: 0, count: size * size)
    var scratch = [Double](repeating: 0, count: size)
    let converged = work.withUnsafeMutableBufferPointer { work in
      diagonal.withUnsafeMutableBufferPointer { diagonal in
        besideDiagonal.withUnsafeMutableBufferPointer { besideDiagonal in
          basis.withUnsafeMutableBufferPointer { basis in
            scratch.withUnsafeMutableBufferPointer { scratch in
              Self.reduce(work, size, diagonal, besideDiagonal, basis, scratch)
              return Self.diagonalize(size, diagonal, besideDiagonal, basis)
            }
          }
        }
      }
    }
    guard converged else { throw .noConvergence(size: size) }

    let order = (0..<size).sorted { (diagonal[$0], $1) > (diagonal[$1], $0) }
    values = order.map { diagonal[$0] }
    vectors = []
    vectors.reserveCapacity(size * size)
    for row in order {
      let line = basis[row * size..<(row + 1) * size]
      var largest = 0.0
      for value in line where abs(value) > abs(largest) { largest = value }
      let sign = largest < 0 ? -1.0 : 1.0
      vectors.append(contentsOf: line.lazy.map { sign * $0 })
    }
  }

  private typealias Buffer = UnsafeMutableBufferPointer<Double>

  /// Reduces A to tridiagonal form T = Z A Zᵀ by reflections I - β v vᵀ; Z goes to `basis`.
  private static func reduce(
    _ a: Buffer, _ n: Int, _ diagonal: Buffer, _ besideDiagonal: Buffer, _ basis: Buffer, _ product: Buffer
  ) {
    // Reflection k acts on coordinates above k; its vector stays in row k of A, its β in `scales`.
    var scales = [Double](repeating: 0, count: n)
    for k in 0..<max(0, n - 2) {
      let first = k + 1
      let v = k * n
      var squared = 0.0
      for column in first..<n { squared += a[v + column] * a[v + column] }
      let norm = squared.squareRoot()
      besideDiagonal[k] = norm
      guard norm > 0 else { continue }
      let pivot = a[v + first]
      let alpha = pivot > 0 ? -norm : norm
      besideDiagonal[k] = alpha
      a[v + first] = pivot - alpha
      // v·v = 2 (|x|² - α x₁) without cancellation, for α has the other sign.
      let scale = 1 / (squared - alpha * pivot)
      scales[k] = scale
      var inner = 0.0
      for row in first..<n {
        var sum = 0.0
        for column in first..<n { sum += a[row * n + column] * a[v + column] }
        product[row] = scale * sum
        inner += product[row] * a[v + row]
      }
      let half = 0.5 * scale * inner
      for row in first..<n { product[row] -= half * a[v + row] }
      for row in first..<n {
        let left = a[v + row]
        let right = product[row]
        for column in first..<n { a[row * n + column] -= left * product[column] + right * a[v + column] }
      }
    }
    for row in 0..<n { diagonal[row] = a[row * n + row] }
    if n > 1 { besideDiagonal[n - 2] = a[(n - 2) * n + n - 1] }

    // Z = … H₁ H₀, built from the last reflection: rows and columns up to k are still those of the identity.
    for row in 0..<n { basis[row * n + row] = 1 }
    for k in stride(from: n - 3, through: 0, by: -1) where scales[k] > 0 {
      for row in k + 1..<n {
        var sum = 0.0
        for column in k + 1..<n { sum += basis[row * n + column] * a[k * n + column] }
        sum *= scales[k]
        for column in k + 1..<n { basis[row * n + column] -= sum * a[k * n + column] }
      }
    }
  }

  /// Turns the tridiagonal matrix diagonal by rotations that `basis` takes part in.
  /// - Returns: false when an eigenvalue needs more than 60 steps, which does not happen with finite numbers.
  private static func diagonalize(_ n: Int, _ diagonal: Buffer, _ beside: Buffer, _ basis: Buffer) -> Bool {
    for low in 0..<n {
      var steps = 0
      while true {
        // The block low...high is not split yet.
        var high = low
        while high < n - 1 {
          let scale = abs(diagonal[high]) + abs(diagonal[high + 1])
          if abs(beside[high]) <= 0x1p-52 * scale { break }
          high += 1
        }
        if high == low { break }
        steps += 1
        if steps > 60 { return false }
        chase(low, high, n, diagonal, beside, basis)
      }
    }
    return true
  }

  /// One implicit QL step on the block low...high.
  private static func chase(
    _ low: Int, _ high: Int, _ n: Int, _ diagonal: Buffer, _ beside: Buffer, _ basis: Buffer
  ) {
    let ratio = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low])
    let root = (ratio * ratio + 1).squareRoot()
    var bulge = diagonal[high] - diagonal[low] + beside[low] / (ratio + (ratio < 0 ? -root : root))
    var sine = 1.0
    var cosine = 1.0
    var shift = 0.0
    for row in stride(from: high - 1, through: low, by: -1) {
      let rotated = sine * beside[row]
      let kept = cosine * beside[row]
      let length = (rotated * rotated + bulge * bulge).squareRoot()
      beside[row + 1] = length
      guard length > 0 else {
        // The block falls apart here: what was shifted so far is put back.
        diagonal[row + 1] -= shift
        beside[high] = 0
        return
      }
      sine = rotated / length
      cosine = bulge / length
      bulge = diagonal[row + 1] - shift
      let step = (diagonal[row] - bulge) * sine + 2 * cosine * kept
      shift = sine * step
      diagonal[row + 1] = bulge + shift
      bulge = cosine * step - kept
      let upper = basis.baseAddress.map { $0 + row * n }
      if let upper {
        let lower = upper + n
        for column in 0..<n {
          let value = lower[column]
          lower[column] = sine * upper[column] + cosine * value
          upper[column] = cosine * upper[column] - sine * value
        }
      }
    }
    diagonal[low] -= shift
    beside[low] = bulge
    beside[high] = 0
  }
}
