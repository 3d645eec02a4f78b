// Evaluation by ranking every item for every user.

import Numerics

/// What an evaluation found.
package struct RankingReport: Sendable {
  /// Users with at least one relevant item: the ones averaged over.
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
package struct FullRanking {
  /// The cut-offs of the published tables.
  package static let defaultCutoffs = [5, 10, 20]

  private let training: CSRMatrix
  private let relevant: CSRMatrix
  private let cutoffs: [Int]
  /// The users that are averaged over, ascending.
  package let evaluatedUsers: [Int32]

  /// Prepares an evaluation.
  /// - Parameters:
  ///   - training: `[users, items]`, masked.
  ///   - relevant: `[users, items]`, the split to be found.
  ///   - cutoffs: values of k, ascending.
  package init(training: CSRMatrix, relevant: CSRMatrix, cutoffs: [Int] = defaultCutoffs) {
    precondition(training.rows == relevant.rows && training.columns == relevant.columns, "splits differ in shape")
    self.training = training
    self.relevant = relevant
    self.cutoffs = cutoffs
    evaluatedUsers = (0..<Int32(relevant.rows)).filter { relevant.degree(Int($0)) > 0 }
  }

  /// Metrics of a model that scores by inner product.
  /// - Parameters:
  ///   - users: `[users, d]`.
  ///   - items: `[items, d]`.
  package func evaluate(users: Matrix, items: Matrix) -> RankingReport {
    let depth = cutoffs.max() ?? 0
    let lists = batchTopK(queries: users, queryRows: evaluatedUsers, items: items, k: depth) { user in
      training.row(Int(user))
    }
    return report(lists.map { list in list.map(\.index) })
  }

  /// Metrics of given ranked lists, one for each of `evaluatedUsers`, best first.
  package func report(_ lists: [[Int32]]) -> RankingReport {
    let names = RankingMetric.allCases.flatMap { metric in cutoffs.map { MetricName(metric, $0) } }
    var sums = [Double](repeating: 0, count: names.count)
    for (user, list) in zip(evaluatedUsers, lists) {
      let hits = list.map { relevant.contains(row: Int(user), column: $0) }
      for (position, name) in names.enumerated() {
        sums[position] += name.metric.value(hits: hits, at: name.cutoff, relevant: relevant.degree(Int(user)))
      }
    }
    let count = Double(max(1, evaluatedUsers.count))
    return RankingReport(
      users: evaluatedUsers.count, values: zip(names, sums).map { (name: $0, value: $1 / count) })
  }
}
