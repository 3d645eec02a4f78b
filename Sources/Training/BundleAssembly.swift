// From a finished run to the bundle that is saved.

import Alignments
import Autodiff
import Evaluation
import Files
import Interactions
import ModelFile
import Numerics
import Recommenders

/// Metrics of a run on its held-out splits.
package struct FinalMetrics: Sendable {
  /// On the validation split, when there is one.
  package var validation: RankingReport?
  /// On the test split, when there is one.
  package var test: RankingReport?
  /// Most users that a split was averaged over; nil for all of them.
  private let sampleCount: Int?

  /// Metrics of one or both splits.
  /// - Parameter sampleCount: most users that a split was averaged over, drawn from all; nil when all were taken.
  package init(validation: RankingReport?, test: RankingReport?, sampleCount: Int? = nil) {
    self.validation = validation
    self.test = test
    self.sampleCount = sampleCount
  }

  /// As `metrics.json`: the protocol, then one member for each split.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init(
        "protocol",
        .object([
          .init("ranking", .string("all items; training items masked, items of other splits stay candidates")),
          .init(
            "averaged_over",
            .string(
              (sampleCount.map { "at most \($0), drawn, of the " } ?? "") + "users with at least one item in the split")
          ),
          .init("ties", .string("higher score, then lower item index")),
        ]))
    ]
    if let validation { members.append(.init("validation", validation.json)) }
    if let test { members.append(.init("test", test.json)) }
    return .object(members)
  }
}

extension Trainer {
  /// Metrics of the current parameters on the held-out splits.
  package func finalMetrics() -> FinalMetrics {
    func report(_ split: CSRMatrix) -> RankingReport? {
      guard split.entryCount > 0 else { return nil }
      return evaluate(
        FullRanking(training: problem.training, relevant: split, sample: configuration.evaluationSample))
    }
    return FinalMetrics(
      validation: report(problem.validation), test: report(problem.test),
      sampleCount: configuration.evaluationSample?.count)
  }

  /// The model as a bundle.
  /// - Parameters:
  ///   - name: the model's name.
  ///   - dataSet: what it was trained on.
  ///   - dataName: the data's name, for people.
  ///   - metrics: its metrics.
  ///   - end: how training ended.
  package func bundle(
    name: String, dataSet: DataSet, dataName: String, metrics: FinalMetrics, end: TrainingEnd
  ) throws -> Bundle {
    let input = finalInput
    let representation = model.finalRepresentation(of: input)
    let vectors = rankingVectors()
    // Projectors that were never trained have nothing to show.
    let parts = trainedAlignment?.parts(representation: representation)
    let centres = parts.flatMap { alignment?.centres(of: $0) }
    // A projection of the representation ranks: the base model's decomposition does not apply to it.
    let ranksWithRepresentation = trainedAlignment?.ranksWithRepresentation ?? true
    let attribution: Attribution
    switch ranksWithRepresentation ? model.attribution(of: input) : .representation {
    case .propagation(let own, let itemPartial): attribution = .propagation(own: own, itemPartial: itemPartial)
    case .representation: attribution = .representation(regularization: Self.representationRegularization)
    case .none: attribution = .none
    }
    let propagation = ranksWithRepresentation ? model.propagation : nil
    return try Bundle(
      name: name, configuration: configurationFile(name: name, dataSet: dataSet, dataName: dataName, end: end),
      metrics: metrics.json, users: try StringTable(dataSet.users.strings),
      items: try StringTable(dataSet.items.strings),
      titles: try dataSet.itemTitles.map { try StringTable($0, role: .titles) }, interactions: dataSet.train,
      validation: dataSet.valid, test: dataSet.test, finalUsers: vectors.users, finalItems: vectors.items,
      scoreParts: scoreParts(width: vectors.users.columns),
      attribution: attribution,
      propagation: propagation.map {
        PropagationRecipe(
          layers: $0.layers, combination: $0.isConcatenated ? .concatenation : .sum, hasSelfLoops: $0.hasSelfLoops,
          items: $0.isConcatenated
            ? nil : startingItems(of: input, final: vectors.items))
      },
      components: parts.map {
        Components(
          collaborativeShared: $0.collaborativeShared, collaborativeSpecific: $0.collaborativeSpecific,
          languageShared: $0.languageShared, languageSpecific: $0.languageSpecific)
      },
      centres: centres.map {
        PreferenceCentres(
          collaborative: $0.collaborative, language: $0.language, matching: $0.matching,
          collaborativeLabels: $0.collaborativeLabels, languageLabels: $0.languageLabels)
      },
      itemText: dataSet.compactItemText == nil ? dataSet.itemText.map(Self.inHalfPrecision) : nil,
      userText: dataSet.userTextIsDerived || dataSet.compactUserText != nil
        ? nil : dataSet.userText.map(Self.inHalfPrecision),
      compactItemText: dataSet.compactItemText,
      compactUserText: dataSet.userTextIsDerived ? nil : dataSet.compactUserText,
      userTextDerived: dataSet.userTextIsDerived)
  }

  /// The items' layer-0 vectors; of an item that nobody has, the vector that ranks, which its text may have predicted.
  private func startingItems(of input: Matrix, final: Matrix) -> Matrix {
    let items = input.rows(problem.users..<input.rows)
    var isKnown = [Bool](repeating: false, count: items.rows)
    for item in problem.training.columnIndices { isKnown[Int(item)] = true }
    for item in 0..<items.rows where !isKnown[item] {
      items.row(item).update(from: final.row(item), count: items.columns)
    }
    return items
  }

  /// What the columns of the ranking vectors stand for.
  private func scoreParts(width: Int) -> [ScorePart] {
    let history = fusion?.parts ?? []
    let modelWidth = history.reduce(width) { $0 - $1.items.columns }
    let model = trainedAlignment?.scoreParts?.filter { $0.width > 0 } ?? [(name: "collaborative", width: modelWidth)]
    var start = 0
    func next(_ name: String, _ width: Int, _ source: ScorePart.Source) -> ScorePart {
      defer { start += width }
      return ScorePart(name: name, columns: start..<start + width, source: source)
    }
    return model.map { next($0.name, $0.width, .model) } + history.map { next($0.name, $0.items.columns, .history) }
  }

  /// Ridge of the representation of a user in the span of the items of the user's history.
  private static let representationRegularization = 0.1

  /// Text vectors as a bundle can hold them.
  ///
  /// Half precision ends at 65,504, and cosines do not see length: vectors beyond it are stored as unit rows.
  private static func inHalfPrecision(_ text: Matrix) -> Matrix {
    let limit: Float = 60_000
    for value in text.elements where !(abs(value) < limit) { return UnitRows(text).value }
    return text
  }

  /// The contents of `config.json`: no time, path or machine, so that equal runs write equal files.
  private func configurationFile(name: String, dataSet: DataSet, dataName: String, end: TrainingEnd) -> JSONValue {
    .object([
      .init("schema", .string("darec/config/1")),
      .init("name", .string(name)),
      .init("backbone", .string(configuration.model)),
      .init("alignment", .string(configuration.alignment ?? "none")),
      .init("dimension", .integer(model.representationWidth)),
      .init("data_set", .string(dataName)),
      .init("data_fingerprint", .string(dataSet.fingerprint)),
      .init("data", dataSet.statistics.json),
      .init("training", configuration.json),
      .init(
        "run",
        .object([
          .init("epochs_trained", .integer(state.epoch)),
          .init("best_epoch", .integer(state.bestEpoch >= 0 ? state.bestEpoch + 1 : state.epoch)),
          .init("end", .string(end.rawValue)),
        ])),
      .init(
        "score",
        .object([
          .init("kind", .string("dot")),
          .init(
            "language_weights",
            .object((fusion?.parts ?? []).map { JSONValue.Member($0.name, .number($0.weight)) })),
        ])),
    ])
  }
}
