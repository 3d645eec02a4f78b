// A run written to disk so that it can go on, bit for bit.

import Autodiff
import Files
import ModelFile
import Numerics

/// Writes and reads `checkpoint/state.safetensors`.
///
/// It holds parameters, both moments and step counts of Adam, the alignment's state, the best parameters so far, the
/// log, the position in the epoch, the configuration and the data's fingerprint. Random streams need no state: they
/// are functions of (seed, purpose, epoch, step).
package enum Checkpoint {
  /// Version of the checkpoint's layout; another one is refused.
  private static let version = "3"

  /// The path of the state file of a bundle directory.
  package static func path(inBundle bundle: String) -> String { bundle + "/checkpoint/state.safetensors" }

  /// Writes the run's state, replacing an earlier checkpoint at once or not at all.
  /// - Parameters:
  ///   - trainer: the run between two steps.
  ///   - dataOptions: how the data was loaded, for resuming.
  ///   - bundle: the bundle directory.
  /// - Returns: the path written.
  package static func save(_ trainer: Trainer, dataOptions: JSONValue, bundle: String) throws -> String {
    var writer = SafetensorsWriter()
    let state = trainer.state
    func add(_ name: String, _ matrix: Matrix) {
      // From where they lie: nothing trains while this is written, and a copy of everything would double the memory.
      writer.add(
        name, type: .float32, shape: [matrix.rows, matrix.columns], owner: matrix,
        bytes: UnsafeRawBufferPointer(matrix.elements))
    }
    for (index, parameter) in trainer.optimizer.parameters.enumerated() {
      add("parameter.\(parameter.name)", parameter.value)
      add("first_moment.\(parameter.name)", trainer.optimizer.firstMoments[index])
      add("second_moment.\(parameter.name)", trainer.optimizer.secondMoments[index])
      if !state.bestParameters.isEmpty { add("best.\(parameter.name)", state.bestParameters[index]) }
    }
    let modelState = trainer.model.state
    let alignmentState = trainer.alignment?.state ?? []
    for entry in modelState { add("model_state.\(entry.name)", entry.value) }
    for entry in state.bestModelState { add("best_model_state.\(entry.name)", entry.value) }
    for entry in alignmentState { add("state.\(entry.name)", entry.value) }
    for entry in state.bestAlignmentState { add("best_state.\(entry.name)", entry.value) }
    writer.add("log", bytes: Array(state.log.joined(separator: "\n").utf8))
    writer.add("step_counts", integers: trainer.optimizer.stepCounts)
    let progress: JSONValue = .object([
      .init("epoch", .integer(state.epoch)),
      .init("step", .integer(state.step)),
      .init("seconds", .number(state.seconds)),
      .init("best_value", .number(state.bestValue)),
      .init("best_epoch", .integer(state.bestEpoch)),
      .init("bad_evaluations", .integer(state.badEvaluations)),
      .init("total_sum", .number(state.totalSum)),
      .init(
        "loss_sums",
        .array(
          state.lossSums.map { .array([.string($0.name), .number($0.value), .number($0.interactions)]) })),
      .init("balance", .array(state.balance.values.map { .number($0) })),
      .init("model_state_names", .strings(modelState.map(\.name))),
      .init("best_model_state_names", .strings(state.bestModelState.map(\.name))),
      .init("state_names", .strings(alignmentState.map(\.name))),
      .init("best_state_names", .strings(state.bestAlignmentState.map(\.name))),
    ])
    writer.metadata = [
      ("darec_checkpoint", version),
      ("configuration", try trainer.configuration.json.text()),
      ("data", try dataOptions.text()),
      ("fingerprint", trainer.problem.fingerprint),
      ("text", trainer.textChecksum),
      ("progress", try progress.text()),
    ]
    let path = path(inBundle: bundle)
    try Bundle.saveBeside("checkpoint/state.safetensors", tensors: writer, inBundle: bundle)
    return path
  }

  /// What must be known before a run can be rebuilt.
  package struct Header {
    /// The run's settings.
    package let configuration: TrainingConfiguration
    /// How its data was loaded.
    package let dataOptions: JSONValue
    /// Identity of its data.
    package let fingerprint: String
  }

  /// Opens the checkpoint of a bundle directory.
  /// - Throws: `TrainingError.noCheckpoint`, or what is wrong with the file.
  package static func open(bundle: String) throws -> (file: SafetensorsFile, header: Header) {
    let path = path(inBundle: bundle)
    // A save that was killed may have left the checkpoint in the old directory, beside the new one.
    if !FileReader.exists(path), FileReader.isDirectory(bundle) { try? Bundle.recover(bundle) }
    guard FileReader.exists(path) else { throw TrainingError.noCheckpoint(path) }
    let file = try SafetensorsFile(path: path)
    try file.verify()
    guard
      file.header.metadata("darec_checkpoint") == version, let configuration = file.header.metadata("configuration"),
      let data = file.header.metadata("data"), let fingerprint = file.header.metadata("fingerprint")
    else { throw TrainingError.badCheckpoint(path: path, reason: "it is not a checkpoint of this version") }
    return (
      file,
      Header(
        configuration: try TrainingConfiguration(json: try JSONValue.parse(configuration)),
        dataOptions: try JSONValue.parse(data), fingerprint: fingerprint)
    )
  }

  /// Puts a fresh trainer where the checkpoint left off.
  /// - Throws: `TrainingError.otherData` or `.badCheckpoint`.
  package static func restore(_ trainer: Trainer, from file: SafetensorsFile, header: Header) throws {
    guard header.fingerprint == trainer.problem.fingerprint else {
      throw TrainingError.otherData(
        path: file.path, expected: header.fingerprint, found: trainer.problem.fingerprint)
    }
    guard file.header.metadata("text") == trainer.textChecksum else { throw TrainingError.otherText(path: file.path) }
    func bad(_ reason: String) -> TrainingError { .badCheckpoint(path: file.path, reason: reason) }
    func matrix(_ name: String) throws -> Matrix {
      let tensor = try file.requiredTensor(name)
      guard tensor.shape.count == 2 else { throw bad("tensor '\(name)' is not a matrix") }
      return Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: try file.floats(name))
    }
    func assign(_ name: String, to target: Matrix) throws {
      let source = try matrix(name)
      guard source.rows == target.rows, source.columns == target.columns else {
        throw bad("tensor '\(name)' has another shape than the model")
      }
      target.assign(from: source)
    }
    guard let text = file.header.metadata("progress"), let progress = try? JSONValue.parse(text) else {
      throw bad("it holds no progress")
    }
    guard
      let epoch = progress["epoch"]?.int, let step = progress["step"]?.int, let seconds = progress["seconds"]?.double,
      let bestValue = progress["best_value"]?.double, let bestEpoch = progress["best_epoch"]?.int,
      let badEvaluations = progress["bad_evaluations"]?.int, let totalSum = progress["total_sum"]?.double,
      let lossSums = progress["loss_sums"]?.array, let stateNames = progress["state_names"]?.array,
      let balance = progress["balance"]?.array.flatMap({ BalanceState(values: $0.compactMap(\.double)) }),
      let modelStateNames = progress["model_state_names"]?.array,
      let bestModelStateNames = progress["best_model_state_names"]?.array,
      let bestStateNames = progress["best_state_names"]?.array, epoch >= 0, step >= 0
    else { throw bad("its progress is incomplete") }

    var state = TrainingState()
    state.epoch = epoch
    state.step = step
    state.seconds = seconds
    state.bestValue = bestValue
    state.bestEpoch = bestEpoch
    state.badEvaluations = badEvaluations
    state.totalSum = totalSum
    state.balance = balance
    for pair in lossSums {
      guard let name = pair[0]?.string, let value = pair[1]?.double else { throw bad("its loss sums are malformed") }
      // A checkpoint of an older version: every term was computed in every step, and all steps so far were full.
      let interactions = pair[2]?.double ?? Double(step) * Double(header.configuration.batchSize)
      state.lossSums.append((name, value, interactions))
    }
    let log = String(decoding: try file.bytes("log"), as: UTF8.self)
    state.log = log.isEmpty ? [] : log.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)

    for (index, parameter) in trainer.optimizer.parameters.enumerated() {
      try assign("parameter.\(parameter.name)", to: parameter.value)
      try assign("first_moment.\(parameter.name)", to: trainer.optimizer.firstMoments[index])
      try assign("second_moment.\(parameter.name)", to: trainer.optimizer.secondMoments[index])
      if bestEpoch >= 0 {
        let best = Matrix(rows: parameter.value.rows, columns: parameter.value.columns)
        try assign("best.\(parameter.name)", to: best)
        state.bestParameters.append(best)
      }
    }
    let counts = try file.integers("step_counts")
    guard counts.count == trainer.optimizer.parameters.count, counts.allSatisfy({ $0 >= 0 }) else {
      throw bad("its step counts do not fit the model")
    }
    trainer.optimizer.restore(stepCounts: counts)
    func named(_ names: [JSONValue], prefix: String) throws -> [(name: String, value: Matrix)] {
      try names.map { name in
        guard let name = name.string else { throw bad("a state name is not a string") }
        return (name, try matrix(prefix + name))
      }
    }
    trainer.model.restore(state: try named(modelStateNames, prefix: "model_state."))
    state.bestModelState = try named(bestModelStateNames, prefix: "best_model_state.")
    trainer.alignment?.restore(state: try named(stateNames, prefix: "state."))
    state.bestAlignmentState = try named(bestStateNames, prefix: "best_state.")
    trainer.state = state
  }
}

extension Checkpoint {
  /// Removes the checkpoint of a run that has nothing left to resume.
  package static func remove(bundle: String) throws {
    let system = PosixFileSystem()
    let path = path(inBundle: bundle)
    guard FileReader.exists(path) else { return }
    try system.removeFile(path)
    try? system.removeDirectory(bundle + "/checkpoint")
  }
}
