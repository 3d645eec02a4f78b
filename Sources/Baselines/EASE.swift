// EASE: the linear item-item autoencoder in closed form.

import Files
import Numerics

/// EASE: the item-item weights B with zero diagonal that minimise |X - X B|² + λ |B|².
///
/// With P = (Xᵀ X + λ I)⁻¹: B = I - P diag(1 / P_jj), its diagonal exactly zero. Source: Steck 2019, eq. 8.
/// About n³ floating-point operations for n items; memory: one n² matrix in place.
package enum EASE {
  /// The weights.
  /// - Parameters:
  ///   - training: X, `[users, items]`.
  ///   - regularization: λ > 0.
  /// - Returns: B, `[items, items]`.
  /// - Throws: `BaselineError.tooManyItems` before anything is allocated, `LinearAlgebraError`.
  package static func weights(_ training: CSRMatrix, regularization: Double) throws -> Matrix {
    try ItemGramian.check(items: training.columns, baseline: "ease")
    let inverse = try Cholesky(overwriting: ItemGramian.regularized(training, regularization)).inverse()
    let items = training.columns
    let factors = (0..<items).map { -1 / inverse.row($0)[$0] }
    factors.withUnsafeBufferPointer { factors in
      guard let columnFactors = factors.baseAddress else { return }
      let table = kernels
      parallelRanges(items, blockSize: 64) { rows in
        for row in rows {
          let line = inverse.row(row)
          table.multiply(line, columnFactors, line, items)
          line[row] = 0
        }
      }
    }
    return inverse
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "ease", summary: "item-item weights in closed form (Steck 2019)",
    options: [
      OptionDeclaration(
        "regularization", .number(0.001...1e9), default: "100", "squared norm of the weights, the method's lambda")
    ],
    needsText: false, ranksWithVectors: false,
    tuningGrid: [TuningAxis("regularization", ["10", "20", "50", "100", "200", "500", "1000"])]
  ) { problem, options in
    .itemWeights(try weights(problem.training, regularization: options.number("regularization")))
  }
}
