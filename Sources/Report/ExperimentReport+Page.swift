// The page of an experiment: tables, differences, strata, sensitivity, balance.

import Engine

extension ExperimentReport {
  /// The page; equal reports give equal bytes.
  package func page() -> Page {
    let systems = dataSets.reduce(0) { $0 + $1.systems.count }
    return Page(
      title: title, subtitle: subtitle, summary: findings,
      figures: dataSets.isEmpty
        ? [] : [("\(dataSets.count)", dataSets.count == 1 ? "data set" : "data sets"), ("\(systems)", "systems")],
      sections: dataSets.enumerated().map { index, results in
        Page.Section(results.name, anchor: "data-\(index + 1)", results.content())
      })
  }
}

extension ExperimentReport.DataSetResults {
  /// The metrics that figures are drawn of, when there.
  private static let main = ["recall@20", "ndcg@20"]

  func content() -> [Markup] {
    var content: [Markup] = []
    if !facts.isEmpty { content.append(.paragraph(facts, kind: "lead")) }
    if !findings.isEmpty {
      content.append(.element("ul", ["class": "summary"], findings.map { .element("li", $0) }))
    }
    if !systems.isEmpty { content.append(table()) }
    content += comparisons()
    content += seedCharts()
    let strata = stratifications.filter { !$0.strata.isEmpty }.map(chart)
    if !strata.isEmpty { content += [.element("h3", "Strata"), Figure.grid(strata)] }
    content += sweepCharts()
    content += learningCharts()
    content += balanceChart()
    for extra in extras { content += Self.table(extra) }
    content += settings()
    return content
  }

  // MARK: - The table

  /// Means with intervals, grouped by base model; the best of a column stands out in its group.
  private func table() -> Markup {
    var names: [String] = []
    for metric in systems.flatMap(\.metrics) where !names.contains(metric.name) { names.append(metric.name) }
    var rows: [[DataTable.Cell]] = []
    var models: [String] = []
    for system in systems where !models.contains(system.model) { models.append(system.model) }
    var alone: [ExperimentReport.System] = []
    for model in models {
      let members = systems.filter { $0.model == model }
      guard members.count > 1 else {
        alone += members
        continue
      }
      rows.append([DataTable.Cell(model)])
      rows += members.map { Self.row($0, name: $0.method, columns: names, rivals: members) }
    }
    if !alone.isEmpty && !rows.isEmpty { rows.append([DataTable.Cell("Baselines and single systems")]) }
    rows += alone.map { Self.row($0, name: $0.name, columns: names, rivals: []) }
    let columns: [(name: String, kind: DataTable.Kind)] =
      [("system", .word)] + names.map { (Self.title($0), .number) }
    return .sequence([
      .element("h3", "Results"),
      .paragraph(
        "Means over users and seeds"
          + (systems.contains { $0.metrics.contains { $0.value.interval != nil } }
            ? "; the smaller line is the 95 % interval" : "") + ". Bold: best with the same base model.", kind: "hint"),
      DataTable(caption: "Results on \(name)", columns: columns, rows: rows).markup,
    ])
  }

  /// One row; a value stands out when no rival's is higher.
  private static func row(
    _ system: ExperimentReport.System, name: String, columns: [String], rivals: [ExperimentReport.System]
  ) -> [DataTable.Cell] {
    [DataTable.Cell(name)]
      + columns.map { column in
        func value(_ system: ExperimentReport.System) -> ExperimentReport.Estimate? {
          system.metrics.first { $0.name == column }?.value
        }
        guard let own = value(system) else { return DataTable.Cell(system.failure == nil ? "–" : "failed") }
        let interval = own.interval.map { "\(number($0.lowerBound, 4)) to \(number($0.upperBound, 4))" }
        let best = rivals.compactMap { value($0)?.mean }.max()
        return DataTable.Cell(number(own.mean, 4), detail: interval ?? "", isStrong: own.mean == best)
      }
  }

  // MARK: - Differences

  /// One chart for each metric and opponent, and the numbers in a table.
  private func comparisons() -> [Markup] {
    var opponents: [(metric: String, against: String)] = []
    for comparison in systems.flatMap(\.comparisons)
    where !opponents.contains(where: { $0 == (comparison.metric, comparison.against) }) {
      opponents.append((comparison.metric, comparison.against))
    }
    guard !opponents.isEmpty else { return [] }
    var models: [String] = []
    for system in systems where !models.contains(system.model) { models.append(system.model) }
    var charts: [Markup] = []
    var rows: [[DataTable.Cell]] = []
    for (metric, against) in opponents {
      let pairs = systems.compactMap { system in
        system.comparisons.first { $0.metric == metric && $0.against == against }.map { (system, $0) }
      }
      var chart = IntervalBars(
        title: "\(Self.title(metric)): difference to \(against)",
        groups: models.compactMap { model in
          let bars = pairs.filter { $0.0.model == model }.map { system, comparison in
            IntervalBars.Bar(
              system.method, comparison.difference.mean, interval: comparison.difference.interval,
              style: Self.style(comparison))
          }
          return bars.isEmpty ? nil : IntervalBars.Group(model, bars)
        })
      chart.isDifference = true
      chart.note = "right of zero: better; blue where the 95 % interval leaves out zero"
      charts.append(chart.markup)
      rows.append([DataTable.Cell("\(Self.title(metric)) against \(against)")])
      for (system, comparison) in pairs {
        let difference = comparison.difference
        rows.append([
          DataTable.Cell(system.name), DataTable.Cell(number(difference.mean, 4, plus: true)),
          DataTable.Cell(
            difference.interval.map {
              "\(number($0.lowerBound, 4, plus: true)) to \(number($0.upperBound, 4, plus: true))"
            } ?? "–"),
          DataTable.Cell(comparison.pValue.map(Self.probability) ?? "–"),
          DataTable.Cell(
            difference.seeds.isEmpty
              ? "–" : difference.seeds.map { number($0, 4, plus: true) }.joined(separator: ", ")),
        ])
      }
    }
    return [
      .element("h3", "Differences"),
      .paragraph(
        "Paired over test users, seeds pooled. p-values are two-sided and not corrected for the number of comparisons: "
          + "of twenty differences that are none, one is expected below 0.05.", kind: "hint"),
      Figure.grid(charts),
      DataTable(
        caption: "Paired differences on \(name)",
        columns: [
          ("system", .word), ("difference", .number), ("95 % interval", .number), ("p", .number), ("by seed", .number),
        ], rows: rows
      ).markup,
    ]
  }

  /// Blue for better, orange for worse, grey where the interval holds zero or is not known.
  private static func style(_ comparison: ExperimentReport.Comparison) -> Int {
    guard let interval = comparison.difference.interval else { return 6 }
    return interval.lowerBound > 0 ? 0 : interval.upperBound < 0 ? 1 : 6
  }

  private static func probability(_ value: Double) -> String {
    value < 0.0001 ? "< 0.0001" : number(value, 4)
  }

  // MARK: - Seeds, strata, sweeps, balance

  /// Every seed as a point, since five numbers say more than an interval of five.
  private func seedCharts() -> [Markup] {
    let charts = Self.main.compactMap { metric -> Markup? in
      let rows = systems.compactMap { system in
        system.metrics.first { $0.name == metric && $0.value.seeds.count > 1 }.map { (system.name, $0.value) }
      }
      guard !rows.isEmpty else { return nil }
      return SeedStrips(title: "\(Self.title(metric)) of every seed", rows: rows.map { ($0.0, $0.1.seeds, $0.1.mean) })
        .markup
    }
    return charts.isEmpty ? [] : [.element("h3", "Seeds"), Figure.grid(charts)]
  }

  private func chart(_ stratification: ExperimentReport.Stratification) -> Markup {
    let groups = stratification.strata.map { stratum in
      IntervalBars.Group(
        stratum.size.isEmpty ? stratum.name : "\(stratum.name): \(stratum.size)",
        stratum.systems.enumerated().map { index, system in
          IntervalBars.Bar(system.name, system.value.mean, interval: system.value.interval, style: index)
        })
    }
    var chart = IntervalBars(title: stratification.title, groups: groups)
    chart.hasLegend = true
    if groups.contains(where: { $0.bars.contains { $0.interval != nil } }) { chart.note = "95 % intervals" }
    return chart.markup
  }

  private func sweepCharts() -> [Markup] {
    let charts = sweeps.filter { !$0.curves.isEmpty }.map { sweep -> Markup in
      let values = sweep.curves.flatMap(\.points).map(\.x).filter(\.isFinite)
      var chart = LineChart(
        title: "Validation \(Self.title(sweep.metric)) by \(sweep.parameter)", xLabel: sweep.parameter,
        series: sweep.curves.enumerated().map { index, curve in
          LineChart.Series(curve.system, curve.points, style: index)
        })
      // Settings are tried in powers: on a linear axis all but the last would lie on each other.
      if let low = values.min(), let high = values.max(), low > 0, high / low >= 20 { chart.xKind = .logarithmic }
      chart.marker = sweep.chosen.map { (x: $0, label: "in the table") }
      return chart.markup
    }
    return charts.isEmpty
      ? []
      : [
        .element("h3", "Sensitivity"),
        .paragraph(
          "One setting is varied, the others stay as tuned. On the validation split, means over seeds; bands and whiskers "
            + "reach from the smallest to the largest seed.", kind: "hint"),
        Figure.grid(charts),
      ]
  }

  private func learningCharts() -> [Markup] {
    let charts = learning.compactMap { learning -> Markup? in
      let curves = learning.curves.filter { $0.points.count > 1 }
      guard !curves.isEmpty else { return nil }
      return LineChart(
        title: "\(learning.model): validation \(Self.title(learning.metric))", xLabel: "epoch",
        series: curves.enumerated().map { LineChart.Series($1.system, $1.points, style: $0) }
      ).markup
    }
    return charts.isEmpty
      ? []
      : [
        .element("h3", "Training"), .paragraph("Validation while training, first seed.", kind: "hint"),
        Figure.grid(charts),
      ]
  }

  private func balanceChart() -> [Markup] {
    let shown = balance.filter { $0.points.count > 1 }
    guard !shown.isEmpty else { return [] }
    // More than a handful of curves in one chart cannot be followed.
    let charts = stride(from: 0, to: shown.count, by: 6).map { start -> Markup in
      var chart = LineChart(
        title: "Balance of the two sides, κ", xLabel: "epoch",
        series: shown[start..<min(shown.count, start + 6)].enumerated().map { index, trace in
          LineChart.Series(trace.system, trace.points.map { LineChart.Point($0.epoch, $0.kappa) }, style: index)
        })
      chart.yKind = .logarithmic
      return chart.markup
    }
    return [
      .element("h3", "Balance"),
      .paragraph(
        "How far a step of the language side moves the alignment distribution, over how far a step of the behavioural "
          + "side moves it; 1 is balance.", kind: "hint"), Figure.grid(charts),
    ]
  }

  private static func table(_ extra: ExperimentReport.Extra) -> [Markup] {
    var content: [Markup] = [.element("h3", extra.title)]
    if !extra.note.isEmpty { content.append(.paragraph(extra.note, kind: "hint")) }
    content.append(
      DataTable(
        caption: extra.title, columns: [("system", .word)] + extra.columns.map { (title($0), .number) },
        rows: extra.rows.map { row in
          [DataTable.Cell(row.name)]
            + extra.columns.indices.map { column in
              DataTable.Cell(row.values.indices.contains(column) ? number(row.values[column], 4) : "–")
            }
        }
      ).markup)
    return content
  }

  private func settings() -> [Markup] {
    let rows = systems.filter { !$0.settings.isEmpty || $0.failure != nil }.map { system -> [DataTable.Cell] in
      let failure = system.failure.map { "failed: \($0)" }
      let words = [system.settings, failure ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
      return [DataTable.Cell(system.name), DataTable.Cell(words)]
    }
    guard !rows.isEmpty else { return [] }
    return [
      .element("h3", "Settings chosen on validation"),
      DataTable(caption: "Settings", columns: [("system", .word), ("settings", .prose)], rows: rows).markup,
    ]
  }

  /// `recall@20` as `Recall@20`, `ndcg@20` as `NDCG@20`; other names as they are.
  static func title(_ metric: String) -> String {
    for known in [
      ("recall", "Recall"), ("ndcg", "NDCG"), ("hit", "Hit rate"), ("mrr", "MRR"), ("map", "MAP"),
      ("precision", "Precision"),
    ]
    where metric.hasPrefix(known.0 + "@") {
      return known.1 + metric.dropFirst(known.0.utf8.count)
    }
    return metric
  }
}
