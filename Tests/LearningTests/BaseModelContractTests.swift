// What every base model promises, for all registered models: a new one is covered without a line here.

import Alignments
import Autodiff
import Evaluation
import Files
import Interactions
import ModelFile
import Numerics
import Recommenders
import TestSupport
import Testing
import Training

/// Options that make a model small enough for tests; those a model does not declare are left out.
private let smallOptions = [
  ("dimension", "8"), ("intents", "6"), ("seeds", "3"), ("redraw", "3"), ("heads", "2"),
]

private func small(
  _ configuration: inout TrainingConfiguration, model: String, extra: [(String, String)] = []
) throws {
  let declared = BaseModelRegistry.named(model)?.options.map(\.name) ?? []
  for (name, value) in smallOptions + extra where declared.contains(name) { try configuration.set(name, to: value) }
}

private func makeModel(
  _ name: String, _ interactions: CSRMatrix, seed: UInt64 = 3, settings: [(String, String)] = []
) throws -> any BaseModel {
  var configuration = try TrainingConfiguration(model: name, alignment: nil)
  try small(&configuration, model: name, extra: settings)
  let descriptor = try #require(BaseModelRegistry.named(name))
  return descriptor.make(ModelProblem(interactions: interactions, seed: seed), configuration.modelOptions)
}

private let modelNames = BaseModelRegistry.all.map(\.name)

/// Serialized: the thread count is a property of the process.
@Suite(.serialized) struct BaseModelContractTests {
  @Test func namesOptionsAndPresetsAreWellFormed() throws {
    #expect(Set(modelNames).count == modelNames.count)
    for descriptor in BaseModelRegistry.all {
      let names = descriptor.options.map(\.name)
      #expect(Set(names).count == names.count, "\(descriptor.name)")
      #expect(names.contains("dimension") && names.contains("regularization"), "\(descriptor.name)")
      for option in descriptor.options {
        #expect(option.accepts(option.defaultValue), "\(descriptor.name) \(option.name)")
      }
      for preset in descriptor.presets.keys.sorted() {
        var configuration = try TrainingConfiguration(model: descriptor.name, alignment: nil)
        try configuration.apply(preset: preset)
        // The defaults are the settings of Amazon-book.
        if preset == "amazon" {
          #expect(configuration == (try TrainingConfiguration(model: descriptor.name, alignment: nil)))
        }
      }
    }
  }

  @Test(arguments: modelNames)
  func shapesFit(name: String) throws {
    let interactions = smallProblem().training
    let model = try makeModel(name, interactions)
    let nodes = interactions.rows + interactions.columns
    #expect(model.parameters.contains { $0 === model.embedding })
    #expect(Set(model.parameters.map(\.name)).count == model.parameters.count)
    #expect(model.embedding.value.rows == nodes)
    let final = model.finalRepresentation()
    #expect(final.rows == nodes && final.columns == model.representationWidth)
    let tape = Tape()
    let position = StepPosition(seed: 3, epoch: 0, step: 0)
    let represented = model.represent(tape.variable(model.embedding), on: tape, at: position)
    #expect(represented.value.rows == nodes && represented.value.columns == model.representationWidth)
    #expect(represented.requiresGradient)
    switch model.attribution() {
    case .propagation(let own, let partial):
      #expect(own.rows == interactions.rows && own.columns == model.representationWidth)
      #expect(partial.rows == interactions.columns && partial.columns == model.representationWidth)
    case .representation, .none: break
    }
  }

  /// The loss of one step as a function of all parameters, with the random draws of the step held fixed.
  @Test(arguments: modelNames, [0, 1])
  func gradientsOfAllParametersMatchCentralDifferences(name: String, step: Int) throws {
    let problem = smallProblem()
    let position = StepPosition(seed: 3, epoch: 1, step: step)
    // Noise whose sign follows an element makes the loss jump where the element changes sign: no difference quotient.
    let model = try makeModel(name, problem.training, settings: [("noise", "0")])
    // Xavier's values are small for so few nodes; larger ones show every term.
    for parameter in model.parameters { parameter.value.scale(by: 2) }
    let entries = problem.training
    let sampled = (0..<90).map { $0 * 5 % entries.entryCount }
    let owners = (0..<entries.rows).flatMap { row in repeatElement(Int32(row), count: entries.degree(row)) }
    let batch = Batch(
      users: sampled.map { owners[$0] }, positives: sampled.map { entries.columnIndices[$0] },
      negatives: sampled.map { Int32(($0 * 7 + 3) % entries.columns) })
    // A model that keeps graphs between steps draws them now, and not again for every shifted parameter.
    _ = model.represent(
      Tape().constant(model.embedding.value), on: Tape(), at: StepPosition(seed: 3, epoch: 1, step: 0))
    let kept = model.state
    expectGradientMatchesCentralDifference(of: model.parameters, step: 1e-3, tolerance: 2e-2) { tape in
      model.restore(state: kept)
      let input = tape.variable(model.embedding)
      let representation = model.represent(input, on: tape, at: position)
      return model.losses(
        on: tape, views: NodeViews(input: input, representation: representation, scoring: representation),
        batch: batch, at: position)
    }
  }

  @Test(arguments: modelNames)
  func anyThreadCountGivesTheSameBits(name: String) throws {
    defer { Parallelism.threadCount = Parallelism.processorCount }
    let problem = smallProblem(users: 600, items: 150, text: false)
    var reference: UInt32 = 0
    for threads in [1, 2] {
      Parallelism.threadCount = threads
      let trainer = try train(problem, model: name, alignment: nil, epochs: 1) {
        try small(&$0, model: name)
        $0.batchSize = 6000
      }
      let bits = parameterBits(trainer)
      if threads == 1 { reference = bits } else { #expect(bits == reference) }
    }
  }

  @Test(arguments: modelNames)
  func stoppedBeforeAnyStepAndResumedGivesTheSameBits(name: String) throws {
    let problem = smallProblem(text: false)
    let whole = try train(problem, model: name, alignment: nil, epochs: 2) { try small(&$0, model: name) }
    for stop in 0..<2 * whole.stepsPerEpoch {
      let directory = try TemporaryFolder()
      let first = try Trainer(problem: problem, configuration: whole.configuration)
      var polled = 0
      _ = try first.run(
        observer: nil,
        isCancelled: {
          polled += 1
          return polled > stop
        },
        saveCheckpoint: { try Checkpoint.save($0, dataOptions: .array([]), bundle: directory.path) }, clock: { 0 })
      let (file, header) = try Checkpoint.open(bundle: directory.path)
      let second = try Trainer(problem: problem, configuration: header.configuration)
      try Checkpoint.restore(second, from: file, header: header)
      _ = try second.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
      #expect(parameterBits(second) == parameterBits(whole), "stopped before step \(stop)")
      #expect(second.state.log == whole.state.log, "stopped before step \(stop)")
    }
  }

  @Test(arguments: modelNames)
  func aMalformedStateIsIgnored(name: String) throws {
    let model = try makeModel(name, smallProblem().training)
    let before = model.finalRepresentation().values
    for value in [Float.nan, .infinity, -1, 0.5, 3e9] {
      let names = ["subgraph.seeds", "subgraph.position", "other"]
      model.restore(state: names.map { (name: $0, value: Matrix(rows: 2, columns: 2, values: [value, value, 0, 0])) })
      model.restore(state: names.map { (name: $0, value: Matrix(rows: 1, columns: 3)) })
    }
    #expect(model.finalRepresentation().values == before)
    let tape = Tape()
    let represented = model.represent(
      tape.variable(model.embedding), on: tape, at: StepPosition(seed: 3, epoch: 0, step: 1))
    #expect(represented.value.sumOfSquares().isFinite)
  }

  @Test(arguments: modelNames)
  func savedAndLoadedItRanksTheSame(name: String) throws {
    let trainer = try train(smallProblem(text: false), model: name, alignment: nil, epochs: 1) {
      try small(&$0, model: name)
    }
    let metrics = trainer.finalMetrics()
    for report in [metrics.validation, metrics.test] {
      for entry in try #require(report).values { #expect((0...1).contains(entry.value), "\(entry.name.text)") }
    }
    let problem = trainer.problem
    let dataSet = DataSet(
      users: IdentifierMap((0..<problem.users).map { "u\($0)" }),
      items: IdentifierMap((0..<problem.items).map { "i\($0)" }), train: problem.training,
      valid: problem.validation, test: problem.test)
    let directory = try TemporaryFolder()
    try trainer.bundle(name: name, dataSet: dataSet, dataName: "small", metrics: metrics, end: .epochLimit)
      .save(to: directory.path + "/model")
    let loaded = try Bundle.load(directory.path + "/model")
    let final = trainer.model.finalRepresentation().values
    #expect(loaded.finalUsers.values + loaded.finalItems.values == final)
    #expect(loaded.dimension == trainer.model.representationWidth)
  }

  @Test(arguments: modelNames)
  func weightZeroOfTheAlignmentGivesTheBaseModel(name: String) throws {
    func trained(_ alignment: String?) throws -> [UInt32] {
      let trainer = try train(smallProblem(), model: name, alignment: alignment, epochs: 2) {
        try small(&$0, model: name)
        if alignment != nil { try $0.apply(lambda: 0) }
      }
      return trainer.model.parameters.map { parameterBits(trainer, named: $0.name) }
    }
    #expect(try trained("darec") == trained(nil))
  }

  @Test(arguments: modelNames)
  func theAlignmentReachesTheModel(name: String) throws {
    let base = try train(smallProblem(), model: name, alignment: nil, epochs: 1) { try small(&$0, model: name) }
    let aligned = try train(smallProblem(), model: name, epochs: 1) { try small(&$0, model: name) }
    #expect(parameterBits(base, named: "embedding") != parameterBits(aligned, named: "embedding"))
  }

  @Test(arguments: modelNames)
  func attributionAddsUpToTheFinalVectors(name: String) throws {
    let graph = smallProblem().training
    let model = try makeModel(name, graph)
    guard case .propagation(let own, let partial) = model.attribution() else { return }
    let final = model.finalRepresentation()
    let items = graph.transposed().matrix
    for user in 0..<graph.rows {
      for column in 0..<model.representationWidth {
        var sum = Double(own[user, column])
        for item in graph.row(user) {
          let weight = 1 / (Double(graph.degree(user)) * Double(items.degree(Int(item)))).squareRoot()
          sum += weight * Double(partial[Int(item), column])
        }
        #expect(abs(sum - Double(final[user, column])) < 1e-5)
      }
    }
  }

  @Test(arguments: modelNames)
  func learnsThePlantedGroups(name: String) throws {
    let trainer = try train(smallProblem(text: false), model: name, alignment: nil, epochs: 60) {
      try small(&$0, model: name)
      $0.learningRate = 0.01
    }
    trainer.finish()
    let recall = try #require(trainer.finalMetrics().test?.value(.recall, at: 10))
    // A user's group has ten items; chance finds a quarter of the test items among ten of forty.
    #expect(recall > 0.37)
  }

  @Test(arguments: modelNames, DegenerateProblem.all.filter { $0.settings.isEmpty })
  func trainsToFiniteResultsOnDegenerateData(name: String, example: DegenerateProblem) throws {
    let trainer = try train(example.problem, model: name, alignment: nil, epochs: 3) {
      $0.batchSize = example.batchSize
    }
    for parameter in trainer.optimizer.parameters { #expect(parameter.value.sumOfSquares().isFinite) }
    let vectors = trainer.rankingVectors()
    #expect(vectors.users.sumOfSquares().isFinite && vectors.items.sumOfSquares().isFinite)
  }
}

/// Options of single models that change what is computed.
@Suite struct BaseModelOptionTests {
  @Test(
    arguments: [
      ("gccf", "self-loops", "false"), ("gccf", "layers", "0"), ("lightgcn", "layers", "0"), ("sgl", "layers", "2"),
      ("sgl", "keep-rate", "0.5"), ("sgl", "contrast-weight", "0"), ("simgcl", "noise", "0.1"),
      ("simgcl", "contrast-temperature", "0.01"), ("dccf", "item-divisor", "items"), ("dccf", "layers", "3"),
      ("dccf", "intents", "1"), ("autocf", "mask-depth", "1"), ("autocf", "mask-depth", "3"),
      ("autocf", "transformer-layers", "2"), ("autocf", "transformer-layers", "0"), ("autocf", "heads", "4"),
      ("autocf", "ssl-weight", "0"), ("autocf", "seeds", "0"), ("autocf", "seeds", "1000"), ("autocf", "redraw", "1"),
      ("autocf", "sampled-share", "0"),
    ])
  func everyOptionTrains(model: String, option: String, value: String) throws {
    let standard = try train(smallProblem(text: false), model: model, alignment: nil, epochs: 2) {
      try small(&$0, model: model)
    }
    let changed = try train(smallProblem(text: false), model: model, alignment: nil, epochs: 2) {
      try small(&$0, model: model)
      try $0.set(option, to: value)
    }
    for parameter in changed.optimizer.parameters { #expect(parameter.value.sumOfSquares().isFinite) }
    #expect(parameterBits(changed, named: "embedding") != parameterBits(standard, named: "embedding"))
  }

  @Test func withoutSelfLoopsGCCFExplainsItself() throws {
    let graph = smallProblem().training
    var configuration = try TrainingConfiguration(model: "gccf", alignment: nil)
    try configuration.set("self-loops", to: "false")
    let model = GCCF(problem: ModelProblem(interactions: graph, seed: 3), options: configuration.modelOptions)
    guard case .propagation(let own, let partial) = model.attribution() else {
      Issue.record("a linear model without self-loops has a decomposition")
      return
    }
    let final = model.finalRepresentation()
    let items = graph.transposed().matrix
    for user in 0..<graph.rows {
      for column in 0..<model.representationWidth {
        let sum = graph.row(user).reduce(Double(own[user, column])) { sum, item in
          sum + Double(partial[Int(item), column])
            / (Double(graph.degree(user)) * Double(items.degree(Int(item)))).squareRoot()
        }
        #expect(abs(sum - Double(final[user, column])) < 1e-5)
      }
    }
  }
}
