// The directions of largest variance of a matrix's rows.

/// The leading principal components of the rows of a matrix.
///
/// With C = (X - 1 m^T)^T (X - 1 m^T) / (n - 1), the rows of `directions` are the unit eigenvectors of C with the
/// largest eigenvalues; uncentred, m is 0 and the divisor stays. Found by subspace iteration with a few spare directions and a Rayleigh-Ritz step in Double.
/// Source: Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.
///
/// Numeric contract: products in Float, orthogonalisation and the small eigenproblem in Double; variances are within
/// about 1e-5 relative of the exact ones. Signs: in every direction the element of largest magnitude (the first of
/// equals) is positive. Bit-identical at every thread count. Constant columns and duplicate rows are fine; a component
/// beyond the rank has variance 0.
package struct PrincipalComponents {
  /// Mean of the rows, `[d]`; zeros for an uncentred analysis.
  package let mean: [Float]
  /// Unit directions as rows, `[k, d]`, variance descending.
  package let directions: Matrix
  /// Variance along each direction, `[k]`.
  package let variances: [Double]
  /// Sum of the variances of all columns: what all directions together would explain.
  package let totalVariance: Double

  /// Spare directions of the iteration: they speed convergence of the last wanted one.
  private static let spare = 8
  /// Most rounds; convergence usually takes ten to thirty.
  ///
  /// Without a gap between the variances more would only turn the
  /// directions among equals.
  private static let rounds = 100

  /// Analyses the rows of a matrix.
  /// - Parameters:
  ///   - x: `[n, d]`, finite.
  ///   - count: wanted directions; at most min(n, d) are found.
  ///   - tolerance: the iteration ends when no variance changes by more than this share of the largest. A loose one is
  ///     enough where only the space of the leading directions is wanted.
  ///   - isCentred: subtract the mean first; without it the directions are those of the largest second moments.
  /// - Complexity: O(n d (k + 8)) a round, O(n k) memory: rows are centred in blocks as they are multiplied.
  package init(of x: Matrix, count: Int, tolerance: Double = 1e-6, isCentred: Bool = true) {
    let wanted = max(0, min(count, x.rows, x.columns))
    let sums = isCentred ? x.columnSums() : [Float](repeating: 0, count: x.columns)
    let mean = sums.map { $0 / Float(max(1, x.rows)) }
    self.mean = mean
    let rows = ShiftedRows(x, by: isCentred ? mean : nil)
    let freedom = Double(max(1, x.rows - 1))
    totalVariance = rows.sumOfSquares() / freedom
    guard wanted > 0 else {
      directions = Matrix(rows: 0, columns: x.columns)
      variances = []
      return
    }
    let width = min(wanted + Self.spare, x.rows, x.columns)
    var stream = RandomStream(seed: 0, purpose: .mapLayout)
    var basis = Matrix.uninitialized(rows: width, columns: x.columns)
    for index in 0..<basis.count { basis.pointer[index] = Float(stream.normal()) }
    Self.orthonormalize(basis)
    var previous = [Double](repeating: -1, count: wanted)
    var values = [Double](repeating: 0, count: wanted)
    for round in 0..<Self.rounds {
      let projected = rows.timesTransposed(basis)
      // Only numbers that are not finite have no decomposition: the directions then stay as they are.
      guard let ritz = try? SymmetricEigen(doubleGram(projected, projected), size: width) else { break }
      // The basis turned to its own eigenvectors, largest first.
      let turned = Matrix.uninitialized(rows: width, columns: width)
      for position in 0..<turned.count { turned.pointer[position] = Float(ritz.vectors[position]) }
      basis = product(turned, basis)
      values = Array(ritz.values.prefix(wanted)).map { max(0, $0) / freedom }
      let scale = max(values.first ?? 0, .leastNormalMagnitude)
      let change = zip(values, previous).reduce(0.0) { max($0, ($1.0 - $1.1).magnitude / scale) }
      if change < tolerance || round == Self.rounds - 1 || !(scale > .leastNormalMagnitude) { break }
      previous = values
      // One power step: C applied to the turned basis, as (X B^T)^T X; X B^T is turned instead of computed anew.
      let scores = product(projected, turned, transposeB: true)
      basis = rows.transposedTimes(scores)
      Self.orthonormalize(basis)
    }
    Self.orthonormalize(basis)
    Self.fixSigns(basis)
    directions = basis.rows(0..<wanted)
    variances = values
  }

  /// Coordinates of rows along the directions, `[n, k]`.
  /// - Parameter x: `[n, d]` with the width of the analysed rows.
  package func project(_ x: Matrix) -> Matrix {
    precondition(x.columns == mean.count, "the rows have another width than the analysed ones")
    return ShiftedRows(x, by: mean).timesTransposed(directions)
  }

  /// Makes the rows orthonormal.
  private static func orthonormalize(_ basis: Matrix) {
    // Two passes of the fast way: what the first leaves by rounding in Float the second takes off.
    guard orthonormalizeByCholesky(basis), orthonormalizeByCholesky(basis) else {
      return orthonormalizeOneByOne(basis)
    }
  }

  /// B ← L⁻¹ B with B Bᵀ = L Lᵀ, the rows scaled to length one first: almost all of it a matrix product.
  ///
  /// Source: Yamamoto et al. 2015, CholeskyQR2. False, with B left with the same span, where the rows are too close
  /// to dependent for it.
  private static func orthonormalizeByCholesky(_ basis: Matrix) -> Bool {
    let count = basis.rows
    for row in 0..<count {
      let squares = kernels.sumOfSquares(basis.row(row), basis.columns)
      guard squares.isFinite, squares > 0 else { return false }
      kernels.scale(Float(1 / squares.squareRoot()), basis.row(row), basis.row(row), basis.columns)
    }
    var gram = product(basis, basis, transposeB: true).values.map(Double.init)
    // L in the lower triangle; the rows have length one, so a small pivot is an almost dependent row.
    for row in 0..<count {
      for column in 0...row {
        var sum = gram[row * count + column]
        for inner in 0..<column { sum -= gram[row * count + inner] * gram[column * count + inner] }
        if row > column {
          gram[row * count + column] = sum / gram[column * count + column]
        } else {
          guard sum > 1e-2 else { return false }
          gram[row * count + row] = sum.squareRoot()
        }
      }
    }
    // L⁻¹ by columns; what is above the diagonal is zero.
    let inverse = Matrix(rows: count, columns: count)
    let factor = gram
    parallelFor(count) { column in
      var solution = [Double](repeating: 0, count: count)
      for row in column..<count {
        var sum = row == column ? 1.0 : 0
        for inner in column..<row { sum -= factor[row * count + inner] * solution[inner] }
        solution[row] = sum / factor[row * count + row]
        inverse[row, column] = Float(solution[row])
      }
    }
    basis.assign(from: product(inverse, basis))
    return true
  }

  /// Gram-Schmidt, twice, in Double.
  ///
  /// A row that depends on the ones before becomes the first unit vector that does not.
  private static func orthonormalizeOneByOne(_ basis: Matrix) {
    let width = basis.columns
    var done: [[Double]] = []
    for row in 0..<basis.rows {
      var vector = (0..<width).map { Double(basis.row(row)[$0]) }
      var unit = 0
      while true {
        let before = vector.reduce(0.0) { $0 + $1 * $1 }
        for _ in 0..<2 {
          for other in done {
            let along = zip(vector, other).reduce(0.0) { $0 + $1.0 * $1.1 }
            for index in 0..<width { vector[index] -= along * other[index] }
          }
        }
        let after = vector.reduce(0.0) { $0 + $1 * $1 }
        if before.isFinite, after > 1e-20 * before, after > 0 {
          let norm = after.squareRoot()
          for index in 0..<width { vector[index] /= norm }
          break
        }
        guard unit < width else { break }
        vector = (0..<width).map { $0 == unit ? 1 : 0 }
        unit += 1
      }
      done.append(vector)
      for index in 0..<width { basis.row(row)[index] = Float(vector[index]) }
    }
  }

  private static func fixSigns(_ basis: Matrix) {
    for row in 0..<basis.rows {
      let vector = UnsafeMutableBufferPointer(start: basis.row(row), count: basis.columns)
      var largest: Float = 0
      for value in vector where value.magnitude > largest.magnitude { largest = value }
      if largest < 0 { for index in vector.indices { vector[index] = -vector[index] } }
    }
  }
}

/// A^T B `[a, b]` of two matrices of equal height, row-major in Double: products in Float over blocks of 512 rows, the
/// blocks added in order in Double.
/// - Parameters:
///   - a: `[n, a]`.
///   - b: `[n, b]`.
package func doubleGram(_ a: Matrix, _ b: Matrix) -> [Double] {
  precondition(a.rows == b.rows, "the matrices differ in height")
  var total = [Double](repeating: 0, count: a.columns * b.columns)
  let part = Matrix.uninitialized(rows: a.columns, columns: b.columns)
  for start in stride(from: 0, to: a.rows, by: 512) {
    let rows = min(512, a.rows - start)
    gemm(
      m: a.columns, n: b.columns, k: rows, a: a.row(start), lda: a.columns, transposeA: true, b: b.row(start),
      ldb: b.columns, c: part.pointer, ldc: b.columns)
    for index in total.indices { total[index] += Double(part.pointer[index]) }
  }
  return total
}
