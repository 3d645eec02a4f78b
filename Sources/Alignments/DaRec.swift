// DaRec: disentangled alignment of a collaborative and a language representation. Guide: Docs/Method.md.

import Autodiff
import Files
import Numerics

/// The disentangled alignment of DaRec (arXiv 2408.08231).
///
/// Four projectors split each side into a specific and a shared part; the parts are kept apart (orthogonality), the
/// specific parts spread out (uniformity), and only the structure of the shared parts is aligned: all pairwise
/// similarities (global) and matched preference centres (local). Every reading of what the paper leaves open is an
/// option; Docs/Method.md, "Readings", names them A1 to A15.
package final class DaRec: Alignment {
  private let settings: DaRecSettings
  private let text: Matrix
  private let users: Int
  private let seed: UInt64
  private let collaborative: CollaborativeParts
  let languageSpecific: Perceptron
  let languageShared: Perceptron
  private var starts: [CentreStart?]

  /// A freshly initialised alignment.
  package init(problem: AlignmentProblem, options: OptionValues) {
    let settings = DaRecSettings(options)
    self.settings = settings
    users = problem.users
    seed = problem.seed
    text = settings.centersText ? Self.centred(problem.text) : problem.text
    let partWidth =
      settings.split == .halves ? CollaborativeParts.halfWidth(of: problem.representationWidth) : settings.width
    func projector(_ name: String, _ side: ParameterSide, _ index: Int) -> Perceptron {
      var stream = RandomStream(seed: problem.seed, purpose: .alignmentInitialization, epoch: 0, step: index)
      return Perceptron(
        name: name, input: side == .collaborative ? problem.representationWidth : problem.text.columns,
        output: partWidth, layers: settings.layers, side: side, stream: &stream)
    }
    switch settings.split {
    case .halves: collaborative = CollaborativeParts(halvesOf: problem.representationWidth)
    case .projectors:
      collaborative = CollaborativeParts(
        specific: projector("collaborative.specific", .collaborative, 0),
        shared: projector("collaborative.shared", .collaborative, 1), width: partWidth)
    }
    languageSpecific = projector("language.specific", .language, 2)
    languageShared = projector("language.shared", .language, 3)
    starts = [CentreStart?](repeating: nil, count: settings.poolsNodes ? 1 : 2)
  }

  package var parameters: [Parameter] {
    collaborative.parameters + languageSpecific.parameters + languageShared.parameters
  }

  package var firstActiveEpoch: Int? { settings.changesAnything ? settings.pretrainEpochs : nil }

  package func losses(on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition) -> [LossTerm] {
    guard position.step % settings.every == 0 else { return [] }
    let terms = structureLosses(on: tape, representation: representation, batch: batch, at: position)
    // Fewer steps, each as much heavier: over an epoch the expected gradient stays the same.
    for term in terms { term.weight *= Float(settings.every) }
    return terms
  }

  private func structureLosses(
    on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition
  ) -> [LossTerm] {
    let nodes = sampledNodes(of: batch, at: position)
    guard !settings.poolsNodes else { return losses(of: nodes, group: 0, on: tape, representation, at: position) }
    // A1, the other reading: users and items aligned separately, the terms summed.
    let split = nodes.firstIndex { Int($0) >= users } ?? nodes.endIndex
    return [(0, Array(nodes[..<split])), (1, Array(nodes[split...]))].flatMap { group, members in
      losses(of: members, group: group, on: tape, representation, at: position)
    }
  }

  private func losses(
    of nodes: [Int32], group: Int, on tape: Tape, _ representation: Variable, at position: StepPosition
  ) -> [LossTerm] {
    guard nodes.count > 1 else { return [] }
    // The sample is every node (small data): no copies.
    let isWhole = nodes.count == text.rows
    let behaviour = isWhole ? representation : tape.gatherRows(representation, nodes)
    let projectors = [languageSpecific, languageShared]
    let language =
      isWhole
      ? Perceptron.project(projectors, tape.constant(text), on: tape)
      : Perceptron.project(projectors, rows: nodes, of: text, on: tape)
    let parts = (
      collaborativeSpecific: collaborative.specific(behaviour, on: tape),
      collaborativeShared: collaborative.shared(behaviour, on: tape),
      languageSpecific: language[0],
      languageShared: language[1]
    )
    var terms = [
      tape.orthogonality(
        specific: parts.collaborativeSpecific, shared: parts.collaborativeShared,
        name: "orthogonality.collaborative", weight: settings.orthogonality),
      tape.orthogonality(
        specific: parts.languageSpecific, shared: parts.languageShared, name: "orthogonality.language",
        weight: settings.orthogonality),
      tape.uniformity(parts.collaborativeSpecific, name: "uniformity.collaborative", weight: settings.uniformity),
      tape.uniformity(parts.languageSpecific, name: "uniformity.language", weight: settings.uniformity),
      tape.globalStructure(
        parts.collaborativeShared, parts.languageShared, cosine: settings.cosineSimilarity, scale: settings.globalScale,
        name: "global", weight: settings.global),
    ]
    let clusters = min(settings.centres, nodes.count)
    var start = startingCentres(
      group: group, clusters: clusters, behaviour: parts.collaborativeShared.value,
      language: parts.languageShared.value, at: position)
    terms.append(
      tape.localStructure(
        parts.collaborativeShared, parts.languageShared, start: &start, iterations: settings.iterations,
        spherical: settings.sphericalCentres, matching: settings.matching, form: settings.localLoss,
        stream: position.stream(.matching), weight: settings.local))
    starts[group] = start
    return terms
  }

  /// The nodes whose structure this step compares, ascending (reading A5).
  private func sampledNodes(of batch: Batch, at position: StepPosition) -> [Int32] {
    switch settings.sampling {
    case .nodes:
      var stream = position.stream(.alignmentSample)
      return stream.sample(settings.sampleSize, of: text.rows)
    case .batch: return batch.distinctNodes(users: users, items: text.rows - users)
    case .all: return (0..<Int32(text.rows)).map { $0 }
    }
  }

  /// Last step's centres, or k-means++ on this sample when there are none yet.
  private func startingCentres(
    group: Int, clusters: Int, behaviour: Matrix, language: Matrix, at position: StepPosition
  ) -> CentreStart {
    if let known = starts[group], known.fits(behaviour, language, clusters: clusters) { return known }
    return CentreStart(
      collaborative: firstCentres(behaviour, clusters: clusters, index: 2 * group),
      language: firstCentres(language, clusters: clusters, index: 2 * group + 1))
  }

  private func firstCentres(_ x: Matrix, clusters: Int, index: Int) -> Matrix {
    var stream = RandomStream(seed: seed, purpose: .kMeans, epoch: 0, step: index)
    return KMeans.plusPlus(
      x: ClusteredSide(x, spherical: settings.sphericalCentres).rows, k: clusters, stream: &stream)
  }

  package var ranksWithRepresentation: Bool {
    switch settings.score {
    case .final, .fused: return true
    case .projected: return collaborative.preservesScores
    case .sum, .shared: return false
    }
  }

  package var fusesLanguage: Bool { settings.score == .fused }

  package var scoreParts: [(name: String, width: Int)]? {
    guard settings.score == .projected || (ranksWithRepresentation && collaborative.preservesScores) else { return nil }
    return [
      ("collaborative_specific", collaborative.width), ("collaborative_shared", collaborative.sharedWidth),
    ]
  }

  package func scoring(on tape: Tape, representation: Variable) -> Variable {
    // Halves side by side are the representation itself.
    if ranksWithRepresentation { return representation }
    func specific() -> Variable { collaborative.specific(representation, on: tape) }
    func shared() -> Variable { collaborative.shared(representation, on: tape) }
    switch settings.score {
    case .final, .fused: return representation
    case .shared: return shared()
    case .sum: return tape.sum([specific(), shared()])
    case .projected: return tape.concatenateColumns(specific(), shared())
    }
  }

  package func scoring(representation: Matrix) -> Matrix {
    guard !ranksWithRepresentation else { return representation }
    let tape = Tape()
    return scoring(on: tape, representation: tape.constant(representation)).value
  }

  package var hasTwoSides: Bool { true }

  package func alignedViews(representation: Matrix, nodes: [Int32]) -> (collaborative: Matrix, language: Matrix)? {
    (collaborative.shared(representation.gatherRows(nodes)), languageShared.project(text.gatherRows(nodes)))
  }

  package func parts(representation: Matrix) -> DisentangledParts? {
    DisentangledParts(
      collaborativeShared: collaborative.shared(representation),
      collaborativeSpecific: collaborative.specific(representation),
      languageShared: languageShared.project(text), languageSpecific: languageSpecific.project(text))
  }

  package func centres(of parts: DisentangledParts) -> MatchedCentres? {
    let clusters = min(settings.centres, parts.collaborativeShared.rows)
    guard clusters > 0 else { return nil }
    let left = ClusteredSide(parts.collaborativeShared, spherical: settings.sphericalCentres).rows
    let right = ClusteredSide(parts.languageShared, spherical: settings.sphericalCentres).rows
    let start =
      starts[0].flatMap { $0.fits(left, right, clusters: clusters) ? $0 : nil }
      ?? CentreStart(
        collaborative: firstCentres(parts.collaborativeShared, clusters: clusters, index: 0),
        language: firstCentres(parts.languageShared, clusters: clusters, index: 1))
    // More rounds than a training step takes: these centres are shown to people and should have settled.
    let clustersA = KMeans.lloyd(x: left, start: start.collaborative, iterations: 50)
    let clustersB = KMeans.lloyd(x: right, start: start.language, iterations: 50)
    let centresA = CentreTable(meansOf: left, labels: clustersA.labels, count: clusters)
    let centresB = CentreTable(meansOf: right, labels: clustersB.labels, count: clusters)
    let partner = settings.matching.match(
      centresA, centresB, leftLabels: clustersA.labels, rightLabels: clustersB.labels,
      stream: RandomStream(seed: seed, purpose: .matching))
    return MatchedCentres(
      collaborative: centresA.matrix, language: centresB.matrix, matching: partner.map { Int32($0) },
      collaborativeLabels: clustersA.labels, languageLabels: clustersB.labels)
  }

  package var state: [(name: String, value: Matrix)] {
    starts.enumerated().flatMap { group, start -> [(name: String, value: Matrix)] in
      guard let start else { return [] }
      return [
        ("centres.\(group).collaborative", start.collaborative), ("centres.\(group).language", start.language),
      ]
    }
  }

  package func restore(state: [(name: String, value: Matrix)]) {
    for group in starts.indices {
      guard
        let behaviour = state.first(where: { $0.name == "centres.\(group).collaborative" })?.value,
        let language = state.first(where: { $0.name == "centres.\(group).language" })?.value
      else { continue }
      starts[group] = CentreStart(collaborative: behaviour, language: language)
    }
  }

  /// Text vectors minus their mean, unit rows again (reading A15).
  private static func centred(_ text: Matrix) -> Matrix {
    var mean = [Double](repeating: 0, count: text.columns)
    for row in 0..<text.rows {
      for column in 0..<text.columns { mean[column] += Double(text.row(row)[column]) }
    }
    let result = text.copy()
    for row in 0..<text.rows {
      for column in 0..<text.columns { result.row(row)[column] -= Float(mean[column] / Double(max(1, text.rows))) }
    }
    return UnitRows(result).value
  }
}
