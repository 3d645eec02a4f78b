// Multi-head attention of every node over its neighbours: AutoCF's decoder layer.

import Numerics

/// The maps of one attention layer, each `[d, d]` without bias.
package struct AttentionMaps {
  /// Of the attending node.
  package let query: Variable
  /// Of the neighbour, for the weight.
  package let key: Variable
  /// Of the neighbour, for what it passes on.
  package let value: Variable

  /// The three maps.
  package init(query: Variable, key: Variable, value: Variable) {
    self.query = query
    self.key = key
    self.value = value
  }
}

extension Tape {
  /// For each head, Σ_c p_rc v_c with p_rc = e_rc / (Σ_c' e_rc' + 1e-8) and e_rc = exp(clamp(q_r·k_c, -10, 10)) over the
  /// neighbours c of r, `[n, d]`; q = x Q, k = x K, v = x V are cut into `heads` equal pieces.
  ///
  /// There is no scaling by the width. Gradient: with t_rc = g_r·v_c, ds_rc = p_rc (t_rc - Σ_c' p_rc' t_rc') where the
  /// clamp does not act, then dq = Σ_c ds k, dk = Σ_r ds q, dv = Σ_r p g. Source: Xia et al. 2023, AutoCF, in the
  /// form of RLMRec's code.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - maps: Q, K and V.
  ///   - graph: who attends to whom, `[n, n]`; its values are not used. A row without entries gives zeros.
  ///   - heads: a divisor of d.
  package func attend(_ x: Variable, maps: AttentionMaps, over graph: PropagationGraph, heads: Int) -> Variable {
    precondition(heads > 0 && x.value.columns % heads == 0, "the width must be a multiple of the number of heads")
    let pattern = graph.matrix
    let borders = pattern.rowBorders
    let query = product(x.value, maps.query.value)
    let key = product(x.value, maps.key.value)
    let passed = product(x.value, maps.value.value)
    let shares = headwiseDots(pattern, query, key, heads: heads, borders: borders)
    // 1 where the clamp leaves the logit alone, else 0.
    var isFree = [UInt8](repeating: 1, count: shares.count)
    isFree.withUnsafeMutableBufferPointer { buffer in
      let free = buffer
      pattern.forEachRowBlock(borders) { _, entries, _ in
        let values = shares.pointer + entries.lowerBound * heads
        let count = entries.count * heads
        for place in 0..<count where abs(values[place]) > 10 {
          free[entries.lowerBound * heads + place] = 0
          values[place] = values[place] > 0 ? 10 : -10
        }
        kernels.exp(values, values, count)
        for head in 0..<heads {
          var sum = 0.0
          for place in stride(from: head, to: count, by: heads) { sum += Double(values[place]) }
          let factor = Float(1 / (sum + 1e-8))
          for place in stride(from: head, to: count, by: heads) { values[place] *= factor }
        }
      }
    }
    let value = headwiseSums(pattern, weights: shares, passed, heads: heads, borders: borders)
    return record(value: value, inputs: [x, maps.query, maps.key, maps.value]) { gradient in
      let slopes = headwiseDots(pattern, gradient, passed, heads: heads, borders: borders)
      isFree.withUnsafeBufferPointer { free in
        pattern.forEachRowBlock(borders) { _, entries, _ in
          let first = entries.lowerBound * heads
          let count = entries.count * heads
          for head in 0..<heads {
            var mean = 0.0
            for place in stride(from: first + head, to: first + count, by: heads) {
              mean += Double(shares.pointer[place] * slopes.pointer[place])
            }
            for place in stride(from: first + head, to: first + count, by: heads) {
              slopes.pointer[place] =
                free[place] == 0 ? 0 : shares.pointer[place] * (slopes.pointer[place] - Float(mean))
            }
          }
        }
      }
      let transposedBorders = graph.transpose.rowBorders
      func toNeighbours(_ weights: Matrix, _ values: Matrix) -> Matrix {
        headwiseSums(
          graph.transpose, weights: graph.transposedOrder(ofRows: weights), values, heads: heads,
          borders: transposedBorders)
      }
      let gradients = [
        (maps.query, headwiseSums(pattern, weights: slopes, key, heads: heads, borders: borders)),
        (maps.key, toNeighbours(slopes, query)), (maps.value, toNeighbours(shares, gradient)),
      ]
      for (map, gradient) in gradients {
        map.accumulate { target, adds in gemm(x.value, transposeA: true, gradient, into: target, accumulate: adds) }
        x.accumulate { target, adds in gemm(gradient, map.value, transposeB: true, into: target, accumulate: adds) }
      }
    }
  }
}
