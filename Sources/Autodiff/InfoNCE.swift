// The contrastive loss with unit rows and a temperature, as RLMRec, SGL and SimGCL use it.

import Numerics

extension Tape {
  /// Σ_i m_i [ -a_i·b_i / τ + log Σ_j k_j exp(a_i·c_j / τ) ] over rows divided by sqrt(1e-8 + |x|²).
  ///
  /// Source: RLMRec's code; summed over rows, the caller's weight divides by the batch size. The positive need not be
  /// among the candidates. Exponentials are taken of numbers ≤ 0, so nothing overflows for any τ. The similarity matrix
  /// is never stored, and the gradient is computed with the value unless the weight is 0.
  /// - Parameters:
  ///   - a: anchors, `[n, d]`.
  ///   - b: positives, `[n, d]`.
  ///   - candidates: `[m, d]`.
  ///   - multiplicities: m_i, how often anchor i counts, `[n]`; nil counts each once.
  ///   - candidateCounts: k_j > 0, how often candidate j counts, `[m]`; nil counts each once.
  ///   - temperature: τ > 0.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func infoNCE(
    _ a: Variable, _ b: Variable, candidates: Variable, multiplicities: [Float]? = nil,
    candidateCounts: [Float]? = nil, temperature: Float, name: String, weight: Float
  ) -> LossTerm {
    let unitA = UnitRows(a.value, squaredEpsilon: 1e-8)
    // The same variable is normalised once: positives mostly are the candidates.
    let unitB = b === a ? unitA : UnitRows(b.value, squaredEpsilon: 1e-8)
    let unitC = candidates === b ? unitB : candidates === a ? unitA : UnitRows(candidates.value, squaredEpsilon: 1e-8)
    let rows = unitA.value.rows
    let columns = unitA.value.columns
    let inverse = 1 / temperature
    let counts = multiplicities ?? [Float](repeating: 1, count: rows)
    precondition(counts.count == rows, "one multiplicity is needed for each anchor")
    // A count enters the exponent as its logarithm, by one more column on both sides.
    let logs = (candidateCounts ?? []).map { Float(logarithm(Double($0))) }
    let largestLog = logs.max() ?? 0
    let left = logs.isEmpty ? unitA.value : unitA.value.appendingColumn { _ in temperature }
    let right = logs.isEmpty ? unitC.value : unitC.value.appendingColumn { logs[$0] }
    let wanted: LogSumExpOfProducts.Gradients =
      candidates.requiresGradient ? .both : a.requiresGradient ? .rows : .none
    func compute(_ gradients: LogSumExpOfProducts.Gradients) -> LogSumExpOfProducts {
      // Logits lie in [-1/τ, 1/τ]; below τ = 0.025 a row may be so far from the bound that all of it would vanish.
      LogSumExpOfProducts(
        left, right, scale: inverse, bound: inverse <= 40 ? inverse + largestLog : nil, weights: counts,
        gradients: gradients, gradientColumns: columns)
    }
    let forward = compute(weight == 0 ? .none : wanted)
    let value = parallelSum(rows, blockSize: 256) { range in
      var sum = 0.0
      for row in range {
        var inner = 0.0
        let anchor = unitA.value.row(row)
        let positive = unitB.value.row(row)
        for column in 0..<columns { inner += Double(anchor[column]) * Double(positive[column]) }
        sum += Double(counts[row]) * (forward.logSums[row] - inner * Double(inverse))
      }
      return sum
    }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      // A weight that was zero until after the value was computed: the gradient is still to be had.
      let result = weight == 0 ? compute(wanted) : forward
      let gradientA = result.gradientA ?? Matrix(rows: rows, columns: columns)
      let gradientB = Matrix.uninitialized(rows: rows, columns: columns)
      gradientA.scale(by: seed)
      for row in 0..<rows {
        let factor = -seed * inverse * counts[row]
        kernels.axpy(factor, unitB.value.row(row), gradientA.row(row), columns)
        kernels.scale(factor, unitA.value.row(row), gradientB.row(row), columns)
      }
      a.accumulate { target, adds in unitA.backward(gradientA, into: target, adds: adds) }
      b.accumulate { target, adds in unitB.backward(gradientB, into: target, adds: adds) }
      if let gradientC = result.gradientC {
        gradientC.scale(by: seed)
        candidates.accumulate { target, adds in unitC.backward(gradientC, into: target, adds: adds) }
      }
    }
  }
}

extension Matrix {
  /// This matrix with one more column, `[n, d + 1]`.
  fileprivate func appendingColumn(_ value: (Int) -> Float) -> Matrix {
    let result = Matrix.uninitialized(rows: rows, columns: columns + 1)
    for index in 0..<rows {
      result.row(index).update(from: row(index), count: columns)
      result.row(index)[columns] = value(index)
    }
    return result
  }
}
