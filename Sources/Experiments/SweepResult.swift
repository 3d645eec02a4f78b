// One curve: an option varied around the chosen cell.

import Evaluation
import Files

/// The points of a sweep.
struct SweepResult {
  /// One value of the option.
  struct Point {
    /// The value, as in the plan.
    let value: String
    /// Recall@20 and NDCG@20 over users with their intervals, in this order; empty while a run is missing.
    let intervals: [BootstrapInterval]
    /// Recall@20 of each seed; nil while a run is missing.
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
      return Point(
        value: value, intervals: intervals,
        seeds: users?.compactMap { $0.mean(.recall, at: 20) },
        isChosen: cell?.settings.last { $0.name == sweep.axis.option }?.value == value)
    }
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
              .init("recall@20", point.intervals.first?.json ?? .null),
              .init("ndcg@20", point.intervals.count > 1 ? point.intervals[1].json : .null),
              .init("seeds", .array((point.seeds ?? []).map { .number($0) })),
            ])
          })),
    ])
  }
}
