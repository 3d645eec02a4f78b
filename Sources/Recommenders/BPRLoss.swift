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
    let items = table.rows - users
    precondition(
      batch.users.allSatisfy { $0 >= 0 && Int($0) < users }
        && batch.positives.allSatisfy { $0 >= 0 && Int($0) < items }
        && batch.negatives.allSatisfy { $0 >= 0 && Int($0) < items }, "a node of the batch does not exist")
    var slopes = [Float](repeating: 0, count: count)
    let sum = slopes.withUnsafeMutableBufferPointer { buffer -> Double in
      let slope = buffer
      return parallelSum(count, blockSize: 256) { range in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * range.count) { scores in
          guard let scores = scores.baseAddress else { return 0 }
          batch.withPointers(from: range.lowerBound) {
            kernels.tripleProducts(range.count, $0, $1, $2, users, table.pointer, width, scores)
          }
          var sum = 0.0
          for (place, index) in range.enumerated() {
            let margin = Double(scores[2 * place + 1]) - Double(scores[2 * place])
            let small = exponential(-abs(margin))
            sum += max(margin, 0) + logarithmOfOnePlus(small)
            slope[index] = Float(margin >= 0 ? 1 / (1 + small) : small / (1 + small))
          }
          return sum
        }
      }
    }
    return recordLoss(name: "bpr", value: sum / Double(max(1, count)), weight: 1) { seed in
      nodes.accumulateSparsely { target in
        let factors = slopes.map { seed * $0 / Float(count) }
        // Rows repeat within a batch and the order of additions must not depend on threads: those deal out columns.
        parallelRanges(width, blockSize: 16) { columns in
          batch.withPointers(from: 0) {
            kernels.tripleGradient(
              count, $0, $1, $2, users, factors, table.pointer, width, target.pointer, columns.lowerBound, columns.count
            )
          }
        }
      }
    }
  }
}
