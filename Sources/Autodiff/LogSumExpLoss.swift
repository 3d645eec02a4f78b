// Losses on raw inner products: the mean logarithm of sums of exponentials, and the mean product of pairs.

import Numerics

extension Tape {
  /// Σ_i w_i log Σ_j exp(a_i·c_j), without normalisation or temperature.
  ///
  /// Source: Xia et al. 2023, AutoCF; the normaliser of a softmax over all candidates. Each row is shifted by its
  /// own maximum, so products of any size are safe.
  /// - Parameters:
  ///   - a: `[n, d]`.
  ///   - candidates: c, `[m, d]`; may be rows of the same nodes.
  ///   - weights: w, `[n]`.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func logSumExp(_ a: Variable, candidates: Variable, weights: [Float], name: String, weight: Float) -> LossTerm
  {
    let wanted: LogSumExpOfProducts.Gradients =
      candidates.requiresGradient ? .both : a.requiresGradient ? .rows : .none
    func compute(_ gradients: LogSumExpOfProducts.Gradients) -> LogSumExpOfProducts {
      LogSumExpOfProducts(a.value, candidates.value, scale: 1, bound: nil, weights: weights, gradients: gradients)
    }
    let forward = compute(weight == 0 ? .none : wanted)
    var value = 0.0
    for (row, logSum) in forward.logSums.enumerated() { value += Double(weights[row]) * logSum }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      let result = weight == 0 ? compute(wanted) : forward
      for (variable, gradient) in [(a, result.gradientA), (candidates, result.gradientC)] {
        guard let gradient else { continue }
        variable.accumulateSparsely { $0.add(gradient, scaled: seed) }
      }
    }
  }

  /// -mean_b x_{u_b}·x_{i_b}: the reconstruction of interactions by inner products.
  ///
  /// Source: Xia et al. 2023, AutoCF, in the form of RLMRec's code.
  /// - Parameters:
  ///   - nodes: x, `[users + items, d]`.
  ///   - batch: the interactions; negatives are not looked at.
  ///   - users: number of users, the offset of item nodes.
  package func pairReconstruction(_ nodes: Variable, batch: Batch, users: Int) -> LossTerm {
    let table = nodes.value
    let width = table.columns
    let sum = parallelSum(batch.count, blockSize: 512) { range in
      var sum = 0.0
      for index in range {
        sum += Double(
          kernels.dot(table.row(Int(batch.users[index])), table.row(users + Int(batch.positives[index])), width))
      }
      return sum
    }
    let perPair = 1 / Float(max(1, batch.count))
    return recordLoss(name: "reconstruction", value: -sum * Double(perPair), weight: 1) { seed in
      nodes.accumulateSparsely { target in
        // Serial: rows repeat within a batch and the order of additions must not depend on threads.
        for index in 0..<batch.count {
          let user = Int(batch.users[index])
          let item = users + Int(batch.positives[index])
          kernels.axpy(-seed * perPair, table.row(item), target.row(user), width)
          kernels.axpy(-seed * perPair, table.row(user), target.row(item), width)
        }
      }
    }
  }
}
