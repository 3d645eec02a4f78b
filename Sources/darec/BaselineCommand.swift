// darec baseline: fit a rival that needs no deep model, and measure it as a model is measured.

import ArgumentParser
import Autodiff
import Baselines
import Evaluation
import Files
import Interactions
import ModelFile
import Numerics
import Training

/// `darec baseline`.
struct BaselineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baseline",
    abstract: "Fit a baseline and print the metrics that 'evaluate' prints.",
    discussion: """
      Example: darec baseline ials --data DIR --tune

      --tune tries the baseline's grid, chooses by validation Recall@20 and prints every cell; an option given with \
      --set keeps its value. The test split is looked at once, with what was chosen.

      \(optionLists)
      """)

  @Argument(help: "Which: \(BaselineRegistry.all.map(\.name).joined(separator: ", ")).")
  var name: String

  @OptionGroup(title: "Data") var dataArguments: DataArguments

  @Option(
    name: .customLong("set"), help: ArgumentHelp("An option of the baseline.", valueName: "name=value"))
  var settings: [String] = []

  @Flag(help: "Choose options by Recall@20 on the validation split.")
  var tune = false

  @Option(help: "Seed of every random draw.") var seed: UInt64 = 2023

  @OptionGroup var threadArguments: ThreadArguments

  @Option(help: "Save as a model, such as Models/NAME; not for item-item baselines.")
  var out: String?

  @Option(help: "table or json.") var format: String = "table"

  mutating func run() throws {
    try threadArguments.apply()
    guard ["table", "json"].contains(format) else {
      throw CommandFailure.usage("--format takes table or json, not '\(format)'")
    }
    guard let descriptor = BaselineRegistry.named(name) else { throw BaselineError.unknown(name) }
    var (options, fixed) = try givenOptions(descriptor)
    if let out { try check(out: out, descriptor: descriptor) }
    guard !dataArguments.isEmpty else {
      throw CommandFailure.usage("say where the data is: --data DIR, or --interactions FILE")
    }
    let dataSet = try DataSet.load(try dataArguments.options(seed: seed))
    for notice in dataSet.notices { Console.error("notice: \(notice.message)") }
    let problem = BaselineProblem(
      training: dataSet.train,
      // Text derived from items is not the users' own.
      userText: dataSet.userTextIsDerived ? nil : dataSet.userText.map { UnitRows($0).value },
      itemText: dataSet.itemText.map { UnitRows($0).value }, seed: seed)

    var cells: [Cell] = []
    if tune {
      guard dataSet.valid.entryCount > 0 else {
        throw CommandFailure.usage("--tune needs a validation split, and the data has none")
      }
      cells = try tried(descriptor, options, fixed: fixed, problem, dataSet)
      options = try best(cells).options
    }
    let started = monotonicClock()
    let fitted = try descriptor.fit(problem, options)
    Console.error("fitted in \(MetricTable.fixed(max(0.01, monotonicClock() - started), 2)) s")
    let metrics = FinalMetrics(
      validation: report(fitted, dataSet, dataSet.valid), test: report(fitted, dataSet, dataSet.test))
    if let out { try save(fitted, descriptor, options, dataSet, metrics, to: out) }
    try write(descriptor, options, cells, metrics)
  }

  // MARK: Options

  /// The options with `--set` applied, and which ones it named.
  private func givenOptions(_ descriptor: BaselineDescriptor) throws -> (OptionValues, [String]) {
    var options = OptionValues(descriptor.options)
    var named: [String] = []
    for setting in settings {
      guard let equals = setting.firstIndex(of: "=") else {
        throw CommandFailure.usage("--set takes NAME=VALUE, not '\(setting)'")
      }
      let option = String(setting[..<equals])
      try options.set(
        option, to: String(setting[setting.index(after: equals)...]), declarations: descriptor.options,
        owner: "baseline '\(descriptor.name)'")
      named.append(option)
    }
    return (options, named)
  }

  // MARK: Tuning

  /// One cell of the grid; no report where it could not be fitted.
  private struct Cell {
    var options: OptionValues
    var report: RankingReport?
    var recall: Double { report?.value(.recall, at: 20) ?? -1 }
  }

  private func tried(
    _ descriptor: BaselineDescriptor, _ options: OptionValues, fixed: [String], _ problem: BaselineProblem,
    _ dataSet: DataSet
  ) throws -> [Cell] {
    let grid = try descriptor.tuningCells(options, fixed: fixed)
    var cells: [Cell] = []
    for values in grid {
      var cell = Cell(options: values)
      do {
        cell.report = report(try descriptor.fit(problem, values), dataSet, dataSet.valid)
      } catch let failure as LinearAlgebraError {
        Console.error("\(Self.text(values)): \(failure.description)")
      } catch BaselineError.notFinite(let baseline) {
        Console.error("\(Self.text(values)): \(BaselineError.notFinite(baseline: baseline).description)")
      }
      cells.append(cell)
      if format == "table" {
        let numbers = cell.report.map { report in
          [RankingMetric.recall, .ndcg].map { metric in
            "\(metric.rawValue)@20 \(MetricTable.fixed(report.value(metric, at: 20) ?? 0, 4))"
          }.joined(separator: "  ")
        }
        try Console.output(
          Array("\(cells.count)/\(grid.count)  \(numbers ?? "cannot be fitted")  \(Self.text(values))\n".utf8))
      }
    }
    return cells
  }

  /// The first cell with the highest validation recall.
  private func best(_ cells: [Cell]) throws -> Cell {
    var best: Cell?
    for cell in cells where cell.report != nil && cell.recall > best?.recall ?? -1 { best = cell }
    guard let best else {
      throw CommandFailure.notHeld("no cell of the grid could be fitted; give more regularization with --set")
    }
    return best
  }

  private func report(_ fitted: FittedBaseline, _ dataSet: DataSet, _ split: CSRMatrix) -> RankingReport? {
    guard split.entryCount > 0 else { return nil }
    let ranking = FullRanking(training: dataSet.train, relevant: split)
    let lists = fitted.topItems(
      training: dataSet.train, users: ranking.evaluatedUsers, k: FullRanking.defaultCutoffs.max() ?? 0)
    return ranking.report(lists.map { $0.map(\.index) })
  }

  // MARK: Telling

  private static func text(_ options: OptionValues) -> String {
    options.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
  }

  private static func json(_ options: OptionValues) -> JSONValue {
    .object(options.pairs.map { JSONValue.Member($0.name, .string($0.value)) })
  }

  private func write(
    _ descriptor: BaselineDescriptor, _ options: OptionValues, _ cells: [Cell], _ metrics: FinalMetrics
  ) throws {
    if format == "json" {
      var members: [JSONValue.Member] = [
        .init("schema", .string("darec/baseline/1")), .init("baseline", .string(descriptor.name)),
        .init("seed", .string(String(seed))), .init("options", Self.json(options)),
      ]
      if !cells.isEmpty {
        let tried = cells.map { cell -> JSONValue in
          .object([
            .init("options", Self.json(cell.options)), .init("validation", cell.report.map(\.json) ?? .null),
          ])
        }
        members.append(.init("cells", .array(tried)))
      }
      members.append(.init("metrics", metrics.json))
      try Console.output(try JSONValue.object(members).serialized(.pretty) + [0x0A])
    } else {
      let text = [descriptor.name, Self.text(options)].filter { !$0.isEmpty }.joined(separator: ": ")
      try Console.output(Array((text + "\n" + MetricTable.text(metrics)).utf8))
    }
  }

  // MARK: Saving

  /// Refuses what cannot be saved before anything is computed.
  private func check(out: String, descriptor: BaselineDescriptor) throws {
    guard descriptor.ranksWithVectors else {
      throw CommandFailure.usage(
        "--out: baseline '\(descriptor.name)' scores by an item-item matrix, and a model holds vectors; "
          + "leave --out away, or save ials")
    }
    guard Bundle.isValidName(Self.modelName(out)) else {
      throw CommandFailure.usage(
        "--out must end in a name of letters, digits, '.', '_' and '-' that does not start with '.', not '\(out)'")
    }
    guard FileReader.isDirectory(out) || !FileReader.exists(out) else {
      throw CommandFailure.usage("--out \(out): there is a file of this name; choose another directory")
    }
  }

  /// The model's name is the last part of `--out`.
  private static func modelName(_ out: String) -> String { out.split(separator: "/").last.map(String.init) ?? "" }

  private func save(
    _ fitted: FittedBaseline, _ descriptor: BaselineDescriptor, _ options: OptionValues, _ dataSet: DataSet,
    _ metrics: FinalMetrics, to out: String
  ) throws {
    guard case .vectors(let users, let items) = fitted else { return }
    let name = Self.modelName(out)
    let configuration: JSONValue = .object([
      .init("schema", .string("darec/config/1")), .init("name", .string(name)),
      .init("backbone", .string(descriptor.name)), .init("alignment", .string("none")),
      .init("dimension", .integer(users.columns)), .init("data_set", .string(dataArguments.displayName)),
      .init("data_fingerprint", .string(dataSet.fingerprint)), .init("data", dataSet.statistics.json),
      .init("baseline", .object([.init("seed", .string(String(seed))), .init("options", Self.json(options))])),
      .init("score", .object([.init("kind", .string("dot"))])),
    ])
    let bundle = try Bundle(
      name: name, configuration: configuration, metrics: metrics.json, users: try StringTable(dataSet.users.strings),
      items: try StringTable(dataSet.items.strings),
      titles: try dataSet.itemTitles.map { try StringTable($0, role: .titles) }, interactions: dataSet.train,
      validation: dataSet.valid, test: dataSet.test, finalUsers: users, finalItems: items,
      attribution: users.columns > 1 ? .representation(regularization: 0.1) : .none,
      itemText: dataSet.itemText, userText: dataSet.userTextIsDerived ? nil : dataSet.userText,
      userTextDerived: dataSet.userTextIsDerived)
    let log: JSONValue = .object([
      .init("type", .string("run")), .init("schema", .string("darec/training-log/1")),
      .init("version", .string(darecVersion)), .init("configuration", configuration),
    ])
    try bundle.save(to: out, trainingLog: Array((try log.text() + "\n").utf8))
  }

  /// Every option of every baseline, for `--help`.
  private static var optionLists: String {
    BaselineRegistry.all.map { baseline in
      baseline.options.isEmpty
        ? "\(baseline.name): \(baseline.summary)"
        : OptionHelp.list("\(baseline.name): \(baseline.summary)", baseline.options)
    }.joined(separator: "\n\n")
  }
}
