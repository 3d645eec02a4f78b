// Everything that decides what a training run computes, as it is written to config.json and to checkpoints.

import Alignments
import Evaluation
import Files
import Recommenders

/// The settings of a run.
///
/// Two runs with equal settings on equal data give equal models, whatever the thread count.
package struct TrainingConfiguration: Sendable, Equatable {
  /// Registered name of the base model.
  package var model = "lightgcn"
  /// The base model's options.
  package var modelOptions: OptionValues
  /// Registered name of the alignment, nil for none.
  package var alignment: String?
  /// The alignment's options; empty without one.
  package var alignmentOptions = OptionValues([])
  /// Seed of every random stream.
  package var seed: UInt64 = 2023
  /// Most epochs trained.
  package var epochs = 3000
  /// Interactions in a mini-batch; the last one of an epoch may be smaller.
  package var batchSize = 4096
  /// Adam's step size.
  package var learningRate = 1e-3
  /// Validate after every n-th epoch, the first included.
  package var evaluationInterval = 3
  /// Stop after this many validations without improvement.
  package var patience = 5
  /// Validations before this epoch do not count towards stopping.
  ///
  /// Setting an option of the alignment sets it to what the alignment asks for, so a value of one's own is set last.
  package var minimumEpochs = 0

  /// Options that belong to the run, whatever its model and alignment.
  package var options = OptionValues(Self.runOptions)

  /// What the run does to its text vectors.
  package var textControl: TextControl { TextControl(rawValue: options.text("text-control")) ?? .none }

  /// True when the text itself ranks beside the model's vectors, whatever the alignment.
  package var fusesText: Bool { options.text("fusion") == "text" }

  /// The options that belong to the run; names may not collide with those of models and alignments.
  package static let runOptions: [OptionDeclaration] = [
    OptionDeclaration(
      "text-control", .choice(TextControl.allCases.map(\.rawValue)), default: "none",
      "control: permute the text rows, or draw random ones of the same spectrum"),
    OptionDeclaration("text-hops", .integer(0...8), default: "0", "graph hops that smooth the text vectors first"),
    OptionDeclaration(
      "text-rank", .integer(0...1_000_000), default: "0",
      "directions of the text that the alignment sees; 0 is all of them"),
    OptionDeclaration(
      "fusion", .choice(["none", "text"]), default: "none",
      "after training, let the items' text rank beside any model's vectors"),
    OptionDeclaration(
      "language-rate", .number(0...1000), default: "1", "factor on the step size of the language side"),
    OptionDeclaration(
      "balance-gamma", .number(0...4), default: "0", "strength of the step-size coordinator; 0 is off"),
    OptionDeclaration(
      "evaluation-users", .integer(0...1_000_000_000), default: "0",
      "users drawn that train validates and tests on; 0 is everybody"),
  ]

  /// The users that validation and the final metrics are averaged over; nil for all.
  package var evaluationSample: UserSample? {
    UserSample(count: options.integer("evaluation-users"), seed: seed)
  }

  /// The defaults of a model and an alignment.
  /// - Throws: `TrainingError.unknownModel` or `.unknownAlignment`.
  package init(model: String, alignment: String?) throws(TrainingError) {
    let descriptor = try Self.descriptor(model)
    self.model = model
    modelOptions = OptionValues(descriptor.options)
    if let alignment {
      let descriptor = try Self.alignmentDescriptor(alignment)
      self.alignment = alignment
      alignmentOptions = OptionValues(descriptor.options)
      minimumEpochs = descriptor.minimumEpochs(alignmentOptions)
    }
  }

  /// The registered base model of a name.
  package static func descriptor(_ name: String) throws(TrainingError) -> BaseModelDescriptor {
    guard let descriptor = BaseModelRegistry.named(name) else { throw .unknownModel(name) }
    return descriptor
  }

  /// The registered alignment of a name.
  package static func alignmentDescriptor(_ name: String) throws(TrainingError) -> AlignmentDescriptor {
    guard let descriptor = AlignmentRegistry.named(name) else { throw .unknownAlignment(name) }
    return descriptor
  }

  /// Sets an option of the model or, if the model has none of that name, of the alignment.
  package mutating func set(_ name: String, to value: String) throws {
    let descriptor = try Self.descriptor(model)
    if descriptor.options.contains(where: { $0.name == name }) {
      try modelOptions.set(name, to: value, declarations: descriptor.options, owner: model)
      return
    }
    if Self.runOptions.contains(where: { $0.name == name }) {
      try options.set(name, to: value, declarations: Self.runOptions, owner: "training")
      return
    }
    guard let alignment else {
      throw OptionError.unknown(
        name: name, owner: model, known: (descriptor.options + Self.runOptions).map(\.name))
    }
    let other = try Self.alignmentDescriptor(alignment)
    guard other.options.contains(where: { $0.name == name }) else {
      throw OptionError.unknown(
        name: name, owner: "\(model) with \(alignment)",
        known: (descriptor.options + other.options + Self.runOptions).map(\.name))
    }
    try alignmentOptions.set(name, to: value, declarations: other.options, owner: alignment)
    minimumEpochs = other.minimumEpochs(alignmentOptions)
  }

  /// Applies a preset of the model, such as the published settings for one data set.
  package mutating func apply(preset: String) throws {
    let descriptor = try Self.descriptor(model)
    guard let settings = descriptor.presets[preset] else {
      throw TrainingError.unknownPreset(preset, model: model, known: descriptor.presets.keys.sorted())
    }
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      try modelOptions.set(name, to: value, declarations: descriptor.options, owner: model)
    }
    guard let alignment else { return }
    let aligned = try Self.alignmentDescriptor(alignment).presets["\(model)/\(preset)"] ?? [:]
    for (name, value) in aligned.sorted(by: { $0.key < $1.key }) { try set(name, to: value) }
  }

  /// Sets the alignment's weights to what one trade-off parameter stands for.
  package mutating func apply(lambda: Double) throws {
    guard let alignment else { throw TrainingError.lambdaWithoutAlignment }
    let descriptor = try Self.alignmentDescriptor(alignment)
    let settings = descriptor.lambda(String(lambda), alignmentOptions)
    guard !settings.isEmpty else { throw TrainingError.lambdaWithoutMeaning(alignment: alignment) }
    for (name, value) in settings {
      try alignmentOptions.set(name, to: value, declarations: descriptor.options, owner: alignment)
    }
    minimumEpochs = descriptor.minimumEpochs(alignmentOptions)
  }
}

extension TrainingConfiguration {
  /// The configuration as JSON; `init(json:)` reads it back.
  package var json: JSONValue {
    func object(_ options: OptionValues) -> JSONValue {
      .object(options.pairs.map { JSONValue.Member($0.name, .string($0.value)) })
    }
    return .object([
      .init("model", .string(model)),
      .init("model_options", object(modelOptions)),
      .init("alignment", .string(alignment ?? "none")),
      .init("alignment_options", object(alignmentOptions)),
      .init("options", object(options)),
      .init("seed", .string(String(seed))),
      .init("epochs", .integer(epochs)),
      .init("batch_size", .integer(batchSize)),
      .init("learning_rate", .number(learningRate)),
      .init("evaluation_interval", .integer(evaluationInterval)),
      .init("patience", .integer(patience)),
      .init("minimum_epochs", .integer(minimumEpochs)),
    ])
  }

  /// What a number of epochs or interactions may be; sums of two stay far from overflow.
  private static let counts = 0...1_000_000_000

  /// Reads what `json` wrote.
  /// - Throws: `TrainingError.badConfiguration`, or an `OptionError` for an option this version does not have.
  package init(json: JSONValue) throws {
    guard let model = json["model"]?.string, let alignment = json["alignment"]?.string else {
      throw TrainingError.badConfiguration("it names no model and alignment")
    }
    try self.init(model: model, alignment: alignment == "none" ? nil : alignment)
    for member in (json["model_options"]?.object ?? []) + (json["alignment_options"]?.object ?? [])
      + (json["options"]?.object ?? [])
    {
      guard let value = member.value.string else {
        throw TrainingError.badConfiguration("option '\(member.key)' is not a string")
      }
      try set(member.key, to: value)
    }
    guard
      let seed = json["seed"]?.string.flatMap({ UInt64($0) }), let epochs = json["epochs"]?.int,
      let batchSize = json["batch_size"]?.int, let learningRate = json["learning_rate"]?.double,
      let interval = json["evaluation_interval"]?.int, let patience = json["patience"]?.int,
      let minimum = json["minimum_epochs"]?.int, Self.counts.contains(epochs), batchSize > 0,
      Self.counts.contains(batchSize), interval > 0, Self.counts.contains(minimum), learningRate > 0,
      learningRate.isFinite
    else { throw TrainingError.badConfiguration("a setting is missing or out of range") }
    self.seed = seed
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    evaluationInterval = interval
    self.patience = patience
    minimumEpochs = minimum
  }
}
