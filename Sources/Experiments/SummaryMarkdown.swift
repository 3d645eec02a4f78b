// table.md: the results as tables and sentences for people.

import Evaluation
import Files

extension ExperimentSummary {
  /// The tables and sentences.
  var markdown: String {
    var lines = ["# Results", ""]
    let seeds = plan.seeds.count
    lines += [
      "Means over \(seeds) seed\(seeds == 1 ? "" : "s") on the test split, all items ranked. Differences are paired "
        + "over test users with seeds pooled: 95 % percentile interval of \(plan.report.resamples) bootstrap resamples, "
        + "p-values two-sided and not corrected for the number of comparisons. A missing value is `-`.", "",
    ]
    for index in plan.data.indices { lines += section(index) }
    return lines.joined(separator: "\n")
  }

  private func section(_ index: Int) -> [String] {
    let source = plan.data[index]
    let own = rows.filter { $0.kind.dataIndex == index }
    var lines = ["## \(MarkdownText.escaped(source.name))", ""]
    lines += dataLine(identities[index]) + findingLines(source.name)
    lines += main(own) + versus(index) + tables(own) + cells(own) + curves(index) + failures(own)
    return lines
  }

  private func dataLine(_ identity: DataIdentity) -> [String] {
    func count(_ key: String) -> String { identity.statistics[key]?.int.map { String($0) } ?? "-" }
    return [
      "\(count("users")) users, \(count("items")) items; \(count("train")) training, \(count("valid")) validation, "
        + "\(count("test")) test interactions; fingerprint \(identity.fingerprint).", "",
    ]
  }

  private func findingLines(_ data: String) -> [String] {
    let own = findings.filter { $0.data == data }.map(\.text) + standings.filter { $0.data == data }.map(\.text)
    return own.isEmpty ? [] : own.map { "- " + MarkdownText.escaped($0) } + [""]
  }

  // MARK: Tables

  /// Recall and NDCG, and the differences to the base model.
  private func main(_ rows: [SummaryRow]) -> [String] {
    let metrics = Self.names([.recall, .ndcg])
    let body = rows.map { row -> [String] in
      var cells = Self.labels(row) + metrics.map { Self.number(row.mean(["test", $0.text])) }
      let overNone = noneLabel.flatMap { none in
        row.kind.alignment.flatMap {
          self.comparison(data: row.kind.data.name, model: row.kind.model, first: $0, second: none)
        }
      }
      cells += Self.differences(overNone)
      return cells
    }
    return MarkdownText.table(
      ["model", "alignment"] + metrics.map(\.text)
        + ["recall@20 over none", "p", "ndcg@20 over none", "p"], body, textColumns: 2) + [""]
  }

  /// The subject against every other alignment.
  private func versus(_ index: Int) -> [String] {
    guard let subject = plan.report.subject else { return [] }
    let none = noneLabel
    let own = comparisons.filter { $0.data == plan.data[index].name && $0.first == subject && $0.second != none }
    guard !own.isEmpty else { return [] }
    let body = own.map { [$0.model, $0.second] + Self.differences($0) }
    return ["### \(MarkdownText.escaped(subject)) against the others", ""]
      + MarkdownText.table(
        ["model", "against", "recall@20 difference", "p", "ndcg@20 difference", "p"], body, textColumns: 2) + [""]
  }

  private func tables(_ rows: [SummaryRow]) -> [String] {
    var lines = ["### Other metrics", ""]
    let names = Self.names([.precision, .hit, .mrr, .map])
    lines += MarkdownText.table(
      ["model", "alignment"] + names.map(\.text),
      rows.map { row in Self.labels(row) + names.map { Self.number(row.mean(["test", $0.text])) } }, textColumns: 2)
    lines += [""] + part("### Beyond accuracy", "beyond_accuracy", rows) { [$0] }
    lines += part("### Recall@20 by training items of the user", "user_degree", rows) { [$0, "recall@20"] }
    lines += part("### Recall@20 by popularity of the item", "item_popularity", rows) { [$0, "recall@20"] }
    lines += part(
      "### Sampled direct task: one item among 99 random ones, not to be compared with full ranking", "sampled_task",
      rows
    ) { [$0] }
    return lines
  }

  /// A table of one part of the results; its columns are those of the first row that has them.
  private func part(
    _ title: String, _ member: String, _ rows: [SummaryRow], _ path: (String) -> [String]
  ) -> [String] {
    guard let first = rows.first(where: { !$0.keys(member).isEmpty }) else { return [] }
    let keys = first.keys(member)
    // A part of the users or the items is told with the number of users that count in it.
    let titles = keys.map { key in
      first.finished.first?.results[member]?[key]?["users"]?.int.map { "\(key) (\($0) users)" } ?? key
    }
    let body = rows.map { row in
      Self.labels(row) + keys.map { key in Self.number(row.mean([member] + path(key))) }
    }
    return [title, ""] + MarkdownText.table(["model", "alignment"] + titles, body, textColumns: 2) + [""]
  }

  /// What tuning chose.
  private func cells(_ rows: [SummaryRow]) -> [String] {
    let tuned = rows.filter { !($0.cell?.scores.isEmpty ?? true) }
    guard !tuned.isEmpty else { return [] }
    let body = tuned.compactMap { row -> [String]? in
      guard let cell = row.cell else { return nil }
      let best = cell.scores.compactMap { $0 }.max()
      return Self.labels(row) + [
        cell.settings.map(\.text).joined(separator: ", "), String(cell.cells.count), Self.number(best),
      ]
    }
    return ["### Chosen by validation", ""]
      + MarkdownText.table(
        ["model", "alignment", "options", "cells tried", "validation recall@20"], body, textColumns: 3) + [""]
  }

  private func curves(_ index: Int) -> [String] {
    var lines: [String] = []
    for sweep in sweeps where sweep.kind.dataIndex == index {
      let body = sweep.points.map { point -> [String] in
        let values = point.validation.map { seeds -> String in
          let mean = MarkdownText.fixed(seeds.reduce(0, +) / Double(max(1, seeds.count)), 4)
          guard seeds.count > 1, let low = seeds.min(), let high = seeds.max() else { return mean }
          return "\(mean) (\(MarkdownText.fixed(low, 4)) to \(MarkdownText.fixed(high, 4)))"
        }
        return [point.value + (point.isChosen ? " (chosen)" : "")] + (values.count == 2 ? values : ["-", "-"])
      }
      let title = "\(sweep.option) in \(sweep.kind.model) with \(sweep.kind.alignment ?? "none")"
      let seeds = plan.seeds.count > 1 ? "mean (smallest to largest seed)" : "one seed"
      lines += [
        "### Sweep of \(MarkdownText.escaped(title))", "",
        "On the validation split, \(seeds); the test split is in `summary.json` and not for choosing.", "",
      ]
      lines +=
        MarkdownText.table([sweep.option, "validation recall@20", "validation ndcg@20"], body, textColumns: 1) + [""]
    }
    return lines
  }

  private func failures(_ rows: [SummaryRow]) -> [String] {
    let failed = rows.flatMap { row in
      zip(plan.seeds, row.runs).compactMap { seed, record in
        record?.failure.map { "- \(row.kind.text), seed \(seed): \($0)" }
      }
    }
    return failed.isEmpty ? [] : ["### Failed runs", ""] + failed.map(MarkdownText.escaped) + [""]
  }

  // MARK: Cells

  private static func names(_ metrics: [RankingMetric]) -> [MetricName] {
    metrics.flatMap { metric in FullRanking.defaultCutoffs.map { MetricName(metric, $0) } }
  }

  private static func labels(_ row: SummaryRow) -> [String] {
    let failed = row.failures.isEmpty ? "" : " (failed)"
    return [row.kind.model, (row.kind.alignment ?? "baseline") + failed]
  }

  /// Counts as they are, everything else with four decimals.
  private static func number(_ value: Double?) -> String {
    guard let value else { return "-" }
    return value >= 2 && value.rounded() == value ? MarkdownText.fixed(value, 0) : MarkdownText.fixed(value, 4)
  }

  private static func differences(_ comparison: Comparison?) -> [String] {
    [comparison?.recall, comparison?.ndcg].flatMap { difference -> [String] in
      guard let difference else { return ["-", "-"] }
      return [Comparison.text(difference), MarkdownText.fixed(difference.pValue, 4)]
    }
  }
}
