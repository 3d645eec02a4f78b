// Evaluation by ranking every item for every user.

import Numerics

/// What an evaluation found.
package struct RankingReport: Sendable {
  /// The users averaged over: those with at least one relevant item, or the drawn ones of them.
  package let users: Int
  /// Means over those users.
  package let values: [(name: MetricName, value: Double)]

  /// The mean of a metric.
  package func value(_ metric: RankingMetric, at cutoff: Int) -> Double? {
    values.first { $0.name == MetricName(metric, cutoff) }?.value
  }
}

/// Ranks all items for every user that has relevant ones.
///
/// Source: RLMRec's all-rank protocol (Docs/Method.md, "Metrics").
///
/// Training items are never recommended; items of other splits stay candidates, so validation items compete in a test.
/// Ties: higher score first, then the lower item index.
package struct FullRanking: Sendable {
  /// The cut-offs of the published tables.
  package static let defaultCutoffs = [5, 10, 20]

  /// `[users, items]`: what each user is known to have; never recommended.
  package let training: CSRMatrix
  /// `[users, items]`: what is to be found.
  package let relevant: CSRMatrix
  /// Values of k, as given.
  package let cutoffs: [Int]
  /// The users that are averaged over, ascending.
  package let evaluatedUsers: [Int32]

  /// Prepares an evaluation.
  /// - Parameters:
  ///   - training: `[users, items]`, masked.
  ///   - relevant: `[users, items]`, the split to be found.
  ///   - cutoffs: values of k, ascending, each positive.
  ///   - sample: average over these of the users with relevant items only; nil for all of them.
  package init(
    training: CSRMatrix, relevant: CSRMatrix, cutoffs: [Int] = defaultCutoffs, sample: UserSample? = nil
  ) {
    precondition(training.rows == relevant.rows && training.columns == relevant.columns, "splits differ in shape")
    precondition(cutoffs.allSatisfy { $0 > 0 }, "a cut-off must be positive")
    self.training = training
    self.relevant = relevant
    self.cutoffs = cutoffs
    let users = (0..<Int32(relevant.rows)).filter { relevant.degree(Int($0)) > 0 }
    evaluatedUsers = sample?.chosen(from: users) ?? users
  }

  /// The largest cut-off: how long a list has to be.
  package var depth: Int { cutoffs.max() ?? 0 }

  /// Metrics of a model that scores by inner product.
  /// - Parameters:
  ///   - users: `[users, d]`.
  ///   - items: `[items, d]`.
  package func evaluate(users: Matrix, items: Matrix) -> RankingReport {
    report(lists(users: users, items: items))
  }

  /// Metrics of a model that scores in any other way.
  package func evaluate(_ scorer: some ItemScorer) -> RankingReport {
    report(lists(scorer))
  }

  /// The ranked lists of a model that scores by inner product: one for each of `evaluatedUsers`, best first.
  /// - Parameters:
  ///   - users: `[users, d]`.
  ///   - items: `[items, d]`.
  ///   - depth: items wanted in a list; a list is shorter where the user has fewer candidates. By default the largest
  ///     cut-off.
  package func lists(users: Matrix, items: Matrix, depth: Int? = nil) -> [[Int32]] {
    batchTopK(queries: users, queryRows: evaluatedUsers, items: items, k: depth ?? self.depth) { user in
      training.row(Int(user))
    }.map { list in list.map(\.index) }
  }

  /// The ranked lists of a model that scores in any other way, one for each of `evaluatedUsers`, best first.
  ///
  /// Selection, mask and ties are those of `lists(users:items:depth:)`.
  /// - Parameters:
  ///   - scorer: the model; its items are the columns of `training`.
  ///   - depth: items wanted in a list; by default the largest cut-off.
  package func lists(_ scorer: some ItemScorer, depth: Int? = nil) -> [[Int32]] {
    var result: [[Int32]] = []
    result.reserveCapacity(evaluatedUsers.count)
    forEachScoreBlock(of: evaluatedUsers, items: training.columns, by: [scorer]) { users, scores in
      result += topLists(of: users, scores: scores[0], depth: depth ?? self.depth)
    }
    return result
  }

  /// The best unseen items of a block of users.
  /// - Parameters:
  ///   - users: the block.
  ///   - scores: `[>= users.count, items]`; row r belongs to the r-th user of the block.
  ///   - depth: most items of a list.
  func topLists(of users: ArraySlice<Int32>, scores: Matrix, depth: Int) -> [[Int32]] {
    var lists = [[Int32]](repeating: [], count: users.count)
    lists.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(users.count, blockSize: 8) { range in
        for position in range {
          let user = Int(users[users.startIndex + position])
          let best = topK(
            of: scores.row(position), count: scores.columns, k: depth, excluding: training.row(user))
          target[position] = best.map(\.index)
        }
      }
    }
    return lists
  }

  /// Every metric at every cut-off for every evaluated user.
  /// - Parameter lists: one for each of `evaluatedUsers`, best first, without repeats.
  package func userMetrics(_ lists: [[Int32]]) -> UserMetrics {
    UserMetrics(users: evaluatedUsers, lists: lists, relevant: relevant, cutoffs: cutoffs)
  }

  /// Metrics of given ranked lists, one for each of `evaluatedUsers`, best first.
  package func report(_ lists: [[Int32]]) -> RankingReport { userMetrics(lists).report }
}
