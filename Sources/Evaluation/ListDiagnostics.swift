// Everything that can be said of one system's lists, as one JSON value in a fixed order.

import Files
import Numerics

extension UserMetrics {
  /// `users`, then the mean of every metric, such as `recall@20`; null without a user.
  package var json: JSONValue {
    .object(
      [.init("users", .integer(users.count))]
        + report.values.map { .init($0.name.text, users.isEmpty ? .null : .finite($0.value)) })
  }
}

extension FullRanking {
  /// The metrics of lists, what they are like, and how they differ by users and items.
  ///
  /// Members in this order: `metrics`, `beyond_accuracy` (at the largest cut-off), `user_degree`, `item_popularity`.
  /// - Parameters:
  ///   - lists: one for each of `evaluatedUsers`, best first, without repeats.
  ///   - itemVectors: `[items, d]`, for the similarity within lists.
  package func diagnostics(_ lists: [[Int32]], itemVectors: Matrix? = nil) -> JSONValue {
    let metrics = userMetrics(lists)
    let beyond = BeyondAccuracy(lists, at: max(1, depth), training: training, itemVectors: itemVectors)
    let items = ItemPopularityStrata(training: training).strata(of: lists, self)
    return .object([
      .init("metrics", metrics.json),
      .init("beyond_accuracy", beyond.json),
      .init("user_degree", Stratum.json(UserDegreeStrata.strata(of: metrics, training: training))),
      .init("item_popularity", Stratum.json(items)),
    ])
  }
}
