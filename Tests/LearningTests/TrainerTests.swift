// What a run promises: the same bytes from any thread count and from any resume, and weight 0 changes nothing.

import Alignments
import Evaluation
import Files
import Numerics
import Recommenders
import TestSupport
import Testing
import Training

/// A small problem with structure in behaviour and text.
func smallProblem(users: Int = 60, items: Int = 40, text: Bool = true) -> TrainingProblem {
  var stream = RandomStream(seed: 11, purpose: .test)
  var parts: [[(row: Int32, column: Int32)]] = [[], [], []]
  for user in 0..<users {
    for item in 0..<items where stream.uniform() < (user % 4 == item % 4 ? 0.5 : 0.04) {
      let draw = stream.uniform()
      parts[draw < 0.6 ? 0 : draw < 0.8 ? 1 : 2].append((Int32(user), Int32(item)))
    }
  }
  func matrix(_ index: Int) -> CSRMatrix { CSRMatrix(rows: users, columns: items, entries: parts[index]) }
  var vectors: Matrix?
  if text {
    let matrix = Matrix(rows: users + items, columns: 24)
    for node in 0..<users + items {
      let group = (node < users ? node : node - users) % 4
      for column in 0..<24 {
        matrix[node, column] = Float(stream.normal()) * 0.3 + (column % 4 == group ? 1 : 0)
      }
    }
    vectors = matrix
  }
  return TrainingProblem(
    training: matrix(0), validation: matrix(1), test: matrix(2), text: vectors, fingerprint: "small")
}

/// Trains and returns the trainer with its parameters as they were at the end.
func train(
  _ problem: TrainingProblem, model: String = "lightgcn", alignment: String? = "darec", epochs: Int = 4,
  change: (inout TrainingConfiguration) throws -> Void = { _ in }
) throws -> Trainer {
  var configuration = try TrainingConfiguration(model: model, alignment: alignment)
  configuration.epochs = epochs
  configuration.batchSize = 100
  try change(&configuration)
  let trainer = try Trainer(problem: problem, configuration: configuration)
  _ = try trainer.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
  return trainer
}

/// Checksum of the bits of all parameters.
func parameterBits(_ trainer: Trainer, named prefix: String = "") -> UInt32 {
  var checksum = CRC32C()
  for parameter in trainer.optimizer.parameters where parameter.name.hasPrefix(prefix) {
    checksum.update(UnsafeRawBufferPointer(parameter.value.elements))
  }
  return checksum.value
}

/// Serialized: the thread count is a property of the process.
@Suite(.serialized) struct TrainerTests {
  @Test(arguments: ["bprmf", "lightgcn"], [nil, "darec"])
  func anyThreadCountGivesTheSameBits(model: String, alignment: String?) throws {
    defer { Parallelism.threadCount = Parallelism.processorCount }
    var reference: UInt32 = 0
    for threads in [1, 2, 3, 8] {
      Parallelism.threadCount = threads
      let bits = parameterBits(try train(smallProblem(), model: model, alignment: alignment))
      if threads == 1 { reference = bits } else { #expect(bits == reference, "\(threads) threads") }
    }
  }

  /// Many nodes: every parallel loop has several blocks, so an order that depended on threads would show.
  @Test func anyThreadCountGivesTheSameBitsOfALargerModel() throws {
    defer { Parallelism.threadCount = Parallelism.processorCount }
    let problem = smallProblem(users: 900, items: 500)
    var reference: [UInt32] = []
    for threads in [1, 2, 3, 8] {
      Parallelism.threadCount = threads
      let trainer = try train(problem, epochs: 1) {
        $0.batchSize = 6000
        $0.learningRate = 5e-3
      }
      let parts = try #require(trainer.alignment?.parts(representation: trainer.model.finalRepresentation()))
      let centres = try #require(trainer.alignment?.centres(of: parts))
      var checksum = CRC32C()
      for matrix in [parts.languageShared, parts.collaborativeSpecific, centres.collaborative, centres.language] {
        checksum.update(UnsafeRawBufferPointer(matrix.elements))
      }
      for line in trainer.state.log { Array(line.utf8).withUnsafeBytes { checksum.update($0) } }
      let bits = [parameterBits(trainer), checksum.value]
      if threads == 1 { reference = bits } else { #expect(bits == reference, "\(threads) threads") }
    }
  }

  @Test func otherSeedsGiveOtherModels() throws {
    let first = parameterBits(try train(smallProblem()))
    let second = parameterBits(try train(smallProblem()) { $0.seed = 7 })
    #expect(first != second)
  }

  @Test(arguments: ["bprmf", "lightgcn"])
  func weightZeroGivesTheBaseModel(model: String) throws {
    let base = parameterBits(try train(smallProblem(), model: model, alignment: nil), named: "embedding")
    let zero = try train(smallProblem(), model: model) { try $0.apply(lambda: 0) }
    #expect(parameterBits(zero, named: "embedding") == base)
    // Terms that are computed but have weight zero must leave no trace either.
    let partial = try train(smallProblem(), model: model) {
      try $0.apply(lambda: 0)
      try $0.set("score", to: "final")
    }
    #expect(parameterBits(partial, named: "embedding") == base)
    let aligned = parameterBits(try train(smallProblem(), model: model), named: "embedding")
    #expect(aligned != base)
  }

  @Test(arguments: [0, 3, 5, 9], [nil, "darec"])
  func stoppedAnywhereAndResumedGivesTheSameBits(steps: Int, alignment: String?) throws {
    let directory = try TemporaryFolder()
    let whole = try train(smallProblem(), alignment: alignment)

    var configuration = whole.configuration
    configuration.epochs = 4
    let first = try Trainer(problem: smallProblem(), configuration: configuration)
    var taken = 0
    let end = try first.run(
      observer: nil,
      isCancelled: {
        taken += 1
        return taken > steps
      },
      saveCheckpoint: { try Checkpoint.save($0, dataOptions: .array(["--data", "x"]), bundle: directory.path) },
      clock: { 0 })
    #expect(end == .interrupted)

    let (file, header) = try Checkpoint.open(bundle: directory.path)
    #expect(header.configuration == configuration)
    let second = try Trainer(problem: smallProblem(), configuration: header.configuration)
    try Checkpoint.restore(second, from: file, header: header)
    _ = try second.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
    #expect(parameterBits(second) == parameterBits(whole))
    #expect(second.state.log == whole.state.log)
    second.finish()
    whole.finish()
    #expect(parameterBits(second) == parameterBits(whole))
  }

  @Test func otherDataIsRefusedOnResume() throws {
    let directory = try TemporaryFolder()
    let trainer = try train(smallProblem(), epochs: 1)
    _ = try Checkpoint.save(trainer, dataOptions: .array([]), bundle: directory.path)
    var other = smallProblem()
    other.fingerprint = "other"
    let (file, header) = try Checkpoint.open(bundle: directory.path)
    let fresh = try Trainer(problem: other, configuration: header.configuration)
    #expect(throws: TrainingError.self) { try Checkpoint.restore(fresh, from: file, header: header) }
  }

  @Test func missingCheckpointSaysSo() throws {
    let directory = try TemporaryFolder()
    #expect(throws: TrainingError.self) { _ = try Checkpoint.open(bundle: directory.path) }
  }

  @Test func learnsThePlantedGroups() throws {
    let trainer = try train(smallProblem(), alignment: nil, epochs: 60) { $0.learningRate = 0.01 }
    trainer.finish()
    let recall = try #require(trainer.finalMetrics().test?.value(.recall, at: 10))
    // A user's group has ten items; chance finds a quarter of the test items among ten of forty.
    #expect(recall > 0.5)
  }

  @Test func earlyStoppingKeepsTheBestParameters() throws {
    let trainer = try train(smallProblem(), epochs: 2000) {
      try $0.set("score", to: "final")
      $0.learningRate = 0.05
      $0.minimumEpochs = 0
      $0.patience = 2
    }
    #expect(trainer.state.epoch < 2000)
    #expect(trainer.state.badEvaluations == 2)
    trainer.finish()
    let value = try #require(trainer.finalMetrics().validation?.value(.recall, at: 20))
    #expect(value == trainer.state.bestValue)
  }

  @Test func aDivergingRunStopsAtItsStep() throws {
    do {
      _ = try train(smallProblem(), epochs: 50) { $0.learningRate = 1e30 }
      Issue.record("a step size of 1e30 must diverge")
    } catch let error as TrainingError {
      guard case .diverged(let epoch, let step, _, _) = error else { throw error }
      #expect(epoch == 1)
      #expect(step <= 3)
    }
  }

  @Test func textIsNeededForAnAlignment() {
    #expect(throws: TrainingError.self) { _ = try train(smallProblem(text: false)) }
  }

  @Test(
    arguments: [
      ("pooling", "by-type"), ("global-similarity", "dot"), ("global-scale", "per-node"), ("sampling", "batch"),
      ("sampling", "all"), ("matching", "optimal"), ("matching", "greedy"), ("matching", "nearest"),
      ("matching", "random"), ("local-loss", "diagonal"), ("local-loss", "distance"), ("local-loss", "contrastive"),
      ("centre-metric", "euclidean"), ("score", "projected"), ("score", "sum"), ("score", "shared"),
      ("collaborative-parts", "halves"),
      ("pretrain-epochs", "2"), ("center-text", "true"), ("projector-layers", "1"), ("projector-layers", "3"),
      ("lambda-scope", "alignment"), ("sample-size", "17"), ("centres", "3"),
    ])
  func everyReadingOfThePaperTrains(option: String, value: String) throws {
    let standard = parameterBits(try train(smallProblem(), epochs: 3))
    let trainer = try train(smallProblem(), epochs: 3) {
      try $0.set(option, to: value)
      if option == "lambda-scope" { try $0.apply(lambda: 0.3) }
    }
    // All nodes are fewer than the sample: taking all is then the same reading.
    #expect((parameterBits(trainer) == standard) == (value == "all"))
    let vectors = trainer.rankingVectors()
    #expect(vectors.users.rows == 60 && vectors.items.rows == 40)
    #expect(trainer.finalMetrics().test?.value(.recall, at: 20) ?? 0 > 0)
    if option == "score" && value == "projected" { #expect(vectors.users.columns == 64) }
  }

  @Test(arguments: ["32", "33"]) func halvesAddUpToTheScoreOfTheBaseModel(dimension: String) throws {
    let trainer = try train(smallProblem(), epochs: 3) {
      try $0.set("dimension", to: dimension)
      try $0.set("collaborative-parts", to: "halves")
      try $0.set("score", to: "projected")
    }
    let representation = trainer.model.finalRepresentation()
    let parts = try #require(trainer.alignment?.parts(representation: representation))
    #expect(parts.collaborativeShared.columns == parts.languageShared.columns)
    let vectors = trainer.rankingVectors()
    for user in 0..<60 {
      for item in 0..<40 {
        func dot(_ x: Matrix) -> Double {
          (0..<x.columns).reduce(0.0) { $0 + Double(x.row(user)[$1]) * Double(x.row(60 + item)[$1]) }
        }
        let whole = (0..<vectors.users.columns).reduce(0.0) {
          $0 + Double(vectors.users.row(user)[$1]) * Double(vectors.items.row(item)[$1])
        }
        #expect(abs(dot(parts.collaborativeShared) + dot(parts.collaborativeSpecific) - whole) < 1e-12)
      }
    }
    #expect(trainer.alignment?.ranksWithRepresentation == true)
  }

  @Test func partsAndCentresCoverAllNodes() throws {
    let trainer = try train(smallProblem())
    let alignment = try #require(trainer.alignment)
    let parts = try #require(alignment.parts(representation: trainer.model.finalRepresentation()))
    for part in [
      parts.collaborativeShared, parts.collaborativeSpecific, parts.languageShared, parts.languageSpecific,
    ] {
      #expect(part.rows == 100 && part.columns == 32)
    }
    let centres = try #require(alignment.centres(of: parts))
    #expect(centres.collaborativeLabels.count == 100)
    #expect(centres.matching.sorted() == (0..<8).map { Int32($0) })
  }

  @Test func attributionAddsUpToTheFinalVectors() throws {
    let trainer = try train(smallProblem(), alignment: nil)
    guard case .propagation(let own, let partial) = trainer.model.attribution() else {
      Issue.record("LightGCN is linear")
      return
    }
    let final = trainer.model.finalRepresentation()
    let graph = trainer.problem.training
    let itemDegrees = graph.transposed().matrix
    for user in 0..<60 {
      for column in 0..<32 {
        var sum = Double(own[user, column])
        for item in graph.row(user) {
          let weight = 1 / (Double(graph.degree(user)) * Double(itemDegrees.degree(Int(item)))).squareRoot()
          sum += weight * Double(partial[Int(item), column])
        }
        #expect(abs(sum - Double(final[user, column])) < 1e-5)
      }
    }
  }
}
