// Many weightings of the same scores, measured in one pass.

import Numerics

extension FullRanking {
  /// The ranked lists of several sums of the same scores, `[weightings, evaluated users]`, best first.
  ///
  /// score(u, i) = Σ_s w_s score_s(u, i). Every scorer works once however many weightings there are: what is repeated is
  /// an addition and a selection an item.
  /// - Parameters:
  ///   - scorers: whose scores are added; their items are the columns of `training`.
  ///   - weightings: one weight for each scorer, each time.
  ///   - depth: items wanted in a list; by default the largest cut-off.
  package func lists(
    mixing scorers: [any ItemScorer], weightings: [[Float]], depth: Int? = nil
  ) -> [[[Int32]]] {
    precondition(weightings.allSatisfy { $0.count == scorers.count }, "each scorer needs a weight")
    let depth = depth ?? self.depth
    let items = training.columns
    var result = [[[Int32]]](repeating: [], count: weightings.count)
    forEachScoreBlock(of: evaluatedUsers, items: items, by: scorers) { users, scores in
      var lists = [[Int32]](repeating: [], count: weightings.count * users.count)
      lists.withUnsafeMutableBufferPointer { buffer in
        let target = buffer
        parallelRanges(users.count, blockSize: 4) { range in
          let mixed = Matrix.uninitialized(rows: 1, columns: items)
          for row in range {
            let seen = training.row(Int(users[users.startIndex + row]))
            for (position, weights) in weightings.enumerated() {
              mixed.fill(0)
              for (matrix, weight) in zip(scores, weights) where weight != 0 {
                kernels.axpy(weight, matrix.row(row), mixed.pointer, items)
              }
              target[position * users.count + row] =
                topK(of: mixed.pointer, count: items, k: depth, excluding: seen).map(\.index)
            }
          }
        }
      }
      for position in weightings.indices {
        result[position] += lists[position * users.count..<(position + 1) * users.count]
      }
    }
    return result
  }
}
