// All that the runs of an experiment say, as numbers.

import Evaluation
import Files

/// The results of an experiment.
struct ExperimentSummary {
  /// The rows in the plan's order.
  let rows: [Row]
  private let plan: ExperimentPlan

  /// One row of the table.
  struct Row {
    let kind: ExperimentKind
    /// The chosen cell; nil while tuning goes on or when all cells failed.
    let cell: TunedCell?
    /// Final runs in the order of the seeds; nil where one is missing.
    let runs: [RunRecord?]

    /// Runs that finished.
    var finished: [RunRecord] { runs.compactMap { $0 }.filter { $0.failure == nil } }

    /// Mean over the seeds; nil while one of them is missing or failed.
    func mean(_ metric: MetricName, split: String = "test") -> Double? {
      let values = finished.compactMap { $0.metric(metric, split: split) }
      return values.count == runs.count && !values.isEmpty ? values.reduce(0, +) / Double(values.count) : nil
    }
  }

  /// Gathers finished runs.
  init(schedule: Schedule, records: [String: RunRecord], folder: ExperimentFolder) throws {
    plan = schedule.plan
    rows = try schedule.kinds.enumerated().map { index, kind in
      let cell = try schedule.tunedCell(index, records: records)
      let runs = try cell.map { try schedule.finalRuns(index, cell: $0.settings).map { records[$0.id] } }
      return Row(kind: kind, cell: cell, runs: runs ?? schedule.plan.seeds.map { _ in nil })
    }
  }

  /// Everything as JSON.
  var json: JSONValue { .object([.init("schema", .string("darec/experiment-summary/1"))]) }

  /// The tables.
  var markdown: String {
    var lines = ["# Results", ""]
    let metrics = [RankingMetric.recall, .ndcg].flatMap { metric in [5, 10, 20].map { MetricName(metric, $0) } }
    for (index, source) in plan.data.enumerated() {
      lines += ["## \(MarkdownText.escaped(source.name))", ""]
      let cells = rows.filter { $0.kind.dataIndex == index }.map { row in
        [row.kind.model, row.kind.alignment ?? "baseline"]
          + metrics.map { row.mean($0).map { MarkdownText.fixed($0, 4) } ?? "-" }
      }
      lines += MarkdownText.table(["model", "alignment"] + metrics.map(\.text), cells, textColumns: 2)
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }
}
