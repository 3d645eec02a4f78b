// RLMRec-Gen's reconstruction loss over masked nodes.

import Numerics

extension Tape {
  /// -(1/n) Σ_i log( exp(x_i·y_i/τ) / (Σ_j exp(x_i·y_j/τ) + 1e-8) + 1e-8 ) with unit rows.
  ///
  /// Source: RLMRec-Gen, Ren et al. 2024. n is the number of masked nodes (a few thousand at most), so the
  /// n x n similarities are kept for the gradient. Exponentials are shifted by the largest logit of their row, and with
  /// them the inner 1e-8, so that any τ is safe.
  /// - Parameters:
  ///   - x: reconstructed vectors, `[n, d]`.
  ///   - y: text vectors, `[n, d]`.
  ///   - temperature: τ > 0.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func maskedReconstruction(
    _ x: Variable, _ y: Variable, temperature: Float, name: String, weight: Float
  ) -> LossTerm {
    let unitX = UnitRows(x.value)
    let unitY = UnitRows(y.value)
    let rows = unitX.value.rows
    let inverse = 1 / temperature
    let similarity = Matrix.uninitialized(rows: rows, columns: rows)
    gemm(unitX.value, unitY.value, transposeB: true, into: similarity)
    let floor = 1e-8
    var sums = [Double](repeating: 0, count: rows)
    var ratios = [Double](repeating: 0, count: rows)
    sums.withUnsafeMutableBufferPointer { sums in
      ratios.withUnsafeMutableBufferPointer { ratios in
        let sums = sums
        let ratios = ratios
        parallelRanges(rows, blockSize: 64) { range in
          for row in range {
            let values = similarity.row(row)
            let largest = inverse * kernels.maximum(values, rows)
            let sum = kernels.scaledExp(values, values, rows, inverse, -largest)
            sums[row] = sum + floor * exponential(-Double(largest))
            ratios[row] = Double(values[row]) / sums[row]
          }
        }
      }
    }
    let value = ratios.reduce(0) { $0 - logarithm($1 + floor) }
    return recordLoss(name: name, value: value / Double(max(1, rows)), weight: weight) { seed in
      // With r = e_ii / S: d(-log(r + ε)) = -1/(r + ε) dr, dr/dz_ij = r (δ_ij - e_ij / S) / τ.
      parallelRanges(rows, blockSize: 64) { range in
        for row in range {
          let common = -Double(seed) / Double(rows) / (ratios[row] + floor) * ratios[row] * Double(inverse)
          let target = similarity.row(row)
          let factor = Float(-common / sums[row])
          kernels.scale(factor, target, target, rows)
          target[row] += Float(common)
        }
      }
      x.accumulate { target, adds in
        let gradient = Matrix.uninitialized(rows: rows, columns: unitX.value.columns)
        gemm(similarity, unitY.value, into: gradient)
        unitX.backward(gradient, into: target, adds: adds)
      }
      y.accumulate { target, adds in
        let gradient = Matrix.uninitialized(rows: rows, columns: unitY.value.columns)
        gemm(similarity, transposeA: true, unitX.value, into: gradient)
        unitY.backward(gradient, into: target, adds: adds)
      }
    }
  }
}
