// A mixture of experts: outputs weighted by a softmax gate.

import Numerics

extension Tape {
  /// y_i = Σ_e softmax(gate_i)_e x^e_i, `[n, d]`.
  ///
  /// Gradients: dx^e_i = p_ie g_i; dgate_ie = p_ie (g_i·x^e_i - Σ_f p_if g_i·x^f_i). Source: the hybrid-expert adaptor
  /// of KAR, Xi et al. 2023.
  /// - Parameters:
  ///   - experts: E outputs, `[n, d]` each.
  ///   - gate: logits, `[n, E]`.
  package func gatedMixture(of experts: [Variable], gate: Variable) -> Variable {
    let rows = gate.value.rows
    let count = experts.count
    precondition(count > 0 && gate.value.columns == count, "one logit is needed for each expert")
    let columns = experts[0].value.columns
    let shares = Matrix.uninitialized(rows: rows, columns: count)
    let value = Matrix(rows: rows, columns: columns)
    parallelRanges(rows, blockSize: 256) { range in
      for row in range {
        let logits = gate.value.row(row)
        let share = shares.row(row)
        var largest = logits[0]
        for expert in 1..<max(1, count) { largest = max(largest, logits[expert]) }
        var sum = 0.0
        for expert in 0..<count {
          let weight = exponential(Double(logits[expert]) - Double(largest))
          share[expert] = Float(weight)
          sum += weight
        }
        for expert in 0..<count {
          share[expert] = Float(Double(share[expert]) / sum)
          kernels.axpy(share[expert], experts[expert].value.row(row), value.row(row), columns)
        }
      }
    }
    return record(value: value, inputs: experts + [gate]) { gradient in
      for (index, expert) in experts.enumerated() {
        expert.accumulate { target, adds in
          if !adds { target.fill(0) }
          parallelRanges(rows, blockSize: 256) { range in
            for row in range { kernels.axpy(shares.row(row)[index], gradient.row(row), target.row(row), columns) }
          }
        }
      }
      gate.accumulate { target, adds in
        if !adds { target.fill(0) }
        parallelRanges(rows, blockSize: 256) { range in
          for row in range {
            let inner = experts.map { kernels.dot(gradient.row(row), $0.value.row(row), columns) }
            var mean: Float = 0
            for expert in 0..<count { mean += shares.row(row)[expert] * inner[expert] }
            for expert in 0..<count { target.row(row)[expert] += shares.row(row)[expert] * (inner[expert] - mean) }
          }
        }
      }
    }
  }
}
