// What an experiment runs: data, models, alignments, baselines, seeds, tuning grids and sweeps.

import Files

/// A plan as its file says it, with defaults filled in.
///
/// Guide: Docs/Experiments.md, "The plan".
package struct ExperimentPlan: Sendable, Equatable {
  /// The schema of a plan's file.
  package static let schema = "darec/experiment-plan/1"

  /// A data set.
  package struct Source: Sendable, Equatable {
    /// Name in tables.
    package var name: String
    /// Words of the command line that say where it is, such as `--data DIR`.
    package var words: [String]
    /// Seed of the division, the same for every run: seeds of runs change the model, never the data.
    package var splitSeed: UInt64
  }

  /// A base model or a baseline with options of its own.
  package struct Model: Sendable, Equatable {
    /// Registered name.
    package var name: String
    /// Name in tables; unique.
    package var label: String
    /// Named settings.
    package var preset: String?
    /// Options.
    package var settings: [Setting]
  }

  /// An alignment with options of its own.
  package struct Alignment: Sendable, Equatable {
    /// Registered name; nil for none.
    package var name: String?
    /// Name in tables; unique.
    package var label: String
    /// Options.
    package var settings: [Setting]
    /// `shuffled` or `gaussian` where this row is a control without meaning; nil for the text as it is.
    package var textControl: String?

    /// Whether this is the other with nothing changed but its text: a control of any other settings would measure
    /// those as well.
    package func isControl(of other: Alignment) -> Bool {
      func sorted(_ settings: [Setting]) -> [Setting] { settings.sorted { ($0.name, $0.value) < ($1.name, $1.value) } }
      return textControl != nil && other.textControl == nil && name != nil && name == other.name
        && sorted(settings) == sorted(other.settings)
    }
  }

  /// The values tried for one option.
  package struct Axis: Sendable, Equatable {
    /// The option.
    package var option: String
    /// Its values.
    package var values: [String]
  }

  /// The axes of one row or column of the table.
  package struct Grid: Sendable, Equatable {
    /// Label (or registered name) of a model, an alignment or a baseline.
    package var owner: String
    /// What is varied.
    package var axes: [Axis]
  }

  /// Which cells of a grid are tried when there are more than the budget.
  package enum Sampling: String, Sendable, CaseIterable {
    /// The first ones; the last axis varies fastest.
    case ordered
    /// Ones drawn without replacement, the same for every pair with as many cells.
    case random
  }

  /// How options are chosen.
  package struct Tuning: Sendable, Equatable {
    /// Seeds of the runs; their validation Recall@20 is averaged.
    package var seeds: [UInt64] = [2023]
    /// Most cells tried for one pair of model and alignment on one data set.
    package var budget = 12
    /// Which ones.
    package var sampling = Sampling.random
    /// What is varied.
    package var grids: [Grid] = []
  }

  /// A curve: one option varied around the chosen cell.
  package struct Sweep: Sendable, Equatable {
    /// Name of the data set; nil for each of them.
    package var data: String?
    /// Label of the model.
    package var model: String
    /// Label of the alignment.
    package var alignment: String
    /// The option and its values.
    package var axis: Axis
  }

  /// What the tables compare.
  package struct Report: Sendable, Equatable {
    /// Label of the alignment that is compared with all others; nil where there is only `none`.
    package var subject: String?
    /// Resamples of the bootstrap.
    package var resamples = 10_000
  }

  /// Data sets.
  package var data: [Source]
  /// Settings of the training loop for every run.
  package var training: [Setting]
  /// Base models: rows of the table.
  package var models: [Model]
  /// Alignments, `none` among them or not.
  package var alignments: [Alignment]
  /// Baselines, which nothing is aligned with.
  package var baselines: [Model]
  /// Seeds of the final runs and of the sweeps.
  package var seeds: [UInt64]
  /// How options are chosen; nil to take them as they are.
  package var tuning: Tuning?
  /// Curves.
  package var sweeps: [Sweep]
  /// What the tables compare.
  package var report: Report

  /// Reads a plan's file.
  /// - Throws: `FileError`, or `ExperimentError.badPlanFile` with the path of the member that is wrong.
  package static func read(_ path: String) throws -> ExperimentPlan {
    let json = try JSONValue.read(path, limits: JSONLimits(depth: 16, bytes: 1 << 20))
    do {
      return try ExperimentPlan(json: json)
    } catch {
      throw ExperimentError.badPlanFile(path: path, error)
    }
  }

  /// Reads a plan.
  /// - Throws: `ExperimentError.badPlan` for an unknown key, a wrong value or a name that is used twice or nowhere.
  package init(json: JSONValue) throws(ExperimentError) {
    var root = try PlanObject(json, path: "$")
    let schema = try root.requiredString("schema")
    guard schema == Self.schema else {
      throw .badPlan(member: "$.schema", reason: "must be \"\(Self.schema)\"")
    }
    data = try Self.sources(try root.array("data") ?? [])
    training = try root.settings("training")
    models = try Self.models(try root.array("models") ?? [], path: "$.models")
    alignments = try Self.alignments(try root.array("alignments") ?? ["none"])
    baselines = try Self.models(try root.array("baselines") ?? [], path: "$.baselines")
    seeds = try root.seeds("seeds") ?? [2023]
    tuning = try root.value("tuning").map { (value) throws(ExperimentError) in try Self.tuning(value) }
    sweeps = try Self.sweeps(try root.array("sweeps") ?? [])
    report = try Self.report(root.value("report"), alignments: alignments)
    try root.finish()
    try checkReferences()
  }
}

// MARK: Parts

extension ExperimentPlan {
  private static func sources(_ elements: [JSONValue]) throws(ExperimentError) -> [Source] {
    guard !elements.isEmpty else { throw .badPlan(member: "$.data", reason: "names no data") }
    var sources: [Source] = []
    for (index, element) in elements.enumerated() {
      var object = try PlanObject(element, path: "$.data[\(index)]")
      let name = try object.requiredString("name")
      guard let words = try object.strings("options"), !words.isEmpty else {
        throw .badPlan(member: object.path(of: "options"), reason: "must say where the data is: [\"--data\", \"DIR\"]")
      }
      let seed = try object.integer("split_seed", in: 0...Int.max) ?? 2023
      try object.finish()
      sources.append(Source(name: name, words: words, splitSeed: UInt64(seed)))
    }
    try requireUnique(sources.map(\.name), path: "$.data")
    return sources
  }

  private static func models(_ elements: [JSONValue], path: String) throws(ExperimentError) -> [Model] {
    var models: [Model] = []
    for (index, element) in elements.enumerated() {
      if let name = element.string {
        models.append(Model(name: name, label: name, preset: nil, settings: []))
        continue
      }
      var object = try PlanObject(element, path: "\(path)[\(index)]")
      let name = try object.requiredString("name")
      let label = try object.string("label") ?? name
      let preset = path == "$.models" ? try object.string("preset") : nil
      let settings = try object.settings("set")
      try object.finish()
      models.append(Model(name: name, label: label, preset: preset, settings: settings))
    }
    try requireUnique(models.map(\.label), path: path)
    return models
  }

  private static func alignments(_ elements: [JSONValue]) throws(ExperimentError) -> [Alignment] {
    var alignments: [Alignment] = []
    for (index, element) in elements.enumerated() {
      if let name = element.string {
        alignments.append(Alignment(name: name == "none" ? nil : name, label: name, settings: [], textControl: nil))
        continue
      }
      var object = try PlanObject(element, path: "$.alignments[\(index)]")
      let name = try object.requiredString("name")
      let label = try object.string("label")
      let settings = try object.settings("set")
      let control = try object.string("text_control")
      try object.finish()
      let hasControl = control != nil && control != "none"
      guard name != "none" || !hasControl else {
        throw .badPlan(member: object.path(of: "text_control"), reason: "needs an alignment: none reads no text")
      }
      alignments.append(
        Alignment(
          name: name == "none" ? nil : name,
          label: label ?? (hasControl ? "\(name) \(control ?? "")" : name), settings: settings,
          textControl: hasControl ? control : nil))
    }
    try requireUnique(alignments.map(\.label), path: "$.alignments")
    return alignments
  }

  private static func tuning(_ value: JSONValue) throws(ExperimentError) -> Tuning {
    var object = try PlanObject(value, path: "$.tuning")
    var tuning = Tuning()
    tuning.seeds = try object.seeds("seeds") ?? tuning.seeds
    tuning.budget = try object.integer("budget", in: 1...100_000) ?? tuning.budget
    if let word = try object.string("sampling") {
      guard let sampling = Sampling(rawValue: word) else {
        throw .badPlan(member: object.path(of: "sampling"), reason: "must be ordered or random")
      }
      tuning.sampling = sampling
    }
    if let grids = object.value("grids") {
      var owners = try PlanObject(grids, path: object.path(of: "grids"))
      for owner in owners.allMembers() {
        let path = owners.path(of: owner.key)
        var axes: [Axis] = []
        var members = try PlanObject(owner.value, path: path)
        for member in members.allMembers() {
          let axis = try axis(member.key, member.value, path: "\(path).\(member.key)")
          axes.append(axis)
        }
        tuning.grids.append(Grid(owner: owner.key, axes: axes))
      }
    }
    try object.finish()
    return tuning
  }

  private static func axis(_ option: String, _ value: JSONValue, path: String) throws(ExperimentError) -> Axis {
    guard let elements = value.array, !elements.isEmpty else {
      throw .badPlan(member: path, reason: "must be an array of values")
    }
    var values: [String] = []
    for (index, element) in elements.enumerated() {
      let text = try PlanObject.text(element, path: "\(path)[\(index)]")
      guard !values.contains(text) else { throw .badPlan(member: "\(path)[\(index)]", reason: "is there twice") }
      values.append(text)
    }
    return Axis(option: option, values: values)
  }

  private static func sweeps(_ elements: [JSONValue]) throws(ExperimentError) -> [Sweep] {
    var sweeps: [Sweep] = []
    for (index, element) in elements.enumerated() {
      var object = try PlanObject(element, path: "$.sweeps[\(index)]")
      let data = try object.string("data")
      let model = try object.requiredString("model")
      let alignment = try object.string("alignment") ?? "none"
      let option = try object.requiredString("option")
      guard let values = object.value("values") else { throw .badPlan(member: object.path, reason: "has no 'values'") }
      let axis = try axis(option, values, path: object.path(of: "values"))
      try object.finish()
      sweeps.append(Sweep(data: data, model: model, alignment: alignment, axis: axis))
    }
    return sweeps
  }

  private static func report(_ value: JSONValue?, alignments: [Alignment]) throws(ExperimentError) -> Report {
    var report = Report()
    // The row in which a reader is most likely interested: DaRec itself, else the first alignment there is.
    let real = alignments.filter { $0.name != nil && $0.textControl == nil }
    report.subject = (real.first { $0.label == "darec" } ?? real.first { $0.name == "darec" } ?? real.first)?.label
    guard let value else { return report }
    var object = try PlanObject(value, path: "$.report")
    if let subject = try object.string("subject") {
      guard alignments.contains(where: { $0.label == subject && $0.name != nil }) else {
        throw .badPlan(member: object.path(of: "subject"), reason: "is the label of no alignment")
      }
      report.subject = subject
    }
    report.resamples = try object.integer("resamples", in: 100...10_000_000) ?? report.resamples
    try object.finish()
    return report
  }

  private static func requireUnique(_ labels: [String], path: String) throws(ExperimentError) {
    for (index, label) in labels.enumerated() where labels[..<index].contains(label) {
      throw .badPlan(
        member: "\(path)[\(index)]", reason: "'\(label)' is there twice; give each entry a label of its own")
    }
  }

  /// Names in grids and sweeps that nothing has are mistakes, not wishes.
  private func checkReferences() throws(ExperimentError) {
    guard !models.isEmpty || !baselines.isEmpty else {
      throw .badPlan(member: "$.models", reason: "names no model, and there are no baselines")
    }
    let names =
      models.flatMap { [$0.label, $0.name] } + baselines.flatMap { [$0.label, $0.name] }
      + alignments.flatMap { [$0.label, $0.name ?? "none"] }
    for grid in tuning?.grids ?? [] where !names.contains(grid.owner) {
      throw .badPlan(
        member: "$.tuning.grids.\(grid.owner)", reason: "is the label of no model, alignment or baseline")
    }
    for (index, sweep) in sweeps.enumerated() {
      let path = "$.sweeps[\(index)]"
      if let name = sweep.data, !data.contains(where: { $0.name == name }) {
        throw .badPlan(member: path + ".data", reason: "is the name of no data set")
      }
      guard models.contains(where: { $0.label == sweep.model }) else {
        throw .badPlan(member: path + ".model", reason: "is the label of no model")
      }
      guard alignments.contains(where: { $0.label == sweep.alignment }) else {
        throw .badPlan(member: path + ".alignment", reason: "is the label of no alignment")
      }
    }
    if let setting = training.first(where: { !$0.setsLoop }) {
      throw .badPlan(
        member: "$.training.\(setting.name)",
        reason: "is not known here; known: " + Setting.loopNames.joined(separator: ", "))
    }
  }
}
