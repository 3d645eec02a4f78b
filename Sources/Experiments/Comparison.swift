// Two rows compared on the same test users.

import Evaluation
import Files

/// The difference of two rows of the same data and model.
struct Comparison {
  /// What a difference says.
  enum Direction: String {
    /// The interval lies above zero.
    case ahead
    /// The interval lies below zero.
    case behind
    /// The interval holds zero.
    case open
  }

  /// Name of the data set.
  let data: String
  /// Label of the base model of both.
  let model: String
  /// Label of the alignment that is compared.
  let first: String
  /// Label of the alignment that it is compared with.
  let second: String
  /// First minus second on Recall@20; nil while a run is missing.
  let recall: PairedDifference?
  /// First minus second on NDCG@20; nil while a run is missing.
  let ndcg: PairedDifference?

  /// Compares two rows.
  init(_ first: SummaryRow, with second: SummaryRow, bootstrap: PairedBootstrap) {
    data = first.kind.data.name
    model = first.kind.model
    self.first = first.kind.alignment ?? "baseline"
    self.second = second.kind.alignment ?? "baseline"
    guard
      let left = first.users, let right = second.users,
      let differences = try? bootstrap.differences(first: left, second: right)
    else {
      recall = nil
      ndcg = nil
      return
    }
    recall = differences.first { $0.name == MetricName(.recall, 20) }?.difference
    ndcg = differences.first { $0.name == MetricName(.ndcg, 20) }?.difference
  }

  /// What the difference on Recall@20 says; nil while a run is missing.
  var direction: Direction? { recall.map(Self.direction) }

  /// What a difference says.
  static func direction(_ difference: PairedDifference) -> Direction {
    difference.interval.lower > 0 ? .ahead : difference.interval.upper < 0 ? .behind : .open
  }

  /// `+0.0012 (+0.0004 to +0.0020)`.
  static func text(_ difference: PairedDifference) -> String {
    let interval = difference.interval
    return "\(MarkdownText.signed(interval.mean, 4)) (\(MarkdownText.signed(interval.lower, 4)) to "
      + "\(MarkdownText.signed(interval.upper, 4)))"
  }

  /// The comparison as JSON.
  var json: JSONValue {
    .object([
      .init("data", .string(data)), .init("model", .string(model)), .init("first", .string(first)),
      .init("second", .string(second)), .init("recall@20", recall?.json ?? .null),
      .init("ndcg@20", ndcg?.json ?? .null),
      .init("verdict", direction.map { .string($0.rawValue) } ?? .null),
    ])
  }
}

extension PairedDifference {
  /// What is to be said of the seeds: that there is one only, or that they do not agree; nil where all agree.
  var seedNote: String? {
    seedMeans.count == 1 ? "on one seed; not shown to hold for others" : mixedSeedNote
  }

  /// `2 of 3 seeds positive` where seeds have not all the same sign; nil otherwise.
  var mixedSeedNote: String? {
    let positive = seedMeans.count { $0 > 0 }
    let negative = seedMeans.count { $0 < 0 }
    guard max(positive, negative) > 0, max(positive, negative) < seedMeans.count else { return nil }
    return "\(positive) of \(seedMeans.count) seeds positive"
  }
}
