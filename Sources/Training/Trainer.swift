// The training loop: batches, losses, validation, early stopping, checkpoints. Guide: Docs/Method.md, "Protocol".

import Alignments
import Autodiff
import Evaluation
import Files
import Interactions
import Numerics
import Recommenders

/// How a run ended.
package enum TrainingEnd: String, Sendable {
  /// The last epoch asked for was trained.
  case epochLimit = "epoch_limit"
  /// Validation stopped improving.
  case earlyStopping = "early_stopping"
  /// It was cancelled; a checkpoint has been written.
  case interrupted
}

/// Is told how a run goes on.
package protocol TrainingObserver: AnyObject {
  /// A step has been taken.
  func stepEnded(epoch: Int, step: Int, steps: Int, total: Double)
  /// An epoch has been trained, and validated when it was its turn.
  func epochEnded(_ record: EpochRecord, state: TrainingState)
}

/// Trains one model on one problem.
///
/// Source: RLMRec's protocol (Docs/Method.md, "Protocol").
///
/// Adam on the weighted sum of the base model's terms, the alignment's terms and an L2 penalty over all parameters;
/// one negative for each interaction, drawn anew every epoch; validation after epochs 1, 4, 7, ...; the parameters of
/// the best validation Recall@20 are restored at the end.
package final class Trainer {
  /// The settings of the run.
  package let configuration: TrainingConfiguration
  /// The data of the run.
  package let problem: TrainingProblem
  /// The base model.
  package let model: any BaseModel
  /// The alignment, if any.
  package let alignment: (any Alignment)?
  /// The optimiser over the base model's parameters, then the alignment's.
  package let optimizer: Adam
  /// Where the run stands.
  package internal(set) var state = TrainingState()

  /// The language parts that rank beside the model's vectors; nil before `finish` and for a run without them.
  package private(set) var fusion: LanguageFusion?

  /// What of the text the alignment sees, when that is not all; nil otherwise.
  package let textRank: TextRank?

  /// Checksum of the text vectors that the run was given, as hexadecimal digits; empty when it uses none.
  let textChecksum: String
  /// The text vectors of all nodes in a run in which language ranks, as the data or its control has them.
  private let fusedText: Matrix?
  private let sampler: NegativeSampler
  private let users: [Int32]
  private let positives: [Int32]
  private let validation: FullRanking?
  private let regularization: Float
  private let probeNodes: [Int32]

  /// A run at its beginning.
  /// - Throws: `TrainingError` when names are unknown, text is missing or there is nothing to learn.
  package init(problem: TrainingProblem, configuration: TrainingConfiguration) throws(TrainingError) {
    let descriptor = try TrainingConfiguration.descriptor(configuration.model)
    guard problem.training.entryCount > 0 else { throw .nothingToLearn }
    self.problem = problem
    self.configuration = configuration
    let model = descriptor.make(
      ModelProblem(interactions: problem.training, seed: configuration.seed), configuration.modelOptions)
    self.model = model
    let text = try Self.text(of: problem, for: configuration)
    if let name = configuration.alignment, let text {
      let alignmentDescriptor = try TrainingConfiguration.alignmentDescriptor(name)
      let truncated = TextRank.truncated(text, to: configuration.options.integer("text-rank"))
      textRank = truncated?.1
      alignment = alignmentDescriptor.make(
        AlignmentProblem(
          text: truncated?.text ?? text, interactions: problem.training,
          inputWidth: model.embedding.value.columns,
          representationWidth: model.representationWidth, usesNegatives: model.usesNegatives, seed: configuration.seed),
        configuration.alignmentOptions)
    } else {
      alignment = nil
      textRank = nil
    }
    textChecksum = text == nil ? "" : problem.text.map(Self.checksum) ?? ""
    fusedText =
      configuration.fusesText || alignment?.fusesLanguage ?? false
      ? text : nil
    try Self.requireUse(of: configuration, by: alignment)
    optimizer = Adam(
      parameters: model.parameters + (alignment?.parameters ?? []), learningRate: configuration.learningRate)
    sampler = NegativeSampler(training: problem.training, seed: configuration.seed)
    var users: [Int32] = []
    users.reserveCapacity(problem.training.entryCount)
    for user in 0..<problem.users {
      users.append(contentsOf: repeatElement(Int32(user), count: problem.training.degree(user)))
    }
    self.users = users
    positives = problem.training.columnIndices
    validation =
      problem.validation.entryCount > 0
      ? FullRanking(
        training: problem.training, relevant: problem.validation, sample: configuration.evaluationSample) : nil
    probeNodes = BalanceProbe.nodes(count: problem.users + problem.items, seed: configuration.seed)
    regularization = Float(configuration.modelOptions.number("regularization"))
  }

  /// The text vectors that a run works with, after its control and its smoothing; nil when it uses none.
  private static func text(
    of problem: TrainingProblem, for configuration: TrainingConfiguration
  ) throws(TrainingError) -> Matrix? {
    guard configuration.alignment != nil || configuration.fusesText else { return nil }
    guard let text = problem.text else { throw .textMissing(neededBy: configuration.alignment ?? "fusion=text") }
    return TextSmoothing.smoothed(
      configuration.textControl.apply(
        to: text, users: problem.users, derivedFrom: problem.userTextIsDerived ? problem.training : nil,
        seed: configuration.seed),
      over: problem.training, hops: configuration.options.integer("text-hops"))
  }

  private static func checksum(of text: Matrix) -> String {
    var checksum = CRC32C()
    checksum.update(UnsafeRawBufferPointer(text.elements))
    return String(checksum.value, radix: 16)
  }

  /// Refuses an option that would change nothing in this run: what config.json says must have happened.
  private static func requireUse(
    of configuration: TrainingConfiguration, by alignment: (any Alignment)?
  ) throws(TrainingError) {
    let options = configuration.options
    func isChanged(_ name: String) -> Bool {
      TrainingConfiguration.runOptions.contains { $0.name == name && $0.defaultValue != options.text(name) }
    }
    for name in ["text-control", "text-hops"] where isChanged(name) && alignment == nil && !configuration.fusesText {
      throw .optionWithoutUse(name, remedy: "it changes the text; add --align, or --set fusion=text")
    }
    if isChanged("text-rank"), alignment == nil {
      throw .optionWithoutUse("text-rank", remedy: "it narrows what an alignment sees; add --align")
    }
    if configuration.fusesText, alignment?.fusesLanguage ?? false {
      throw .optionWithoutUse("fusion", remedy: "the alignment's score is fused already; add --score final")
    }
    if isChanged("balance-gamma"), !(alignment?.hasTwoSides ?? false) {
      throw .optionWithoutUse("balance-gamma", remedy: "only darec and rlmrec-con have two sides to balance")
    }
    if isChanged("language-rate"), !(alignment?.parameters.contains { $0.side == .language } ?? false) {
      throw .optionWithoutUse("language-rate", remedy: "nothing on the language side is trained here")
    }
  }

  /// Steps of one epoch.
  package var stepsPerEpoch: Int {
    (positives.count + configuration.batchSize - 1) / configuration.batchSize
  }

  /// Trains until the epoch limit, early stopping or cancellation.
  /// - Parameters:
  ///   - observer: is told of every step and epoch.
  ///   - isCancelled: polled before every step.
  ///   - saveCheckpoint: called when a checkpoint is due; its error ends the run.
  ///   - clock: a monotonic time in seconds.
  package func run(
    observer: (any TrainingObserver)?, isCancelled: () -> Bool, saveCheckpoint: (Trainer) throws -> String?,
    clock: () -> Double
  ) throws -> TrainingEnd {
    var checkpointPath: String?
    var lastCheckpoint = clock()
    while state.epoch < configuration.epochs {
      if hasStoppedEarly { return .earlyStopping }
      let order = sampler.order(epoch: state.epoch)
      let negatives = sampler.negatives(epoch: state.epoch)
      while state.step < stepsPerEpoch {
        if isCancelled() {
          try checkParameters(checkpoint: checkpointPath)
          _ = try saveCheckpoint(self)
          return .interrupted
        }
        let started = clock()
        let total = try runStep(order: order, negatives: negatives, checkpoint: checkpointPath)
        state.seconds += clock() - started
        state.step += 1
        observer?.stepEnded(epoch: state.epoch + 1, step: state.step, steps: stepsPerEpoch, total: total)
      }
      let record = try endEpoch(checkpoint: checkpointPath)
      observer?.epochEnded(record, state: state)
      if clock() - lastCheckpoint > Self.checkpointInterval {
        checkpointPath = try saveCheckpoint(self)
        lastCheckpoint = clock()
      }
    }
    return hasStoppedEarly ? .earlyStopping : .epochLimit
  }

  /// Seconds between checkpoints of an undisturbed run.
  private static let checkpointInterval = 20.0

  private var hasStoppedEarly: Bool { validation != nil && state.badEvaluations >= configuration.patience }

  /// One optimiser step; returns the weighted total of the losses.
  private func runStep(order: [Int32], negatives: [Int32], checkpoint: String?) throws -> Double {
    let position = StepPosition(seed: configuration.seed, epoch: state.epoch, step: state.step)
    let start = state.step * configuration.batchSize
    let chosen = order[start..<min(order.count, start + configuration.batchSize)]
    let batch = Batch(
      users: chosen.map { users[Int($0)] }, positives: chosen.map { positives[Int($0)] },
      negatives: chosen.map { negatives[Int($0)] })
    let active = alignment.flatMap { $0.isActive(inEpoch: state.epoch) ? $0 : nil }

    let tape = Tape()
    let table = tape.variable(model.embedding)
    let input = active?.input(table, on: tape, at: position) ?? table
    let representation = model.represent(input, on: tape, at: position)
    let scoring = active?.scoring(on: tape, representation: representation) ?? representation
    var terms = model.losses(
      on: tape, views: NodeViews(input: input, representation: representation, scoring: scoring), batch: batch,
      at: position)
    if let active { terms += active.losses(on: tape, representation: representation, batch: batch, at: position) }
    let trained = model.parameters.count + (active?.parameters.count ?? 0)
    terms.append(tape.squaredNorm(of: Array(optimizer.parameters.prefix(trained)), weight: regularization))
    for term in terms where !term.value.isFinite {
      throw TrainingError.diverged(
        epoch: state.epoch + 1, step: state.step + 1, what: "loss term '\(term.name)'", checkpoint: checkpoint)
    }
    tape.backward()
    let language = configuration.options.number("language-rate")
    let factors = state.balance.factors(gamma: configuration.options.number("balance-gamma"))
    let measurement = active == nil ? nil : beginMeasurement()
    optimizer.step(first: trained, factors: (factors.collaborative, factors.language * language))
    if let measurement { endMeasurement(measurement) }

    let total = terms.reduce(0) { $0 + Double($1.weight) * $1.value }
    accumulate(terms, total: total, size: Double(batch.count))
    return total
  }

  /// The state before a step whose effect on the alignment is measured; nil when it is not this step's turn or the
  /// alignment has no two sides.
  private func beginMeasurement() -> (views: BalanceProbe.Views, parameters: [Matrix])? {
    guard state.step % BalanceProbe.interval == 0, let views = probeViews() else { return nil }
    return (views, optimizer.parameters.map { $0.value.copy() })
  }

  private func endMeasurement(_ before: (views: BalanceProbe.Views, parameters: [Matrix])) {
    guard let after = probeViews() else { return }
    state.balance.add(
      logKappa: BalanceProbe.logKappa(before: before.views, after: after),
      logUpdateRatio: BalanceProbe.logUpdateRatio(parameters: optimizer.parameters, before: before.parameters))
  }

  private func probeViews() -> BalanceProbe.Views? {
    guard let alignment, alignment.hasTwoSides else { return nil }
    return alignment.alignedViews(
      representation: model.finalRepresentation(of: alignment.input(model.embedding.value)), nodes: probeNodes)
  }

  private func accumulate(_ terms: [LossTerm], total: Double, size: Double) {
    for term in terms {
      if let index = state.lossSums.firstIndex(where: { $0.name == term.name }) {
        state.lossSums[index].value += term.value * size
        state.lossSums[index].interactions += size
      } else {
        state.lossSums.append((term.name, term.value * size, size))
      }
    }
    state.totalSum += total * size
  }

  /// The last step taken may have spoilt a parameter, which no loss has shown yet: nothing of it may be saved.
  private func checkParameters(checkpoint: String?) throws {
    for parameter in optimizer.parameters where !parameter.value.sumOfSquares().isFinite {
      throw TrainingError.diverged(
        epoch: state.epoch + 1, step: state.step, what: "parameter '\(parameter.name)'", checkpoint: checkpoint)
    }
  }

  /// Closes an epoch: checks the parameters, validates when due, keeps the best, writes the log line.
  ///
  /// While an alignment waits for its first epoch nothing is kept as best: its parameters are still random.
  private func endEpoch(checkpoint: String?) throws -> EpochRecord {
    try checkParameters(checkpoint: checkpoint)
    let isWaiting = state.epoch < alignment?.firstActiveEpoch ?? 0
    let count = Double(positives.count)
    var record = EpochRecord(
      epoch: state.epoch + 1, seconds: state.seconds,
      losses: state.lossSums.map { (name: $0.name, value: $0.value / $0.interactions) }, total: state.totalSum / count)
    if let validation, state.epoch % configuration.evaluationInterval == 0 {
      let report = evaluate(validation)
      record.validation = report
      let value = report.value(.recall, at: 20) ?? 0
      if value > state.bestValue && !isWaiting {
        record.isBest = true
        state.bestValue = value
        state.bestEpoch = state.epoch
        state.badEvaluations = 0
        state.bestParameters = optimizer.parameters.map { $0.value.copy() }
        state.bestModelState = model.state
        state.bestAlignmentState = alignment?.state ?? []
      } else if state.epoch >= configuration.minimumEpochs && !isWaiting {
        state.badEvaluations += 1
      }
    }
    if state.balance.epochCount > 0 {
      let measured = Double(state.balance.epochCount)
      record.balance = EpochBalance(
        kappa: exponential(state.balance.epochSum / measured), smoothed: state.balance.smoothed,
        updateRatio: exponential(state.balance.epochUpdateSum / measured))
      state.balance.epochCount = 0
      state.balance.epochSum = 0
      state.balance.epochUpdateSum = 0
    }
    state.log.append(try record.json.text())
    state.epoch += 1
    state.step = 0
    state.lossSums = []
    state.totalSum = 0
    state.seconds = 0
    return record
  }

  /// The alignment once it has taken a step: until then the base model ranks alone.
  var trainedAlignment: (any Alignment)? {
    (optimizer.stepCounts.last ?? 0) > 0 ? alignment : nil
  }

  /// The initial node vectors outside training, `[users + items, d0]`.
  var finalInput: Matrix {
    trainedAlignment?.input(model.embedding.value) ?? model.embedding.value
  }

  /// The vectors that rank, `[users, p]` and `[items, p]`.
  package func rankingVectors() -> (users: Matrix, items: Matrix) {
    let representation = model.finalRepresentation(of: finalInput)
    let scoring = trainedAlignment?.scoring(representation: representation) ?? representation
    let vectors = (users: scoring.rows(0..<problem.users), items: scoring.rows(problem.users..<scoring.rows))
    return fusion?.vectors(vectors) ?? vectors
  }

  /// Metrics of the current parameters on a split.
  package func evaluate(_ ranking: FullRanking) -> RankingReport {
    let vectors = rankingVectors()
    return ranking.evaluate(users: vectors.users, items: vectors.items)
  }

  /// Ends the run: the parameters of the best validation, and language beside them where it ranks.
  ///
  /// Nothing can be trained or kept in a checkpoint afterwards.
  package func finish() {
    restoreBest()
    state.bestParameters = []
    optimizer.end()
    // The buffers of training steps are done with; what follows has sizes of its own.
    BufferPool.shared.trim()
    guard let fusedText else { return }
    fusion = nil
    let itemRows = problem.users..<problem.users + problem.items
    let shared = trainedAlignment?.parts(representation: model.finalRepresentation(of: finalInput))?.languageShared
    fusion = LanguageFusion(
      base: rankingVectors(), text: fusedText.rowsInPlace(itemRows), shared: shared?.rowsInPlace(itemRows),
      training: problem.training, validation: validation)
  }

  /// Puts the parameters of the best validation in place, if there was one.
  private func restoreBest() {
    guard !state.bestParameters.isEmpty else { return }
    for (parameter, best) in zip(optimizer.parameters, state.bestParameters) { parameter.value.assign(from: best) }
    model.restore(state: state.bestModelState)
    alignment?.restore(state: state.bestAlignmentState)
  }
}
