// Metrics as a small table for people.

import Evaluation
import Files
import Training

/// Renders metrics of the held-out splits.
enum MetricTable {
  /// One line a split and metric family: cut-offs as columns.
  static func text(_ metrics: FinalMetrics) -> String {
    var lines: [String] = []
    for (name, report) in [("validation", metrics.validation), ("test", metrics.test)] {
      guard let report else { continue }
      lines += table(name, report)
    }
    return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
  }

  /// The table of one split.
  static func table(_ split: String, _ report: RankingReport) -> [String] {
    let cutoffs = FullRanking.defaultCutoffs
    var lines = [
      padded("\(split) (\(report.users) users)", 26) + cutoffs.map { padded("@\($0)", 9, right: true) }.joined()
    ]
    for metric in RankingMetric.allCases {
      let cells = cutoffs.map { cutoff in
        padded(report.value(metric, at: cutoff).map { fixed($0, 4) } ?? "-", 9, right: true)
      }
      lines.append("  " + padded(metric.rawValue, 24) + cells.joined())
    }
    return lines
  }

  /// Two models beside each other, and what the first has more.
  static func comparison(
    _ split: String, _ first: (name: String, report: RankingReport), _ second: (name: String, report: RankingReport)
  ) -> [String] {
    let width = max(12, max(first.name.count, second.name.count) + 2)
    var lines = [
      padded("\(split) (\(first.report.users) users)", 26) + padded(first.name, width, right: true)
        + padded(second.name, width, right: true) + padded("difference", 13, right: true)
    ]
    for metric in RankingMetric.allCases {
      for cutoff in FullRanking.defaultCutoffs {
        guard
          let left = first.report.value(metric, at: cutoff), let right = second.report.value(metric, at: cutoff)
        else { continue }
        let difference = (left < right ? "" : "+") + fixed(left - right, 4)
        lines.append(
          "  " + padded("\(metric.rawValue)@\(cutoff)", 24) + padded(fixed(left, 4), width, right: true)
            + padded(fixed(right, 4), width, right: true) + padded(difference, 13, right: true))
      }
    }
    return lines
  }

  private static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - text.count))
    return right ? fill + text : text + fill
  }

  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String { NumberText.fixed(value, decimals: decimals) }
}
