// darec train: from data to a bundle.

import Alignments
import ArgumentParser
import Evaluation
import Files
import Interactions
import ModelFile
import Numerics
import Recommenders
import Shell
import Training

/// `darec train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model on interactions, aligned with text embeddings or not.",
    discussion: """
      Example: darec train --data DIR --align darec --out Models/NAME

      Training stops when validation Recall@20 has not improved for --patience validations, and keeps the best \
      parameters. Ctrl-C writes a checkpoint; darec train --resume --out Models/NAME goes on from it. The same seed \
      gives the same model, bit for bit, whatever the number of threads.

      \(optionLists)
      """)

  @OptionGroup(title: "Data") var dataArguments: DataArguments

  @Option(help: "Base model: \(BaseModelRegistry.all.map(\.name).joined(separator: ", ")). (default: lightgcn)")
  var model: String?

  @Option(
    help: "Alignment with text: none, \(AlignmentRegistry.all.map(\.name).joined(separator: ", ")). (default: none)")
  var align: String?

  @Option(help: "Named settings of the base model, such as amazon.")
  var preset: String?

  @Option(help: "Seed of every random draw. (default: 2023)")
  var seed: UInt64?

  @OptionGroup var threadArguments: ThreadArguments

  @Option(help: "Most epochs to train (default 3000, or 100 without a validation split).")
  var epochs: Int?

  @Option(help: "Width of the embeddings. (default: 32)")
  var dim: Int?

  @Option(help: "Trade-off of the alignment: sets its weights, with darec all four at once.")
  var lambda: Double?

  @Option(help: "What ranks: fused, final, projected, ... (option score of the alignment).")
  var score: String?

  @Option(help: "Directions of the text that the alignment sees (option text-rank). (default: all)")
  var textRank: Int?

  @Option(help: "Nodes whose structure a step of darec compares (option sample-size). (default: 4096)")
  var sample: Int?

  @Option(help: "Compute darec's terms in every n-th step only (option every). (default: 1)")
  var every: Int?

  @Option(
    name: .customLong("set"), help: ArgumentHelp("An option of the model or the alignment.", valueName: "name=value"))
  var settings: [String] = []

  @Option(help: "Step size of Adam. (default: 0.001)") var learningRate: Double?
  @Option(help: "Interactions in a mini-batch. (default: 4096)") var batchSize: Int?
  @Option(help: "Validate after every n-th epoch. (default: 3)") var evaluateEvery: Int?
  @Option(help: "Users drawn to validate and test on (option evaluation-users). (default: everybody)")
  var evaluateUsers: Int?
  @Option(help: "Stop after this many validations without improvement. (default: 5)") var patience: Int?
  @Option(help: "Validations before this epoch do not count towards stopping. (default: 0; 30 with darec)")
  var minimumEpochs: Int?

  @Option(help: "Directory of the model, such as Models/NAME.")
  var out: String

  @Flag(help: "Go on from the checkpoint in --out; --epochs and --data may be given again.")
  var resume = false

  @Flag(name: .shortAndLong, help: "No progress, only the result.")
  var quiet = false

  mutating func run() throws {
    try threadArguments.apply()
    let name = try modelName()
    // Found now, not after an hour of training.
    if FileReader.exists(out) && !FileReader.isDirectory(out) {
      throw CommandFailure.usage("--out \(out): there is a file of this name; choose another directory")
    }
    let run = try resume ? resumedRun() : freshRun()
    try FileWriter.createDirectory(out)
    if !quiet { announce(run) }

    InterruptSignal.install(secondEndsProcess: true)
    let progress = TrainingProgress(configuration: run.trainer.configuration, isQuiet: quiet)
    let data = run.data.json
    let bundlePath = out
    let end = try run.trainer.run(
      observer: progress, isCancelled: { InterruptSignal.cancellation.isCancelled },
      saveCheckpoint: { trainer in
        do {
          return try Checkpoint.save(trainer, dataOptions: data, bundle: bundlePath)
        } catch let failure as any DescribedFailure where !InterruptSignal.cancellation.isCancelled {
          // The run itself is sound: losing it because of its safety net would be the greater loss.
          Console.error("warning: no checkpoint: \(TerminalText.escaped(failure.description))")
          return nil
        }
      }, clock: monotonicClock)
    progress.finish()
    if end == .interrupted {
      Console.error(
        "interrupted in epoch \(run.trainer.state.epoch + 1); checkpoint written to \(Checkpoint.path(inBundle: out))\n"
          + "resume with: darec train --resume --out \(out)")
      throw EndedWith(status: .interrupted)
    }
    try save(run, name: name, end: end)
  }

  // MARK: Building the run

  private struct Run {
    var trainer: Trainer
    var dataSet: DataSet
    var data: DataArguments
  }

  private func freshRun() throws -> Run {
    guard !dataArguments.isEmpty else {
      throw CommandFailure.usage("say where the data is: --data DIR, or --interactions FILE")
    }
    var configuration = try configuration()
    var dataSet = try Self.load(dataArguments, for: configuration)
    // Nothing can stop such a run early.
    if epochs == nil, dataSet.valid.entryCount == 0 { configuration.epochs = 100 }
    return try Self.run(&dataSet, configuration, dataArguments)
  }

  private func resumedRun() throws -> Run {
    let (file, header) = try Checkpoint.open(bundle: out)
    for (option, isGiven) in [
      ("--model", model != nil), ("--align", align != nil), ("--preset", preset != nil),
      ("--seed", seed != nil), ("--dim", dim != nil), ("--lambda", lambda != nil), ("--score", score != nil),
      ("--text-rank", textRank != nil), ("--sample", sample != nil), ("--every", every != nil),
      ("--evaluate-users", evaluateUsers != nil), ("--set", !settings.isEmpty),
    ] where isGiven {
      throw CommandFailure.usage("\(option) cannot be changed when resuming; train anew without --resume")
    }
    var configuration = header.configuration
    try applyLimits(to: &configuration)
    let data = dataArguments.isEmpty ? try DataArguments.parse(json: header.dataOptions) : dataArguments
    var dataSet = try Self.load(data, for: configuration)
    let run = try Self.run(&dataSet, configuration, data)
    try Checkpoint.restore(run.trainer, from: file, header: header)
    return run
  }

  /// Without alignment and fusion nothing but the bundle asks for text.
  private static func usesText(_ configuration: TrainingConfiguration) -> Bool {
    configuration.alignment != nil || configuration.fusesText
  }

  private static func load(_ data: DataArguments, for configuration: TrainingConfiguration) throws -> DataSet {
    var options = try data.options(seed: configuration.seed)
    options.keepsTextCompact = !usesText(configuration)
    return try DataSet.load(options)
  }

  /// The run of a data set: what the trainer works with is stacked, what the bundle will hold is kept small.
  private static func run(
    _ dataSet: inout DataSet, _ configuration: TrainingConfiguration, _ data: DataArguments
  ) throws -> Run {
    let problem = TrainingProblem(dataSet, usesText: usesText(configuration))
    dataSet = dataSet.withCompactText()
    BufferPool.shared.trim()
    return Run(trainer: try Trainer(problem: problem, configuration: configuration), dataSet: dataSet, data: data)
  }

  private func configuration() throws -> TrainingConfiguration {
    let alignment = align == "none" ? nil : align
    var configuration = try TrainingConfiguration(model: model ?? "lightgcn", alignment: alignment)
    if let seed { configuration.seed = seed }
    if let preset { try configuration.apply(preset: preset) }
    if let dim { try configuration.set("dimension", to: String(dim)) }
    // Settings first: --lambda reads the scope that --set may have chosen.
    for setting in settings {
      guard let equals = setting.firstIndex(of: "=") else {
        throw CommandFailure.usage("--set takes NAME=VALUE, not '\(setting)'")
      }
      try configuration.set(
        String(setting[..<equals]), to: String(setting[setting.index(after: equals)...]))
    }
    if let score { try configuration.set("score", to: score) }
    for (name, value) in [
      ("text-rank", textRank), ("sample-size", sample), ("every", every), ("evaluation-users", evaluateUsers),
    ] {
      if let value { try configuration.set(name, to: String(value)) }
    }
    if let lambda {
      guard lambda.isFinite, lambda >= 0 else { throw CommandFailure.usage("--lambda must be 0 or more") }
      try configuration.apply(lambda: lambda)
    }
    try applyLimits(to: &configuration)
    return configuration
  }

  private func applyLimits(to configuration: inout TrainingConfiguration) throws {
    func positive(_ value: Int?, _ option: String, from least: Int = 1) throws -> Int? {
      if let value, !(least...1_000_000_000).contains(value) {
        throw CommandFailure.usage("\(option) must be at least \(least)")
      }
      return value
    }
    if let value = try positive(epochs, "--epochs", from: 0) { configuration.epochs = value }
    if let value = try positive(batchSize, "--batch-size") { configuration.batchSize = value }
    if let value = try positive(evaluateEvery, "--evaluate-every") { configuration.evaluationInterval = value }
    if let value = try positive(patience, "--patience") { configuration.patience = value }
    if let value = try positive(minimumEpochs, "--minimum-epochs", from: 0) { configuration.minimumEpochs = value }
    if let learningRate {
      guard learningRate.isFinite, learningRate > 0 else {
        throw CommandFailure.usage("--learning-rate must be greater than 0")
      }
      configuration.learningRate = learningRate
    }
  }

  /// The model's name is the last part of `--out`.
  private func modelName() throws -> String {
    let name = out.split(separator: "/").last.map(String.init) ?? ""
    guard Bundle.isValidName(name) else {
      throw CommandFailure.usage(
        "--out must end in a name of letters, digits, '.', '_' and '-' that does not start with '.', not '\(name)'")
    }
    return name
  }

  // MARK: Telling and saving

  private func announce(_ run: Run) {
    let statistics = run.dataSet.statistics
    let configuration = run.trainer.configuration
    for notice in run.dataSet.notices { Console.error("notice: \(TerminalText.escaped(notice.message))") }
    Console.error(
      "data: \(statistics.users) users, \(statistics.items) items; \(statistics.train) train, "
        + "\(statistics.valid) valid, \(statistics.test) test")
    Console.error(
      "model: \(configuration.model), alignment \(configuration.alignment ?? "none"), seed \(configuration.seed)")
    if let rank = run.trainer.textRank {
      Console.error(
        "text: \(rank.rank) of \(rank.width) directions, "
          + "\(MetricTable.fixed(100 * rank.energy, 2)) % of the squared length")
    }
    if run.trainer.state.epoch > 0 || run.trainer.state.step > 0 {
      Console.error("resumed at epoch \(run.trainer.state.epoch + 1), step \(run.trainer.state.step + 1)")
    }
  }

  private func save(_ run: Run, name: String, end: TrainingEnd) throws {
    // A run ended by its epoch limit can be resumed with a higher one: its state is kept before the best is restored.
    if end == .epochLimit { _ = try Checkpoint.save(run.trainer, dataOptions: run.data.json, bundle: out) }
    // Each of these has buffers of sizes that the others do not ask for.
    run.trainer.finish()
    BufferPool.shared.trim()
    let metrics = run.trainer.finalMetrics()
    BufferPool.shared.trim()
    let bundle = try run.trainer.bundle(
      name: name, dataSet: run.dataSet, dataName: run.data.displayName, metrics: metrics, end: end)
    try bundle.save(to: out, trainingLog: try log(of: run, end: end, metrics: metrics))
    if end == .earlyStopping { try Checkpoint.remove(bundle: out) }
    var text = "\(out): \(run.trainer.state.epoch) epochs, "
    text += end == .earlyStopping ? "stopped early" : "epoch limit reached"
    if run.trainer.state.bestEpoch >= 0 { text += ", best epoch \(run.trainer.state.bestEpoch + 1)" }
    try Console.output(Array((text + "\n").utf8))
    try Console.output(Array(MetricTable.text(metrics).utf8))
  }

  /// `train.jsonl`: a `run` record, the epochs, an `end` record.
  private func log(of run: Run, end: TrainingEnd, metrics: FinalMetrics) throws -> [UInt8] {
    let head: JSONValue = .object([
      .init("type", .string("run")), .init("schema", .string("darec/training-log/1")),
      .init("version", .string(darecVersion)), .init("configuration", run.trainer.configuration.json),
      .init("data", run.dataSet.statistics.json),
    ])
    var ending: [JSONValue.Member] = [
      .init("type", .string("end")), .init("end", .string(end.rawValue)),
      .init("epochs", .integer(run.trainer.state.epoch)), .init("metrics", metrics.json),
    ]
    if let rank = run.trainer.textRank {
      ending.append(
        .init(
          "text_rank",
          .object([
            .init("rank", .integer(rank.rank)), .init("width", .integer(rank.width)),
            .init("energy", .number(rank.energy)),
          ])))
    }
    let balance = run.trainer.state.balance
    if balance.count > 0 {
      ending.append(
        .init(
          "balance",
          .object([.init("biased", .bool(balance.isBiased)), .init("oscillating", .bool(balance.oscillates))])))
    }
    let tail: JSONValue = .object(ending)
    var lines = [try head.text()]
    lines += run.trainer.state.log
    lines.append(try tail.text())
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Every option of every model and alignment, for `--help`: lines that fit 80 columns.
  private static var optionLists: String {
    let models = BaseModelRegistry.all.map { model -> String in
      let presets = model.presets.isEmpty ? "" : "; presets: " + model.presets.keys.sorted().joined(separator: ", ")
      return OptionHelp.list("Options for --set with --model \(model.name)\(presets):", model.options)
    }
    let alignments = AlignmentRegistry.all.map {
      OptionHelp.list("Options for --set with --align \($0.name):", $0.options)
    }
    let run = OptionHelp.list("Options for --set with any model:", TrainingConfiguration.runOptions)
    return (models + alignments + [run]).joined(separator: "\n\n")
  }
}
