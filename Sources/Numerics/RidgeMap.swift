// A linear map between two representations of the same rows, fitted with a ridge.

/// The linear map from x to y that ridge regression finds, for any number of ridges over one pass of the data.
///
/// With centred X `[n, p]` and Y `[n, q]`, W = (XᵀX + r I)⁻¹ XᵀY and ŷ = ȳ + (x - x̄) W. The ridge r is given as a multiple
/// of the mean eigenvalue of XᵀX, so that it means the same whatever n and the scale of x are. Sums and solutions are in
/// Double; bit-identical at every thread count.
package struct RidgeMap {
  private let inputMean: [Float]
  private let outputMean: [Float]
  private let gram: [Double]
  private let cross: [Double]
  private let inputWidth: Int
  private let outputWidth: Int

  /// Sums what every ridge is solved from.
  /// - Parameters:
  ///   - x: `[n, p]`.
  ///   - y: `[n, q]`.
  /// - Complexity: O(n p (p + q)).
  package init(from x: Matrix, to y: Matrix) {
    precondition(x.rows == y.rows, "the two sides differ in height")
    inputWidth = x.columns
    outputWidth = y.columns
    inputMean = x.columnSums().map { $0 / Float(max(1, x.rows)) }
    outputMean = y.columnSums().map { $0 / Float(max(1, y.rows)) }
    let centred = x.shifted(by: inputMean, factor: -1)
    gram = doubleGram(centred, centred)
    cross = doubleGram(centred, y.shifted(by: outputMean, factor: -1))
  }

  /// Predictions ŷ `[m, q]` for x `[m, p]`.
  /// - Parameter ridge: r as a multiple of the mean eigenvalue of XᵀX, not negative.
  /// - Complexity: O(p³ + m p q).
  package func predict(_ x: Matrix, ridge: Double) -> Matrix {
    let trace = (0..<inputWidth).reduce(0.0) { $0 + gram[$1 * inputWidth + $1] }
    let regularization = max(ridge * trace / Double(max(1, inputWidth)), 1e-12)
    let system = RidgeSystem(gram: gram, width: inputWidth, regularization: regularization)
    let map = Matrix.uninitialized(rows: inputWidth, columns: outputWidth)
    parallelFor(outputWidth) { column in
      let solution = system.solve((0..<inputWidth).map { cross[$0 * outputWidth + column] })
      for row in 0..<inputWidth { map.row(row)[column] = Float(solution[row]) }
    }
    return product(x.shifted(by: inputMean, factor: -1), map).shifted(by: outputMean, factor: 1)
  }
}
