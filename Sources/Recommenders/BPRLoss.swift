// Bayesian personalised ranking.

import Autodiff
import Numerics

extension Tape {
  /// mean_b softplus(s(u_b, j_b) - s(u_b, i_b)) with s the inner product of node vectors.
  ///
  /// Source: Rendle et al. 2009, BPR, eq. for BPR-OPT: -log σ(x_uij) = softplus(-x_uij). softplus(z) is computed as
  /// max(z, 0) + log(1 + exp(-|z|)) in Double, so scores of any size are safe.
  /// - Parameters:
  ///   - nodes: `[users + items, d]`.
  ///   - batch: the triples.
  ///   - users: number of users, the offset of item nodes.
  package func bayesianPersonalizedRanking(_ nodes: Variable, batch: Batch, users: Int) -> LossTerm {
    let count = batch.count
    let width = nodes.value.columns
    let table = nodes.value
    var slopes = [Float](repeating: 0, count: count)
    let sum = slopes.withUnsafeMutableBufferPointer { buffer -> Double in
      let slope = buffer
      return parallelSum(count, blockSize: 256) { range in
        var sum = 0.0
        for index in range {
          let user = table.row(Int(batch.users[index]))
          let positive = table.row(users + Int(batch.positives[index]))
          let negative = table.row(users + Int(batch.negatives[index]))
          let margin = Double(kernels.dot(user, negative, width)) - Double(kernels.dot(user, positive, width))
          let small = exponential(-abs(margin))
          sum += max(margin, 0) + logarithmOfOnePlus(small)
          slope[index] = Float(margin >= 0 ? 1 / (1 + small) : small / (1 + small))
        }
        return sum
      }
    }
    return recordLoss(name: "bpr", value: sum / Double(max(1, count)), weight: 1) { seed in
      nodes.accumulateSparsely { target in
        // Serial: rows repeat within a batch and the order of additions must not depend on threads.
        for index in 0..<count {
          let factor = seed * slopes[index] / Float(count)
          let user = Int(batch.users[index])
          let positive = users + Int(batch.positives[index])
          let negative = users + Int(batch.negatives[index])
          kernels.axpy(factor, table.row(negative), target.row(user), width)
          kernels.axpy(-factor, table.row(positive), target.row(user), width)
          kernels.axpy(-factor, table.row(user), target.row(positive), width)
          kernels.axpy(factor, table.row(user), target.row(negative), width)
        }
      }
    }
  }
}
