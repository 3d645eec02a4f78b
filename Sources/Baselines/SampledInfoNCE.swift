// The contrastive loss against sampled negatives, each row with its own positive in the denominator.

import Autodiff
import Numerics

extension Tape {
  /// Σ_i [ -s_i + log(exp(s_i) + Σ_j exp(a_i·c_j / τ)) ], s_i = a_i·b_i / τ, over rows divided by sqrt(1e-8 + |x|²).
  ///
  /// With p_ij the share of negative j and p_i that of the positive in the sum: d/da_i = (Σ_j p_ij c_j - (1 - p_i) b_i) /
  /// τ, d/db_i = -(1 - p_i) a_i / τ, d/dc_j = Σ_i p_ij a_i / τ. Exponentials are taken of (logit - 1/τ) ≤ 0.
  /// The shares are stored: n times m floats.
  /// - Parameters:
  ///   - a: anchors, `[n, d]`.
  ///   - b: positives, `[n, d]`.
  ///   - negatives: c, `[m, d]`, shared by all anchors.
  ///   - temperature: τ > 0.
  ///   - name: the term's name.
  ///   - weight: its weight in the total.
  package func sampledInfoNCE(
    _ a: Variable, _ b: Variable, negatives: Variable, temperature: Float, name: String, weight: Float
  ) -> LossTerm {
    let unitA = UnitRows(a.value, squaredEpsilon: 1e-8)
    let unitB = UnitRows(b.value, squaredEpsilon: 1e-8)
    let unitC = UnitRows(negatives.value, squaredEpsilon: 1e-8)
    let rows = unitA.value.rows
    let width = unitA.value.columns
    let inverse = 1 / temperature
    let shares = product(unitA.value, unitC.value, transposeB: true)
    // 1 - p_i of every row.
    let missing = Matrix.uninitialized(rows: rows, columns: 1)
    let value = parallelSum(rows, blockSize: 64) { range in
      let table = kernels
      var sum = 0.0
      for row in range {
        let line = shares.row(row)
        let others = table.scaledExp(line, line, shares.columns, inverse, -inverse)
        let logit = Double(inverse) * (Double(table.dot(unitA.value.row(row), unitB.value.row(row), width)) - 1)
        let total = exponential(logit) + others
        table.scale(Float(1 / total), line, line, shares.columns)
        missing.pointer[row] = Float(others / total)
        sum += logarithm(total) - logit
      }
      return sum
    }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      let factor = seed * inverse
      let gradientA = product(shares, unitC.value)
      let gradientB = Matrix.uninitialized(rows: rows, columns: width)
      parallelRanges(rows, blockSize: 64) { range in
        let table = kernels
        for row in range {
          table.axpy(-missing.pointer[row], unitB.value.row(row), gradientA.row(row), width)
          table.scale(factor, gradientA.row(row), gradientA.row(row), width)
          table.scale(-factor * missing.pointer[row], unitA.value.row(row), gradientB.row(row), width)
        }
      }
      a.accumulate { target, adds in unitA.backward(gradientA, into: target, adds: adds) }
      b.accumulate { target, adds in unitB.backward(gradientB, into: target, adds: adds) }
      negatives.accumulate { target, adds in
        let gradientC = product(shares, transposeA: true, unitA.value)
        gradientC.scale(by: factor)
        unitC.backward(gradientC, into: target, adds: adds)
      }
    }
  }
}
