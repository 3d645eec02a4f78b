// Ranked lists from item-item weights.

import Numerics

/// The k best items of each user by item-item weights.
///
/// score(u, i) = Σ_{j ∈ N(u)} w_uj B_ji in stored order in Float. Training items are left out; ties go to the lower
/// index.
/// - Parameters:
///   - training: `[users, items]`, both the history that scores and what is left out.
///   - weights: B, `[items, items]`.
///   - users: which users, in this order.
///   - k: most results a user.
/// - Returns: one list for each of `users`, best first.
package func itemWeightTopK(training: CSRMatrix, weights: Matrix, users: [Int32], k: Int) -> [[ScoredIndex]] {
  precondition(weights.rows == training.columns && weights.columns == training.columns, "weights do not fit the items")
  let items = training.columns
  var result = [[ScoredIndex]](repeating: [], count: users.count)
  result.withUnsafeMutableBufferPointer { buffer in
    let target = buffer
    parallelRanges(users.count, blockSize: 32) { range in
      let scores = Matrix.uninitialized(rows: 1, columns: items)
      for position in range {
        let user = Int(users[position])
        scores.fill(0)
        for entry in training.rowStarts[user]..<training.rowStarts[user + 1] {
          kernels.axpy(
            training.values[entry], weights.row(Int(training.columnIndices[entry])), scores.pointer, items)
        }
        target[position] = topK(of: scores.pointer, count: items, k: k, excluding: training.row(user))
      }
    }
  }
  return result
}

extension FittedBaseline {
  /// The k best items of each user, training items left out.
  package func topItems(training: CSRMatrix, users: [Int32], k: Int) -> [[ScoredIndex]] {
    switch self {
    case .vectors(let userVectors, let itemVectors):
      return batchTopK(queries: userVectors, queryRows: users, items: itemVectors, k: k) { training.row(Int($0)) }
    case .itemWeights(let weights):
      return itemWeightTopK(training: training, weights: weights, users: users, k: k)
    }
  }
}
