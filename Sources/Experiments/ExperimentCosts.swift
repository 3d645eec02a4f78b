// What the runs cost: the only report that holds times.

import Files

/// Seconds and memory of every row.
struct ExperimentCosts {
  /// A Markdown table for each data set.
  let markdown: String

  /// Gathers the costs of final runs.
  init(schedule: Schedule, records: [String: RunRecord]) throws {
    var lines = ["# Costs", "", "Medians over the final runs of a row; memory is the largest.", ""]
    for (index, source) in schedule.plan.data.enumerated() {
      lines += ["## \(MarkdownText.escaped(source.name))", ""]
      var rows: [[String]] = []
      for (kind, row) in schedule.kinds.enumerated() where row.dataIndex == index {
        let cell = try schedule.tunedCell(kind, records: records)
        let runs = try cell.map { try schedule.finalRuns(kind, cell: $0.settings) } ?? []
        let finished = runs.compactMap { records[$0.id] }.filter { $0.failure == nil }
        func median(_ values: [Double]) -> Double? {
          let sorted = values.sorted()
          return sorted.isEmpty ? nil : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        func number(_ value: Double?, _ decimals: Int) -> String {
          value.map { MarkdownText.fixed($0, decimals) } ?? "-"
        }
        let peak = finished.compactMap { $0.costs["peak_bytes"]?.double }.max()
        rows.append([
          row.model, row.alignment ?? "baseline",
          number(median(finished.compactMap { $0.costs["seconds_per_epoch"]?.double }), 3),
          number(median(finished.compactMap { $0.results["epochs"]?.double }), 0),
          number(median(finished.compactMap { $0.costs["total_seconds"]?.double }), 1),
          number(peak.map { $0 / 1_048_576 }, 0),
        ])
      }
      lines += MarkdownText.table(
        ["model", "alignment", "seconds per epoch", "epochs", "seconds in all", "peak MiB"], rows, textColumns: 2)
      lines.append("")
    }
    markdown = lines.joined(separator: "\n")
  }
}
