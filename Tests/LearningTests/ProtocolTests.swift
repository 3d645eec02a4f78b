// The training protocol of Docs/Method.md, step by step: when it validates, what counts, when it stops.

import Alignments
import Evaluation
import Files
import Numerics
import TestSupport
import Testing
import Training

/// The parsed lines of a run's log.
private func records(_ trainer: Trainer) throws -> [JSONValue] {
  try trainer.state.log.map { try JSONValue.parse($0) }
}

@Suite struct ProtocolTests {
  @Test func validatesAfterTheFirstEpochAndEveryThird() throws {
    let trainer = try train(smallProblem(), alignment: nil, epochs: 8)
    let validated = try records(trainer).filter { $0["validation"] != nil }.compactMap { $0["epoch"]?.int }
    #expect(validated == [1, 4, 7])
  }

  @Test func onlyAStrictlyBetterValidationIsTheBest() throws {
    // Steps too small to change a ranking: every validation gives the same value.
    let trainer = try train(smallProblem(), alignment: nil, epochs: 100) {
      $0.learningRate = 1e-12
      $0.patience = 4
    }
    #expect(trainer.state.bestEpoch == 0)
    // The first validation and four without improvement, three epochs apart.
    #expect(trainer.state.epoch == 13)
  }

  @Test func theLastPartialBatchIsTrained() throws {
    let problem = smallProblem()
    let trainer = try train(problem, alignment: nil, epochs: 1) { $0.batchSize = problem.training.entryCount - 1 }
    #expect(trainer.stepsPerEpoch == 2)
    #expect(trainer.optimizer.stepCounts == [2])
  }

  @Test(arguments: [nil, "darec"])
  func aRunStoppedEarlyStaysStoppedWhenResumed(alignment: String?) throws {
    let directory = try TemporaryFolder()
    let whole = try train(smallProblem(), alignment: alignment, epochs: 500) {
      $0.learningRate = 0.05
      $0.minimumEpochs = 0
      $0.patience = 2
    }
    _ = try Checkpoint.save(whole, dataOptions: .array([]), bundle: directory.path)
    let (file, header) = try Checkpoint.open(bundle: directory.path)
    let resumed = try Trainer(problem: smallProblem(), configuration: header.configuration)
    try Checkpoint.restore(resumed, from: file, header: header)
    let end = try resumed.run(
      observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
    #expect(end == .earlyStopping)
    #expect(resumed.state.epoch == whole.state.epoch)
    whole.finish()
    resumed.finish()
    #expect(parameterBits(resumed) == parameterBits(whole))
  }

  /// Stops before each step of a run in turn, around evaluations and epoch ends too.
  @Test func everyStepIsAPlaceToStopAndResume() throws {
    let whole = try train(smallProblem())
    let steps = 4 * whole.stepsPerEpoch
    for stop in 0..<steps {
      let directory = try TemporaryFolder()
      let first = try Trainer(problem: smallProblem(), configuration: whole.configuration)
      var polled = 0
      _ = try first.run(
        observer: nil,
        isCancelled: {
          polled += 1
          return polled > stop
        },
        saveCheckpoint: { try Checkpoint.save($0, dataOptions: .array([]), bundle: directory.path) }, clock: { 0 })
      let (file, header) = try Checkpoint.open(bundle: directory.path)
      let second = try Trainer(problem: smallProblem(), configuration: header.configuration)
      try Checkpoint.restore(second, from: file, header: header)
      _ = try second.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
      #expect(parameterBits(second) == parameterBits(whole), "stopped before step \(stop)")
      #expect(second.state.log == whole.state.log, "stopped before step \(stop)")
      #expect(second.alignment?.state.map(\.value.values) == whole.alignment?.state.map(\.value.values))
    }
  }

  @Test func weightZeroStopsWhereTheBaseModelStops() throws {
    func ended(_ alignment: String?, _ change: (inout TrainingConfiguration) throws -> Void) throws -> Trainer {
      try train(smallProblem(), alignment: alignment, epochs: 500) {
        $0.learningRate = 0.05
        $0.patience = 2
        try change(&$0)
      }
    }
    let base = try ended(nil) { _ in }
    let byLambda = try ended("darec") { try $0.apply(lambda: 0) }
    let byTerm = try ended("darec") {
      for name in ["orthogonality", "uniformity", "global", "local"] { try $0.set(name, to: "0") }
    }
    #expect(base.state.epoch < 30)
    for trainer in [base, byLambda, byTerm] { trainer.finish() }
    for trainer in [byLambda, byTerm] {
      #expect(trainer.state.epoch == base.state.epoch)
      #expect(parameterBits(trainer, named: "embedding") == parameterBits(base, named: "embedding"))
    }
  }

  @Test(arguments: ["orthogonality", "uniformity", "global", "local"])
  func aTermOfWeightZeroLeavesNoTrace(term: String) throws {
    // Only language projectors of the term differ: with one weight zero, the others' bits must not depend on its form.
    let forms: [String: (String, String)] = ["global": ("global-scale", "sum"), "local": ("local-loss", "distance")]
    guard let (option, value) = forms[term] else {
      // These have one form: all other weights zero too must be the base model.
      let alone = try train(smallProblem()) {
        try $0.apply(lambda: 0)
        try $0.set(term, to: "0")
      }
      let base = try train(smallProblem(), alignment: nil)
      #expect(parameterBits(alone, named: "embedding") == parameterBits(base, named: "embedding"))
      return
    }
    let first = try train(smallProblem()) { try $0.set(term, to: "0") }
    let second = try train(smallProblem()) {
      try $0.set(term, to: "0")
      try $0.set(option, to: value)
    }
    #expect(parameterBits(first) == parameterBits(second))
  }

  @Test(arguments: ["final", "projected"])
  func theBaseModelTrainsAloneUntilTheAlignmentBegins(score: String) throws {
    func pretrained(_ epochs: Int) throws -> Trainer {
      try train(smallProblem(), epochs: epochs) {
        try $0.set("score", to: score)
        try $0.set("pretrain-epochs", to: "5")
      }
    }
    let base = try train(smallProblem(), alignment: nil, epochs: 5)
    let before = try pretrained(5)
    #expect(parameterBits(before, named: "embedding") == parameterBits(base, named: "embedding"))
    // Its projectors are still random: neither what ranks nor the best model may come from them.
    #expect(before.state.bestEpoch == -1)
    #expect(before.finalMetrics().test?.values.map(\.value) == base.finalMetrics().test?.values.map(\.value))
    let after = try pretrained(8)
    #expect(after.state.bestEpoch == 6)
    #expect(after.rankingVectors().users.columns == (score == "final" ? 32 : 64))
  }

  @Test func stoppingWaitsForThePretraining() throws {
    var configuration = try TrainingConfiguration(model: "lightgcn", alignment: "darec")
    #expect(configuration.minimumEpochs == 30)
    try configuration.set("pretrain-epochs", to: "50")
    #expect(configuration.minimumEpochs == 80)
    let same = try TrainingConfiguration(json: configuration.json)
    #expect(same == configuration)
  }

  @Test func aSpoiltParameterIsNotCheckpointed() throws {
    var configuration = try TrainingConfiguration(model: "lightgcn", alignment: nil)
    configuration.batchSize = 100
    let trainer = try Trainer(problem: smallProblem(), configuration: configuration)
    var polled = 0
    do {
      _ = try trainer.run(
        observer: nil,
        isCancelled: {
          polled += 1
          if polled == 3 { trainer.optimizer.parameters[0].value[2, 1] = .nan }
          return polled == 3
        },
        saveCheckpoint: { _ in
          Issue.record("a checkpoint without use was written")
          return nil
        }, clock: { 0 })
      Issue.record("a parameter that is not a number must end the run")
    } catch let error as TrainingError {
      guard case .diverged(let epoch, let step, let what, _) = error else { throw error }
      #expect(epoch == 1 && step == 2 && what.contains("embedding"))
    }
  }

  @Test func aDivergedTermIsNamedWithItsStep() throws {
    let trainer = try Trainer(
      problem: smallProblem(), configuration: try TrainingConfiguration(model: "lightgcn", alignment: "darec"))
    for parameter in trainer.optimizer.parameters where parameter.name == "language.shared.bias2" {
      parameter.value[0, 0] = .infinity
    }
    do {
      _ = try trainer.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
      Issue.record("an infinite projector must end the run")
    } catch let error as TrainingError {
      guard case .diverged(1, 1, let what, _) = error else { throw error }
      #expect(what == "loss term 'orthogonality.language'")
    }
  }

  @Test(arguments: ["epochs", "batch_size", "minimum_epochs", "learning_rate"])
  func aConfigurationOutOfRangeIsRefused(member: String) throws {
    let configuration = try TrainingConfiguration(model: "lightgcn", alignment: nil)
    let members = (configuration.json.object ?? []).map { entry -> JSONValue.Member in
      guard entry.key == member else { return entry }
      return .init(entry.key, member == "learning_rate" ? .number(-1) : .integer(Int.max))
    }
    #expect(throws: TrainingError.self) { _ = try TrainingConfiguration(json: .object(members)) }
  }
}
