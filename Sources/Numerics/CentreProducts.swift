// The centres of one round of k-means as products take them, with the bound that keeps the labels exact.

/// Centres in groups of four for `nearestCentreByProducts`, and how far apart two of its values must be.
///
/// With s_j = |c_j|^2 / 2 - x c_j and d_j = |x - c_j|^2, s_j - s_b = (d_j - d_b) / 2. Let u = 2^-24, X and C the largest norms
/// of the rows and of the centres, w the width and g = n u / (1 - n u) with n = w + 4 (Higham 2002, "Accuracy and
/// stability of numerical algorithms", section 3.1). The float s_j is off by at most g (C^2 / 2 + X C): w roundings of the
/// sum, w of products without a fused instruction of which each term meets one, one of |c_j|^2 / 2. The float d_j / 2 that
/// `nearestCentre` compares is off by at most g (X + C)^2 / 2. A difference of two s above 2 g (X + C)^2 is therefore also a
/// difference, of the same sign, of the two float d.
package struct CentreProducts {
  /// `[ceil(K / 4), 4 (w + 1)]`: four values |c|^2 / 2, then w times the four negated coordinates.
  package let groups: Matrix
  /// 2 g (X + C)^2, rounded up; infinite where a float could overflow, a centre is not finite or the bound
  /// says nothing.
  package let margin: Float

  /// - Parameters:
  ///   - centres: `[K, w]`.
  ///   - largestRowSquare: X^2 in Float; rows with NaN may be left out, for their values are never clear.
  package init(centres: Matrix, largestRowSquare: Float) {
    let width = centres.columns
    let groups = Matrix(rows: (centres.rows + 3) / 4, columns: 4 * (width + 1))
    var largestSquare = 0.0
    var isFinite = true
    for centre in 0..<4 * groups.rows {
      let target = groups.row(centre / 4) + centre % 4
      guard centre < centres.rows else {
        target[0] = .infinity
        continue
      }
      let source = centres.row(centre)
      // In Double, so that the half of it is rounded once.
      var square = 0.0
      for column in 0..<width {
        target[4 * (column + 1)] = -source[column]
        square += Double(source[column]) * Double(source[column])
      }
      target[0] = Float(square / 2)
      isFinite = isFinite && square.isFinite
      largestSquare = max(largestSquare, square)
    }
    self.groups = groups
    let unit = Double(width + 4) * 0x1p-24
    // The float sum of w squares may be too small by the factor 1 - g.
    let growth = unit < 0.25 ? unit / (1 - unit) : .infinity
    let reach = (Double(largestRowSquare) / (1 - growth)).squareRoot() + largestSquare.squareRoot()
    // One part in a thousand covers the rounding of the centres' norms and of the difference that is compared.
    let bound = 2 * growth * reach * reach * 1.001
    margin = isFinite && growth < 0.5 && reach < 1e18 ? Float(bound) + Float.leastNormalMagnitude : .infinity
  }
}
