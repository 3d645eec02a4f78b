// One run in a process of its own: data, training, evaluation, costs.

import Evaluation
import Files
import Interactions
import Numerics
import Training

/// Carries out the definition of a run.
package struct RunExecution {
  /// What is run.
  package let definition: RunDefinition
  /// The data that the definition names.
  package let dataSet: DataSet
  /// A monotonic time in seconds.
  package let clock: () -> Double

  /// What a run gives.
  package struct Outcome {
    /// Metrics, epochs and curves: a function of the definition.
    package var results: JSONValue
    /// Times and memory.
    package var costs: JSONValue
    /// Metrics of every test user; nil while tuning.
    package var users: UserMetrics?
  }

  /// Prepares a run.
  /// - Throws: `ExperimentError.dataChanged` when the data is not what the definition was made for.
  package init(definition: RunDefinition, dataSet: DataSet, clock: @escaping () -> Double) throws(ExperimentError) {
    let identity = DataIdentity(dataSet)
    for (expected, found) in [
      (definition.fingerprint, identity.fingerprint), (definition.textFingerprint, identity.textFingerprint),
    ] where expected != found {
      throw .dataChanged(data: definition.dataName, expected: expected, found: found)
    }
    self.definition = definition
    self.dataSet = dataSet
    self.clock = clock
  }

  /// The problem of the run: while tuning, a problem without test interactions, so that nothing can look at them.
  package var problem: TrainingProblem {
    var problem = TrainingProblem(dataSet)
    if !definition.evaluatesTest {
      problem.test = CSRMatrix(rows: problem.users, columns: problem.items, entries: [])
    }
    return problem
  }

  /// Trains and evaluates.
  /// - Parameter started: when the process began.
  /// - Throws: `TrainingError.diverged` and what else training throws.
  package func run(started: Double) throws -> Outcome {
    let loaded = clock()
    var members: [JSONValue.Member] = []
    var epochSeconds: JSONValue = .null
    let fitted: Double
    let evaluation: RunEvaluation
    var log: [JSONValue.Member] = []
    switch definition.work {
    case .training(let configuration):
      let trainer = try Trainer(problem: problem, configuration: configuration)
      let end = try trainer.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: clock)
      trainer.finish()
      fitted = clock()
      evaluation = RunEvaluation(problem: trainer.problem, vectors: trainer.rankingVectors())
      let summary = TrainingLogSummary(lines: trainer.state.log)
      epochSeconds = .number(summary.medianSeconds)
      log = summary.members
      let best = trainer.state.bestEpoch >= 0 ? trainer.state.bestEpoch + 1 : trainer.state.epoch
      members = [
        .init("epochs", .integer(trainer.state.epoch)), .init("best_epoch", .integer(best)),
        .init("end", .string(end.rawValue)),
      ]
    case .baseline(let name, let options, let seed):
      let baseline = try BaselineRuns.fit(name: name, settings: options, seed: seed, to: dataSet)
      fitted = clock()
      evaluation = RunEvaluation(problem: problem, baseline: baseline)
    }
    members += evaluation.members + log
    let costs: [JSONValue.Member] = [
      .init("seconds_per_epoch", epochSeconds), .init("data_seconds", .number(loaded - started)),
      .init("training_seconds", .number(fitted - loaded)), .init("total_seconds", .number(clock() - started)),
      .init("peak_bytes", ProcessMemory.peak.map { .integer($0) } ?? .null),
    ]
    return Outcome(results: .object(members), costs: .object(costs), users: evaluation.users)
  }
}

extension RunExecution {
  /// Times a beginning of the run: two epochs and an evaluation; all of a baseline, which has no beginning.
  /// - Parameter started: when the process began.
  package func probe(started: Double) throws -> RunProbe {
    guard case .training(var configuration) = definition.work else {
      _ = try run(started: started)
      return RunProbe(dataSeconds: clock() - started, epochSeconds: 0, evaluationSeconds: 0)
    }
    configuration.epochs = 2
    configuration.evaluationInterval = 3
    configuration.patience = 2
    let trainer = try Trainer(problem: problem, configuration: configuration)
    let ready = clock()
    _ = try trainer.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: clock)
    let seconds = trainer.state.log.compactMap { (try? JSONValue.parse($0))?["seconds"]?.double }
    let trained = clock()
    _ = trainer.evaluate(FullRanking(training: dataSet.train, relevant: dataSet.valid))
    return RunProbe(
      dataSeconds: ready - started, epochSeconds: seconds.min() ?? 0, evaluationSeconds: clock() - trained)
  }
}

extension DataIdentity {
  /// What identifies a data set that has been read.
  package init(_ dataSet: DataSet) {
    var text = "none"
    if let users = dataSet.userText, let items = dataSet.itemText {
      var hash = StableHash()
      for matrix in [users, items] {
        hash.combine(matrix.rows)
        hash.combine(matrix.columns)
        for row in 0..<matrix.rows {
          for column in 0..<matrix.columns { hash.combine(Int(matrix.row(row)[column].bitPattern)) }
        }
      }
      text = StableHash.hexadecimal(hash.value)
    }
    self.init(fingerprint: dataSet.fingerprint, textFingerprint: text, statistics: dataSet.statistics.json)
  }
}
