// From an experiment's summary.json to the values of its page.

import Engine
import Files

extension ExperimentReport {
  /// The schema of the summaries that are read.
  package static let summarySchema = "darec/experiment-summary/1"
  /// The file of an experiment's folder that is read.
  package static let summaryFile = "summary.json"
  /// The file that tells an experiment's folder from others.
  package static let planFile = "plan.json"
  /// Rows of a page at most; a plan has some tens.
  private static let rowLimit = 2_000

  /// Whether a folder is that of an experiment.
  package static func isExperiment(_ folder: String) -> Bool {
    FileReader.exists(folder + "/" + summaryFile) || FileReader.exists(folder + "/" + planFile)
  }

  /// Reads the summary of an experiment's folder.
  /// - Throws: `ReportError.file` when there is none, `.summary` when it does not follow its schema.
  package init(folder: String) throws(ReportError) {
    let path = folder + "/" + Self.summaryFile
    let summary: JSONValue
    do throws(FileError) { summary = try JSONValue.read(path) } catch {
      if case .missing = error {
        throw .summary(path: path, problem: "there is no summary of the experiment yet")
      }
      throw .file(error)
    }
    let name = folder.split(separator: "/").last.map(String.init) ?? "."
    try self.init(summary: summary, title: name.hasPrefix(".") ? "Experiment" : name, path: path)
  }

  /// Reads a summary.
  ///
  /// Parts that are missing or null, as while runs are still to be made, are left out.
  /// - Parameters:
  ///   - summary: the contents of `summary.json`.
  ///   - title: the page's title.
  ///   - path: for messages.
  package init(summary: JSONValue, title: String, path: String) throws(ReportError) {
    guard let schema = summary["schema"]?.string else {
      throw .summary(path: path, problem: "has no schema")
    }
    guard schema == Self.summarySchema else {
      throw .summary(
        path: path, problem: "has the schema '\(schema.prefix(64))', this program reads '\(Self.summarySchema)'")
    }
    guard let data = summary["data"]?.array, let rows = summary["rows"]?.array else {
      throw .summary(path: path, problem: "has no list of data sets or of rows")
    }
    guard rows.count <= Self.rowLimit else {
      throw .summary(path: path, problem: "has \(rows.count) rows; at most \(Self.rowLimit) are shown")
    }
    let reader = SummaryReader(summary: summary, rows: rows)
    let seeds = summary["seeds"]?.array?.count ?? 0
    var subtitle = "\(rows.count) systems, \(seeds) \(seeds == 1 ? "seed" : "seeds")"
    if summary["complete"]?.bool == false { subtitle += "; not all runs are finished" }
    self.init(
      title: title, subtitle: subtitle, findings: data.count > 1 ? [] : reader.findings(nil),
      dataSets: data.prefix(100).map { reader.results($0, isAlone: data.count == 1) })
  }
}

/// Looks up the parts of a summary.
private struct SummaryReader {
  let summary: JSONValue
  let rows: [JSONValue]

  /// The sentences on one data set, or on all: alignments over their base models, then models over baselines.
  func findings(_ data: String?) -> [String] {
    ((summary["findings"]?.array ?? []) + (summary["standings"]?.array ?? [])).compactMap { finding in
      guard let name = data else { return finding["text"]?.string }
      return finding["data"]?.string == name ? finding["text"]?.string : nil
    }
  }

  /// Everything about one data set.
  func results(_ data: JSONValue, isAlone: Bool) -> ExperimentReport.DataSetResults {
    let name = data["name"]?.string ?? "data"
    let own = rows.filter { $0["data"]?.string == name }
    var facts: [String] = []
    for (key, label) in [
      ("users", "users"), ("items", "items"), ("train", "training interactions"), ("valid", "validation"),
      ("test", "test"),
    ] {
      if let count = data["statistics"]?[key]?.int { facts.append("\(grouped(count)) \(label)") }
    }
    return ExperimentReport.DataSetResults(
      name: name, facts: facts.joined(separator: ", "), findings: isAlone ? [] : findings(name),
      systems: own.map { system($0, data: name) }, stratifications: stratifications(own), sweeps: sweeps(name),
      learning: learning(own), balance: balance(own), extras: extras(own))
  }

  private func model(_ row: JSONValue) -> String { row["model"]?.string ?? "model" }

  /// The alignment's label; empty for a baseline.
  private func alignment(_ row: JSONValue) -> String { row["alignment"]?.string ?? "" }

  /// What is done to the text, where the label does not say it.
  private func variant(_ row: JSONValue) -> String {
    guard let control = row["text_control"]?.string, control != "none", !alignment(row).contains(control) else {
      return ""
    }
    return "\(control) text"
  }

  private func system(_ row: JSONValue, data: String) -> ExperimentReport.System {
    let order = ["recall@5", "recall@10", "recall@20", "ndcg@5", "ndcg@10", "ndcg@20", "hit@20", "mrr@20", "map@20"]
    let metrics = order.compactMap { name -> ExperimentReport.Metric? in
      guard let mean = row["test"]?[name]?.double else { return nil }
      let seeds = row["per_seed"]?[name]?.array?.compactMap(\.double) ?? []
      return ExperimentReport.Metric(name, ExperimentReport.Estimate(mean, seeds: seeds))
    }
    let failures = row["failures"]?.array?.compactMap(\.string) ?? []
    let settings = (row["cell"]?.object ?? []).compactMap { member in
      member.value.string.map { "\(member.key) \($0)" }
    }
    return ExperimentReport.System(
      model: model(row), alignment: alignment(row), variant: variant(row), metrics: metrics,
      comparisons: comparisons(row, data: data), settings: settings.joined(separator: ", "),
      failure: failures.first)
  }

  /// The differences of a row to others, where it is the first of the pair.
  private func comparisons(_ row: JSONValue, data: String) -> [ExperimentReport.Comparison] {
    guard row["alignment"]?.string != nil else { return [] }
    let pairs = (summary["comparisons"]?.array ?? []).filter {
      $0["data"]?.string == data && $0["model"]?.string == model(row) && $0["first"]?.string == alignment(row)
    }
    return ["recall@20", "ndcg@20"].flatMap { metric in
      pairs.compactMap { pair -> ExperimentReport.Comparison? in
        guard let found = pair[metric], let estimate = estimate(found), let against = pair["second"]?.string else {
          return nil
        }
        var difference = estimate
        difference.seeds = found["seed_means"]?.array?.compactMap(\.double) ?? []
        return ExperimentReport.Comparison(
          metric: metric, against: against, difference: difference, pValue: found["p"]?.double)
      }
    }
  }

  /// A mean with its interval; nil without a mean.
  private func estimate(_ value: JSONValue) -> ExperimentReport.Estimate? {
    guard let mean = value["mean"]?.double else { return nil }
    guard let lower = value["lower"]?.double, let upper = value["upper"]?.double, lower <= upper else {
      return ExperimentReport.Estimate(mean)
    }
    return ExperimentReport.Estimate(mean, interval: lower...upper)
  }

  /// The rows of models by model, in order of first appearance.
  private func byModel(_ rows: [JSONValue]) -> [(model: String, rows: [JSONValue])] {
    var result: [(model: String, rows: [JSONValue])] = []
    for row in rows where row["alignment"]?.string != nil {
      if let index = result.firstIndex(where: { $0.model == model(row) }) {
        result[index].rows.append(row)
      } else {
        result.append((model(row), [row]))
      }
    }
    return result
  }

  private func label(_ row: JSONValue) -> String {
    let (name, variant) = (alignment(row), variant(row))
    return variant.isEmpty ? name : "\(name) (\(variant))"
  }

  private func stratifications(_ rows: [JSONValue]) -> [ExperimentReport.Stratification] {
    let kinds = [("user_degree", "by training items of the user"), ("item_popularity", "by popularity of the item")]
    return byModel(rows).flatMap { model, rows in
      kinds.compactMap { part, title -> ExperimentReport.Stratification? in
        guard let names = rows.compactMap({ $0[part]?.object?.map(\.key) }).first else { return nil }
        let strata = names.compactMap { name -> ExperimentReport.Stratum? in
          let systems = rows.compactMap { row in
            row[part]?[name]?["recall@20"]?.double.map { (name: label(row), value: ExperimentReport.Estimate($0)) }
          }
          guard !systems.isEmpty else { return nil }
          let users = rows.compactMap { $0[part]?[name]?["users"]?.int }.first
          return ExperimentReport.Stratum(
            StratumName.print(name), size: users.map { "\(grouped($0)) users" } ?? "", systems: systems)
        }
        return strata.isEmpty
          ? nil : ExperimentReport.Stratification(title: "\(model): Recall@20 \(title)", strata: strata)
      }
    }
  }

  /// Curves on the validation split: a value picked off a curve on the test split would be tuned on it.
  private func sweeps(_ data: String) -> [ExperimentReport.Sweep] {
    var result: [ExperimentReport.Sweep] = []
    for sweep in summary["sweeps"]?.array ?? [] where sweep["data"]?.string == data {
      guard let option = sweep["option"]?.string else { continue }
      let system = [sweep["model"]?.string, sweep["alignment"]?.string].compactMap { $0 }.joined(separator: " + ")
      for metric in ["recall@20", "ndcg@20"] {
        var chosen: Double?
        let points = (sweep["points"]?.array ?? []).compactMap { point -> LineChart.Point? in
          guard let value = point["value"]?.string.flatMap(Double.init), value.isFinite,
            let validation = point["validation"]?[metric], let mean = validation["mean"]?.double
          else { return nil }
          if point["chosen"]?.bool == true { chosen = value }
          let seeds = validation["seeds"]?.array?.compactMap(\.double) ?? []
          guard seeds.count > 1, let low = seeds.min(), let high = seeds.max() else {
            return LineChart.Point(value, mean)
          }
          return LineChart.Point(value, mean, interval: low...high)
        }.sorted { $0.x < $1.x }
        guard !points.isEmpty else { continue }
        if let index = result.firstIndex(where: { $0.parameter == option && $0.metric == metric }) {
          result[index].curves.append((system, points))
          if result[index].chosen != chosen { result[index].chosen = nil }
        } else {
          result.append(
            ExperimentReport.Sweep(parameter: option, metric: metric, curves: [(system, points)], chosen: chosen))
        }
      }
    }
    return result
  }

  /// The points of two arrays of one object.
  private func points(_ object: JSONValue?, _ key: String) -> [(Double, Double)] {
    guard let epochs = object?["epoch"]?.array, let values = object?[key]?.array else { return [] }
    return zip(epochs, values).compactMap { epoch, value in
      guard let x = epoch.double, let y = value.double else { return nil }
      return (x, y)
    }
  }

  private func learning(_ rows: [JSONValue]) -> [ExperimentReport.Learning] {
    byModel(rows).map { model, rows in
      ExperimentReport.Learning(
        model: model, metric: "recall@20",
        curves: rows.map { row in
          (label(row), points(row["curve"], "recall@20").map { LineChart.Point($0.0, $0.1) })
        })
    }
  }

  private func balance(_ rows: [JSONValue]) -> [ExperimentReport.BalanceTrace] {
    rows.compactMap { row in
      let found = points(row["balance"], "kappa")
      guard !found.isEmpty else { return nil }
      return ExperimentReport.BalanceTrace(
        system: "\(model(row)) + \(label(row))", points: found.map { (epoch: $0.0, kappa: $0.1) })
    }
  }

  private func extras(_ rows: [JSONValue]) -> [ExperimentReport.Extra] {
    let parts = [
      ("beyond_accuracy", "Beyond accuracy", "Of the lists of 20, means over seeds."),
      (
        "sampled_task", "Sampled task",
        "One held-out item against 99 drawn ones; such numbers are not comparable with full ranking."
      ),
    ]
    return parts.compactMap { part, title, note in
      guard let first = rows.compactMap({ $0[part]?.object }).first else { return nil }
      let columns = first.map(\.key).filter { !$0.hasSuffix("users") }
      let found = rows.compactMap { row -> (name: String, values: [Double])? in
        guard row[part]?.object != nil else { return nil }
        let name = [model(row), label(row) == "none" ? "" : label(row)].filter { !$0.isEmpty }.joined(separator: " + ")
        return (name, columns.map { row[part]?[$0]?.double ?? .nan })
      }
      return ExperimentReport.Extra(title: title, note: note, columns: columns, rows: found)
    }
  }
}
