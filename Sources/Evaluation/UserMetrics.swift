// The metrics of every single user: what means, strata and significance are computed from.

import Numerics

/// Every metric at every cut-off for each of some users.
package struct UserMetrics: Sendable, Equatable {
  /// The users, ascending.
  package let users: [Int32]
  /// The metrics: all cut-offs of the first, then of the next, in the order of `RankingMetric`.
  package let names: [MetricName]
  /// `[names, users]`.
  package let values: [[Double]]

  /// Keeps values that were computed before, as read back from a file.
  /// - Precondition: one row for each name, one value for each user.
  package init(users: [Int32], names: [MetricName], values: [[Double]]) {
    precondition(values.count == names.count, "one row of values is needed for each metric")
    precondition(values.allSatisfy { $0.count == users.count }, "one value is needed for each user")
    self.users = users
    self.names = names
    self.values = values
  }

  /// Computes the metrics of ranked lists.
  /// - Parameters:
  ///   - users: users with at least one relevant item, ascending.
  ///   - lists: one for each of `users`, best first, without repeats.
  ///   - relevant: `[users, items]`, what is to be found.
  ///   - cutoffs: values of k.
  init(users: [Int32], lists: [[Int32]], relevant: CSRMatrix, cutoffs: [Int]) {
    self.init(users: users, cutoffs: cutoffs) { position in
      let user = Int(users[position])
      return (lists[position].map { relevant.contains(row: user, column: $0) }, relevant.degree(user))
    }
    precondition(lists.count == users.count, "one list is needed for each user")
  }

  /// Computes the metrics from hits.
  /// - Parameters:
  ///   - users: the users, ascending.
  ///   - cutoffs: values of k.
  ///   - outcome: for the position of a user in `users`, whether each rank is a hit and how many items are relevant,
  ///     at least one. Called on several threads.
  init(users: [Int32], cutoffs: [Int], outcome: (Int) -> (hits: [Bool], relevant: Int)) {
    let names = RankingMetric.allCases.flatMap { metric in cutoffs.map { MetricName(metric, $0) } }
    var flat = [Double](repeating: 0, count: names.count * users.count)
    flat.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(users.count, blockSize: 128) { range in
        for position in range {
          let (hits, relevant) = outcome(position)
          for (row, name) in names.enumerated() {
            target[row * users.count + position] = name.metric.value(hits: hits, at: name.cutoff, relevant: relevant)
          }
        }
      }
    }
    self.init(
      users: users, names: names,
      values: names.indices.map { Array(flat[$0 * users.count..<($0 + 1) * users.count]) })
  }

  /// The values of one metric, one for each of `users`; nil when it was not computed.
  package func values(_ metric: RankingMetric, at cutoff: Int) -> [Double]? {
    names.firstIndex(of: MetricName(metric, cutoff)).map { values[$0] }
  }

  /// The mean of one metric; nil when it was not computed or there is no user.
  package func mean(_ metric: RankingMetric, at cutoff: Int) -> Double? {
    users.isEmpty ? nil : report.value(metric, at: cutoff)
  }

  /// Means over the users, added in their order; zero where there are none.
  package var report: RankingReport {
    let count = Double(max(1, users.count))
    return RankingReport(
      users: users.count, values: zip(names, values).map { (name: $0, value: $1.reduce(0, +) / count) })
  }

  /// The part of the users at some positions.
  /// - Parameter positions: indices into `users`, ascending.
  package func restricted(to positions: [Int]) -> UserMetrics {
    UserMetrics(
      users: positions.map { users[$0] }, names: names, values: values.map { row in positions.map { row[$0] } })
  }
}
