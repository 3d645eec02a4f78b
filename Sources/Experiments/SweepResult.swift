// One curve: an option varied around the chosen cell.

import Evaluation
import Files

/// The points of a sweep.
///
/// Tables and charts show validation: whoever picked a value off a curve on the test split would have tuned on it.
struct SweepResult {
  /// One value of the option.
  struct Point {
    /// The value, as in the plan.
    let value: String
    /// Recall@20 and NDCG@20 of every seed on validation, in this order; empty while a run is missing.
    let validation: [[Double]]
    /// Recall@20 and NDCG@20 over test users with their intervals, in this order; empty while a run is missing.
    let intervals: [BootstrapInterval]
    /// Test Recall@20 of each seed; nil while a run is missing.
    let seeds: [Double]?
    /// True for the value of the chosen cell, where tuning varied the option.
    let isChosen: Bool
  }

  /// The row whose cell is varied.
  let kind: ExperimentKind
  /// The option.
  let option: String
  /// One point for each value, in the plan's order.
  let points: [Point]

  /// Gathers the runs of a sweep.
  init(
    _ sweep: ExperimentPlan.Sweep, row index: Int, schedule: Schedule, records: [String: RunRecord],
    folder: ExperimentFolder, bootstrap: PairedBootstrap
  ) throws {
    kind = schedule.kinds[index]
    option = sweep.axis.option
    let cell = try schedule.tunedCell(index, records: records)
    let runs = try cell.map { try schedule.sweepRuns(index, sweep: sweep, cell: $0.settings) }
    points = sweep.axis.values.enumerated().map { position, value in
      let runs = runs?[position].map { records[$0.id] } ?? []
      let users = SummaryRow.users(of: runs, folder: folder)
      let intervals = UserMetrics.compared.compactMap { name in
        users.flatMap { users in
          bootstrap.interval(users.compactMap { $0.values(name.metric, at: name.cutoff) })
        }
      }
      let validation = UserMetrics.compared.compactMap { name -> [Double]? in
        let values = runs.compactMap { record -> Double? in
          guard let record, record.failure == nil else { return nil }
          return record.metric(name, split: "validation")
        }
        return values.count == runs.count && !values.isEmpty ? values : nil
      }
      return Point(
        value: value, validation: validation.count == UserMetrics.compared.count ? validation : [],
        intervals: intervals,
        seeds: users?.compactMap { $0.mean(.recall, at: 20) },
        isChosen: cell?.settings.last { $0.name == sweep.axis.option }?.value == value)
    }
  }

  /// Means over the seeds and the seeds themselves; null while a run is missing.
  private static func json(_ validation: [[Double]]) -> JSONValue {
    guard !validation.isEmpty else { return .null }
    var members: [JSONValue.Member] = []
    for (name, seeds) in zip(UserMetrics.compared, validation) {
      let mean = seeds.reduce(0, +) / Double(max(1, seeds.count))
      let values: [JSONValue] = seeds.map { .number($0) }
      members.append(.init(name.text, .object([.init("mean", .number(mean)), .init("seeds", .array(values))])))
    }
    return .object(members)
  }

  /// The curve as JSON.
  var json: JSONValue {
    .object([
      .init("data", .string(kind.data.name)), .init("model", .string(kind.model)),
      .init("alignment", kind.alignment.map { .string($0) } ?? .null), .init("option", .string(option)),
      .init(
        "points",
        .array(
          points.map { point in
            .object([
              .init("value", .string(point.value)), .init("chosen", .bool(point.isChosen)),
              .init("validation", Self.json(point.validation)),
              .init("recall@20", point.intervals.first?.json ?? .null),
              .init("ndcg@20", point.intervals.count > 1 ? point.intervals[1].json : .null),
              .init("seeds", .array((point.seeds ?? []).map { .number($0) })),
            ])
          })),
    ])
  }
}
