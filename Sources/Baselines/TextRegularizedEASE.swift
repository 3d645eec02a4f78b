// L3AE: EASE drawn towards item-item weights that text alone suggests, in closed form.

import Files
import Numerics

/// L3AE: the weights B with zero diagonal that minimise |X - X B|² + λ_X |B|² + λ_E |B - C|².
///
/// C are EASE's weights of the text: with F the text vectors `[text width, items]` and P₁ = (Fᵀ F + λ_F I)⁻¹,
/// C_ij = -P₁_ij / P₁_jj off the diagonal, zero on it. Then with P₂ = (Xᵀ X + (λ_X + λ_E) I)⁻¹ and M = P₂ C
///
///     B = λ_E M - P₂ diag((1 + λ_E M_jj) / P₂_jj) off the diagonal, zero on it.
///
/// Source: L3AE, CIKM 2025 (arXiv 2508.13500), equations as in its code. λ_X may be negative as long as λ_X + λ_E > 0; λ_E = 0 is EASE with
/// λ_X, and C = 0 is EASE with λ_X + λ_E.
///
/// Neither P₁ nor M is ever formed. With Z = Fᵀ, S = Zᵀ Z + λ_F I and h_j = z_j · S⁻¹ z_j, the Woodbury identity gives
/// C = (Z S⁻¹ Zᵀ - diag(h)) diag(1 / (1 - h)), so M is a product of width D less a column scaling of P₂:
/// about n³ + 4 n² D operations and, as for EASE, one n² matrix in place with three of n D beside it.
package enum TextRegularizedEASE {
  /// The three weights.
  package struct Weights: Sendable {
    /// λ_X, on the squared norm of B.
    package var norm: Double
    /// λ_F, on the squared norm of the text's own weights.
    package var text: Double
    /// λ_E, on the squared distance from the text's weights.
    package var alignment: Double

    /// Names the weights.
    package init(norm: Double, text: Double, alignment: Double) {
      self.norm = norm
      self.text = text
      self.alignment = alignment
    }
  }

  /// The text's own weights as a product: C = (Z R) diag(1 / (1 - h)) less the diagonal, with R = S⁻¹ Zᵀ.
  package struct TextWeights: Sendable {
    /// Z S⁻¹, `[items, text width]`.
    package let solved: Matrix
    /// h_j = z_j · S⁻¹ z_j, `[items]`.
    package let leverage: [Double]

    /// Solves the text's system.
    /// - Parameters:
    ///   - itemText: Z, `[items, text width]`.
    ///   - regularization: λ_F, at least 0.1 so that 1 - h keeps five digits.
    /// - Throws: `LinearAlgebraError` when the system is singular in Float32.
    package init(_ itemText: Matrix, regularization: Double) throws {
      let width = itemText.columns
      let system = product(itemText, transposeA: true, itemText)
      for column in 0..<width { system.row(column)[column] += Float(regularization) }
      let solved = product(itemText, try Cholesky(overwriting: system).inverse())
      self.solved = solved
      leverage = rowDots(solved, itemText)
    }
  }

  /// The weights.
  /// - Parameters:
  ///   - training: X, `[users, items]`.
  ///   - itemText: Z, `[items, text width]`; rows of zeros are items without text.
  ///   - weights: λ_X, λ_F and λ_E.
  /// - Returns: B, `[items, items]`.
  /// - Throws: `BaselineError.tooManyItems` before anything is allocated, `.noRegularization`, `LinearAlgebraError`.
  package static func weights(_ training: CSRMatrix, itemText: Matrix, _ weights: Weights) throws -> Matrix {
    let sum = weights.norm + weights.alignment
    guard sum > 0 else { throw BaselineError.noRegularization(sum: sum) }
    try ItemGramian.check(items: training.columns, baseline: "l3ae")
    let items = training.columns
    let text = try TextWeights(itemText, regularization: weights.text)
    let inverse = try Cholesky(overwriting: ItemGramian.regularized(training, sum)).inverse()

    // M_ij = (p_i · r_j - P₂_ij h_j) / (1 - h_j), with p the rows of P₂ Z and r those of Z S⁻¹.
    let smoothed = product(inverse, itemText)
    let diagonal = rowDots(smoothed, text.solved)
    // B_ij = λ_E (p_i · r_j) / (1 - h_j) - P₂_ij (λ_E h_j / (1 - h_j) + (1 + λ_E M_jj) / P₂_jj).
    var columnFactors = [Float](repeating: 0, count: items)
    for item in 0..<items {
      let leverage = text.leverage[item]
      let own = Double(inverse.row(item)[item])
      let aligned = (diagonal[item] - own * leverage) / (1 - leverage)
      columnFactors[item] = Float(
        -(weights.alignment * leverage / (1 - leverage) + (1 + weights.alignment * aligned) / own))
      kernels.scale(
        Float(weights.alignment / (1 - leverage)), text.solved.row(item), text.solved.row(item), itemText.columns)
    }
    let table = kernels
    columnFactors.withUnsafeBufferPointer { factors in
      guard let columnFactors = factors.baseAddress else { return }
      parallelRanges(items, blockSize: 64) { rows in
        for row in rows { table.multiply(inverse.row(row), columnFactors, inverse.row(row), items) }
      }
    }
    gemm(smoothed, text.solved, transposeB: true, into: inverse, accumulate: true)
    for item in 0..<items { inverse.row(item)[item] = 0 }
    return inverse
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "l3ae", summary: "EASE drawn towards item-item weights of the text (L3AE, 2025)",
    options: [
      OptionDeclaration(
        "regularization", .number(-1e6...1e9), default: "0",
        "squared norm of the weights; may be negative above -alignment"),
      OptionDeclaration("text-regularization", .number(0.1...1e6), default: "10", "squared norm of the text's weights"),
      OptionDeclaration("alignment", .number(0...1e9), default: "200", "squared distance from the text's weights"),
    ],
    needsText: true, ranksWithVectors: false,
    tuningGrid: [
      TuningAxis("text-regularization", ["1", "10", "100"]), TuningAxis("regularization", ["-50", "0", "100"]),
      TuningAxis("alignment", ["100", "200", "500"]),
    ]
  ) { problem, options in
    guard let itemText = problem.itemText else { throw BaselineError.textMissing(baseline: "l3ae") }
    return .itemWeights(
      try weights(
        problem.training, itemText: itemText,
        Weights(
          norm: options.number("regularization"), text: options.number("text-regularization"),
          alignment: options.number("alignment"))))
  }
}

/// Inner products of corresponding rows in Double, `[rows]`.
private func rowDots(_ first: Matrix, _ second: Matrix) -> [Double] {
  let width = first.columns
  var result = [Double](repeating: 0, count: first.rows)
  result.withUnsafeMutableBufferPointer { buffer in
    let target = buffer
    parallelRanges(first.rows, blockSize: 256) { range in
      for row in range {
        let left = first.row(row)
        let right = second.row(row)
        var sum = 0.0
        for column in 0..<width { sum += Double(left[column]) * Double(right[column]) }
        target[row] = sum
      }
    }
  }
  return result
}
