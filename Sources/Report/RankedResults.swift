// Rankings of a model on its held-out interactions, and of the model it stands beside.

import Evaluation
import ModelFile
import Numerics

/// Ranked lists and metrics of one split.
struct RankedResults {
  /// `test` or `validation`.
  let split: String
  let ranking: FullRanking
  let lists: [[Int32]]
  let metrics: UserMetrics
  let baseLists: [[Int32]]?
  let baseMetrics: UserMetrics?
  /// Metrics of the validation split where `split` is the test.
  let validation: RankingReport?
  let baseValidation: RankingReport?

  /// The cut-off of figures and sentences.
  static let cutoff = 20

  /// Ranks the test split, or the validation split where there is no other; nil without either.
  init?(_ bundle: Bundle, base: Bundle?) {
    guard let relevant = bundle.test ?? bundle.validation else { return nil }
    split = bundle.test == nil ? "validation" : "test"
    ranking = FullRanking(training: bundle.interactions, relevant: relevant)
    lists = ranking.lists(users: bundle.finalUsers, items: bundle.finalItems)
    metrics = ranking.userMetrics(lists)
    baseLists = base.map { [ranking] in
      $0.finalUsers.rows == 0 ? [] : ranking.lists(users: $0.finalUsers, items: $0.finalItems)
    }
    baseMetrics = baseLists.map { [ranking] in ranking.userMetrics($0) }
    if bundle.test != nil, let held = bundle.validation {
      let other = FullRanking(training: bundle.interactions, relevant: held)
      validation = other.evaluate(users: bundle.finalUsers, items: bundle.finalItems)
      baseValidation = base.map { other.evaluate(users: $0.finalUsers, items: $0.finalItems) }
    } else {
      validation = nil
      baseValidation = nil
    }
  }

  /// The mean of a metric at the cut-off of figures.
  func mean(_ metric: RankingMetric) -> Double { metrics.mean(metric, at: Self.cutoff) ?? 0 }
}
