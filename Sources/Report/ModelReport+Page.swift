// The page of a model: what stands where, and what is said about it.

import Engine
import Evaluation
import Files
import ModelFile

extension ModelReport {
  /// The page; equal models and options give equal bytes.
  package func page() -> Page {
    let method = Self.method(of: bundle)
    let data = bundle.configuration["data_set"]?.string
    var subtitle = method.isEmpty ? "A trained model" : method
    if let data { subtitle += ", trained on \(data)" }
    if let base { subtitle += "; beside it \(base.name) (\(Self.method(of: base)))" }
    return Page(
      title: bundle.name, subtitle: subtitle, summary: summary(), figures: figures(),
      sections: [
        Page.Section("Results", anchor: "results", resultSection()),
        Page.Section("Training", anchor: "training", trainingSection()),
        Page.Section("Maps of the spaces", anchor: "maps", mapSection()),
        Page.Section("Preference centres", anchor: "centres", centreSection()),
        Page.Section("Shared and specific", anchor: "spaces", spaceSection()),
        Page.Section("What text adds", anchor: "complementarity", complements?.section() ?? []),
        Page.Section("Settings and data", anchor: "settings", settingSection()),
      ])
  }

  private func figures() -> [(String, String)] {
    var result: [(String, String)] = []
    if let results {
      result.append((number(results.mean(.recall), 4), "Recall@20, \(results.split)"))
      result.append((number(results.mean(.ndcg), 4), "NDCG@20, \(results.split)"))
    }
    result.append((grouped(bundle.userCount), "users"))
    result.append((grouped(bundle.itemCount), "items"))
    result.append((grouped(bundle.interactions.entryCount), "training interactions"))
    if let comparison {
      result.append((percent(comparison.shared.overlap.mean), "common neighbours, shared parts"))
      result.append((percent(comparison.specific.overlap.mean), "common neighbours, specific parts"))
    }
    return result
  }

  private func summary() -> [String] {
    var result: [String] = []
    if let results {
      var text =
        "On the \(results.split) split a list of 20 finds \(percent(results.mean(.recall))) of what a user took "
        + "(mean over \(grouped(results.metrics.users.count)) users; all items ranked, training items left out)."
      if let difference = results.difference(.recall) {
        text +=
          " That is \(number(difference.mean * 100, 2, plus: true)) percentage points against \(baseName), "
          + "95 % interval \(number(difference.interval.lowerBound * 100, 2, plus: true)) to "
          + "\(number(difference.interval.upperBound * 100, 2, plus: true)): \(difference.verdict)."
      }
      result.append(text)
    }
    if let comparison {
      let (shared, specific) = (comparison.shared.overlap, comparison.specific.overlap)
      let isSeparated = shared.mean > specific.mean + 0.05
      result.append(
        "Behaviour and language have \(percent(shared.mean)) of an item's ten nearest in common in their shared parts "
          + "and \(percent(specific.mean)) in their specific parts (chance: \(percent(shared.chance))): "
          + (isSeparated
            ? "the shared parts agree more than the specific ones, as they should."
            : "the shared parts hardly agree more than the specific ones, so the two are not told apart."))
    }
    if let complements { result += complements.summary() }
    return result
  }

  // MARK: - Results

  private func resultSection() -> [Markup] {
    guard let results else {
      return [.paragraph("The model holds no held-out interactions, so there is nothing to measure it on.")]
    }
    var columns: [(name: String, kind: DataTable.Kind)] = [("metric", .word)]
    for cutoff in FullRanking.defaultCutoffs {
      columns.append((base == nil ? "@\(cutoff)" : "\(bundle.name) @\(cutoff)", .number))
      if base != nil { columns.append(("\(baseName) @\(cutoff)", .number)) }
    }
    var rows: [[DataTable.Cell]] = []
    func add(_ title: String, _ model: RankingReport, _ other: RankingReport?) {
      rows.append([DataTable.Cell(title)])
      for metric in RankingMetric.allCases {
        var row = [DataTable.Cell(metric.title)]
        for cutoff in FullRanking.defaultCutoffs {
          let value = model.value(metric, at: cutoff)
          let second = other?.value(metric, at: cutoff)
          let isBetter = value.flatMap { own in second.map { own > $0 } } ?? false
          row.append(DataTable.Cell(value.map { number($0, 4) } ?? "–", isStrong: isBetter))
          if base != nil {
            let isWorse = value.flatMap { own in second.map { own < $0 } } ?? false
            row.append(DataTable.Cell(second.map { number($0, 4) } ?? "–", isStrong: isWorse))
          }
        }
        rows.append(row)
      }
    }
    add(
      "\(results.split), \(grouped(results.metrics.users.count)) users", results.metrics.report,
      results.baseMetrics?.report)
    if let validation = results.validation {
      add("validation, \(grouped(validation.users)) users", validation, results.baseValidation)
    }
    var content: [Markup] = [
      DataTable(caption: "Ranking metrics", columns: columns, rows: rows).markup
    ]
    content.append(Figure.grid(results.charts(degreesOf: bundle, name: bundle.name, baseName: baseName)))
    return content
  }

  // MARK: - Training

  private func trainingSection() -> [Markup] {
    guard let log, !log.total.points.isEmpty else { return [] }
    var content: [Markup] = []
    if let run = bundle.configuration["run"], let epochs = run["epochs_trained"]?.int {
      var text = "Trained for \(epochs) epochs"
      if let end = run["end"]?.string { text += " (\(end.replacing("_", with: " ")))" }
      if let best = run["best_epoch"]?.int { text += "; the model is that of epoch \(best), the best on validation" }
      content.append(.paragraph(text + "."))
    }
    let marker = log.bestEpoch.map { (x: $0, label: "kept") }
    func chart(_ title: String, _ curve: TrainingLog.Curve, kind: AxisScale.Kind = .linear) -> Markup {
      func points(_ curve: TrainingLog.Curve) -> [LineChart.Point] {
        curve.points.map { LineChart.Point($0.epoch, $0.value) }
      }
      var series = [LineChart.Series(bundle.name, points(curve), style: 0)]
      if let other = baseLog?.curve(curve.name), other.points.count > 1 {
        series.append(LineChart.Series(baseName, points(other), style: 1))
      }
      var chart = LineChart(title: title, xLabel: "epoch", series: series)
      chart.marker = marker
      chart.yKind = kind
      return chart.markup
    }
    let wanted = ["recall@20", "ndcg@20"]
    var charts = log.validation.filter { wanted.contains($0.name) && $0.points.count > 1 }.map {
      chart("Validation \($0.name)", $0)
    }
    for curve in log.terms + log.others where curve.points.count > 1 {
      charts.append(chart(Self.termTitle(curve.name), curve, kind: Self.spread(curve)))
    }
    if log.total.points.count > 1 { charts.append(chart("Total, weighted", log.total)) }
    content.append(
      .paragraph(
        "Terms are means over an epoch before their weights; each has a scale of its own. The dotted line is the epoch "
          + "that was kept."
          + (log.others.contains { $0.name == "balance.kappa" }
            ? " κ says how far a step of the language side moves the alignment, over how far a step of the behavioural "
              + "side moves it; 1 is balance." : ""),
        kind: "hint"))
    return content + [Figure.grid(charts)]
  }

  /// A logarithmic axis where positive values span more than a factor of thirty.
  private static func spread(_ curve: TrainingLog.Curve) -> AxisScale.Kind {
    let values = curve.points.map(\.value).filter(\.isFinite)
    guard let low = values.min(), let high = values.max(), low > 0 else { return .linear }
    return high / low > 30 ? .logarithmic : .linear
  }

  /// The name of a term for people; an unknown one stands as it is.
  private static func termTitle(_ name: String) -> String {
    switch name {
    case "bpr": "Ranking loss (BPR)"
    case "l2": "Squared norm (L2)"
    case "orthogonality.collaborative": "Orthogonality, behaviour"
    case "orthogonality.language": "Orthogonality, language"
    case "uniformity.collaborative": "Uniformity, behaviour"
    case "uniformity.language": "Uniformity, language"
    case "global": "Global structure"
    case "local": "Local structure"
    case "balance.kappa": "Balance of the two sides, κ"
    case "balance.smoothed_log_kappa": "Smoothed ln κ"
    case "balance.update_ratio": "Ratio of the sides' update norms"
    default: name
    }
  }

  // MARK: - Maps, centres, spaces

  private func mapSection() -> [Markup] {
    let how =
      options.map == .tsne
      ? "Points that are near each other are alike; distances between far groups and the sizes of groups mean nothing."
      : "The two directions along which the vectors differ most; what differs along others lies on top of each other."
    let colours =
      bundle.components == nil
      ? "The model has no shared and specific parts (it was trained without DaRec)."
      : "Colours and numbers are the preference centres of the side that is shown; a language centre has the colour "
        + "of the behavioural centre it is matched with. The language maps are turned to lie like the behavioural ones."
    let people = bundle.components == nil ? "" : " Large marks are items (hover for the title), small dots are users."
    return [
      .paragraph("\(how)\(people) \(colours)", kind: "hint"),
      Figure.grid(
        SpaceMaps.figures(bundle, centres: centres, method: options.map, limit: options.points), kind: "maps"),
    ]
  }

  private func centreSection() -> [Markup] {
    guard !centres.isEmpty else { return [] }
    func titles(_ items: [Int32]) -> String { items.map { bundle.itemName(Int($0)) }.joined(separator: " · ") }
    let rows = centres.map { centre in
      [
        DataTable.Cell("\(centre.collaborative + 1)"), DataTable.Cell("\(centre.language + 1)"),
        DataTable.Cell(percent(centre.agreement)),
        DataTable.Cell(centre.largest.map { "\($0.language + 1) (\(percent($0.share)))" } ?? "–"),
        DataTable.Cell(grouped(centre.users)), DataTable.Cell(grouped(centre.items)),
        DataTable.Cell(titles(centre.nearestByBehaviour)),
        DataTable.Cell(titles(centre.nearestByLanguage)),
      ]
    }
    var content: [Markup] = [
      .paragraph(
        "The shared spaces of both sides are cut into \(centres.count) centres each, matched one to one. "
          + "Agreement is the share of a centre's users and items that language puts into the matched centre; beside "
          + "it is the language centre that holds most of them.", kind: "hint")
    ]
    if let agreement = comparison?.centres {
      var text =
        "Both sides put \(percent(agreement.users)) of the users and \(percent(agreement.items)) of the items into "
        + "matched centres, \(percent(agreement.all)) of all; with the best one-to-one matching of the same centres it "
        + "would be \(percent(agreement.best)) (\(percent(agreement.chance)) if language put them anywhere)."
      if agreement.hasCommonGroups && agreement.best > agreement.all + 0.2 {
        text += " So the two sides form much the same groups, and the matching pairs the wrong ones."
      }
      content.append(.paragraph(text))
    }
    content.append(
      DataTable(
        caption: "Preference centres",
        columns: [
          ("behaviour", .number), ("matched with", .number), ("agreement", .number), ("most are in", .number),
          ("users", .number), ("items", .number),
          ("nearest by behaviour", .prose), ("nearest by language", .prose),
        ], rows: rows
      ).markup)
    return content
  }

  private func spaceSection() -> [Markup] {
    guard let comparison else { return [] }
    func cell(_ value: Double?) -> DataTable.Cell { DataTable.Cell(value.map { number($0, 3) } ?? "–") }
    func row(_ name: String, _ agreement: SpaceAgreement) -> [DataTable.Cell] {
      [
        DataTable.Cell(name), cell(agreement.alignment), cell(agreement.permutedAlignment),
        DataTable.Cell(percent(agreement.overlap.mean)),
        DataTable.Cell(percent(agreement.overlap.chance)),
      ]
    }
    var content: [Markup] = [
      .paragraph(
        "Behaviour and language are compared by structure, since their coordinates have nothing to do with each other. "
          + "Alignment is linear centred kernel alignment: 1 for the same geometry; what unrelated spaces of these shapes reach is "
          + "seen with the rows of one side permuted. "
          + "Over \(grouped(comparison.items.count)) items with training interactions.", kind: "hint"),
      DataTable(
        caption: "Agreement of the two sides",
        columns: [
          ("part", .word), ("alignment", .number), ("rows permuted", .number), ("common among ten nearest", .number),
          ("chance", .number),
        ], rows: [row("shared", comparison.shared), row("specific", comparison.specific)]
      ).markup,
    ]
    var sentences: [String] = []
    if let own = comparison.collaborativeCosine, let other = comparison.languageCosine {
      sentences.append(
        "Within one side, shared and specific part of a node have a mean cosine of magnitude \(number(own, 3)) "
          + "(behaviour) and \(number(other, 3)) (language).")
    }
    if !sentences.isEmpty { content.append(.paragraph(sentences.joined(separator: " "))) }
    // Many items share a share of tenths: of equals, the more popular ones say more.
    let ranked = comparison.items.indices.sorted { left, right in
      let (a, b) = (comparison.shared.overlap.shares[left], comparison.shared.overlap.shares[right])
      let (m, n) = (degrees[Int(comparison.items[left])], degrees[Int(comparison.items[right])])
      return (a, m, comparison.items[right]) > (b, n, comparison.items[left])
    }
    let disputed = comparison.items.indices.sorted { left, right in
      let (a, b) = (comparison.shared.overlap.shares[left], comparison.shared.overlap.shares[right])
      let (m, n) = (degrees[Int(comparison.items[left])], degrees[Int(comparison.items[right])])
      return (a, n, comparison.items[left]) < (b, m, comparison.items[right])
    }
    func list(_ title: String, _ order: [Int]) -> [Markup] {
      [
        .element("h3", title),
        .element(
          "ul", ["class": "names"],
          order.prefix(10).map { position in
            let item = Int(comparison.items[position])
            let common = Int((comparison.shared.overlap.shares[position] * 10).rounded())
            return .element(
              "li",
              [
                .element("bdi", bundle.itemName(item)),
                .element("span", ["class": "note"], " \(common) of 10, \(grouped(Int(degrees[item]))) users"),
              ])
          }),
      ]
    }
    content += list("Items that behaviour and language place alike", ranked)
    content += list("Popular items that they place apart", disputed)
    return content
  }
}

extension RankingMetric {
  /// The metric's usual name.
  var title: String {
    switch self {
    case .recall: "Recall"
    case .ndcg: "NDCG"
    case .precision: "Precision"
    case .hit: "Hit rate"
    case .mrr: "MRR"
    case .map: "MAP"
    }
  }
}
