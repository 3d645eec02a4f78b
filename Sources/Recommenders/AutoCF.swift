// AutoCF: a masked graph autoencoder with a graph transformer as decoder.

import Autodiff
import Files
import Numerics

/// Automated self-supervised collaborative filtering.
///
/// Every `redraw` steps of an epoch seeds are chosen among nodes that agree with their surroundings, and the edges around
/// them are masked. Graph convolutions run on what is left, then an attention layer over a decoder graph; the sum of
/// all layers is the representation. The loss reconstructs interactions and keeps vectors apart; no negatives are
/// sampled. Ranking uses the full graph for both.
/// Source: Xia et al. 2023, AutoCF; form and weights as in RLMRec's code (Docs/BaseModels.md).
package final class AutoCF: BaseModel {
  package let embedding: Parameter
  /// Query, key and value maps of every attention layer.
  private let maps: [Parameter]
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let heads: Int
  private let sslWeight: Double
  private let seedCount: Int
  private let maskDepth: Int
  private let sampledShare: Double
  private let redraw: Int
  private let seed: UInt64
  /// The last choice of seeds, nil before the first.
  private var draw: SubgraphDraw?
  /// The graphs of `draw`, built when first needed.
  private var subgraphs: MaskedSubgraphs?
  /// The seeds' loss of this step, from `represent` to `losses`.
  private var seedTerm: LossTerm?

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    sslWeight = options.number("ssl-weight")
    seedCount = options.integer("seeds")
    maskDepth = options.integer("mask-depth")
    sampledShare = options.number("sampled-share")
    redraw = options.integer("redraw")
    seed = problem.seed
    let dimension = options.integer("dimension")
    // The attention cuts a vector into equal pieces: the largest number of heads that can be had.
    heads = (1...options.integer("heads")).last { dimension % $0 == 0 } ?? 1
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: dimension, seed: problem.seed)
    graph = PropagationGraph(bipartite: problem.interactions)
    maps = (0..<options.integer("transformer-layers")).flatMap { layer in
      ["query", "key", "value"].enumerated().map { index, name in
        let value = Matrix.uninitialized(rows: dimension, columns: dimension)
        var stream = RandomStream(seed: problem.seed, purpose: .initialization, step: 2 + 3 * layer + index)
        value.fillXavierUniform(rows: 0..<dimension, fanIn: dimension, fanOut: dimension, stream: &stream)
        return Parameter(name: "attention\(layer + 1).\(name)", value: value)
      }
    }
  }

  package var parameters: [Parameter] { [embedding] + maps }
  package var representationWidth: Int { embedding.value.columns }
  package var usesNegatives: Bool { false }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    seedTerm = nil
    if draw == nil || position.step % redraw == 0 {
      let seeds = tape.seedScores(input, over: graph)
      draw = SubgraphDraw(scores: seeds.scores, count: seedCount, at: position)
      subgraphs = nil
      seedTerm = seeds.term
    }
    let masked = currentSubgraphs(at: position)
    return encode(
      input, maps: maps.map { tape.variable($0) }, encoder: masked.encoder, decoder: masked.decoder, on: tape)
  }

  private func currentSubgraphs(at position: StepPosition) -> MaskedSubgraphs {
    if let subgraphs { return subgraphs }
    let masked = MaskedSubgraphs(
      pattern: graph.matrix, seeds: draw?.seeds ?? [], depth: maskDepth, sampledShare: sampledShare,
      stream: RandomStream(
        seed: seed, purpose: .decoderEdges, epoch: draw?.epoch ?? position.epoch, step: draw?.step ?? position.step))
    subgraphs = masked
    return masked
  }

  private func encode(
    _ input: Variable, maps: [Variable], encoder: PropagationGraph, decoder: PropagationGraph, on tape: Tape
  ) -> Variable {
    var all = [input]
    var current = input
    for _ in 0..<layers {
      current = tape.convolve(current, over: encoder)
      all.append(current)
    }
    for layer in stride(from: 0, to: maps.count, by: 3) {
      current = tape.attend(
        current, maps: AttentionMaps(query: maps[layer], key: maps[layer + 1], value: maps[layer + 2]), over: decoder,
        heads: heads)
      all.append(current)
    }
    return tape.sum(all)
  }

  /// All terms are of the vectors that rank: together the reconstruction and the normaliser are the cross entropy of the
  /// scores' softmax over all items.
  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    defer { seedTerm = nil }
    let nodes = views.scoring
    let count = nodes.value.rows
    let userRows = CountedRows(batch.users, bound: users)
    let itemRows = CountedRows(batch.positives, bound: count - users, offset: users)
    let batchUsers = tape.gatherRows(nodes, userRows.rows)
    let batchItems = tape.gatherRows(nodes, itemRows.rows)
    let allUsers = tape.rows(nodes, 0..<users)
    let allItems = tape.rows(nodes, users..<count)
    func equal(_ rows: CountedRows) -> [Float] {
      [Float](repeating: 1 / Float(max(1, rows.rows.count)), count: rows.rows.count)
    }
    var terms = [
      tape.pairReconstruction(nodes, batch: batch, users: users),
      tape.logSumExp(
        batchUsers, candidates: allItems, weights: userRows.counts.map { $0 / Float(max(1, batch.count)) },
        name: "normalizer", weight: 1),
    ]
    if sslWeight > 0 {
      terms += [
        tape.logSumExp(
          batchUsers, candidates: allUsers, weights: equal(userRows), name: "contrast.users", weight: Float(sslWeight)),
        tape.logSumExp(
          batchItems, candidates: allItems, weights: equal(itemRows), name: "contrast.items", weight: Float(sslWeight)),
      ]
    }
    if let seedTerm { terms.append(seedTerm) }
    return terms
  }

  package func finalRepresentation(of input: Matrix) -> Matrix {
    let tape = Tape()
    return encode(
      tape.constant(input), maps: maps.map { tape.constant($0.value) }, encoder: graph, decoder: graph, on: tape
    ).value
  }

  /// None: attention makes a user's vector a non-linear function of the items'.
  package func attribution(of input: Matrix) -> VectorAttribution { .none }

  package var state: [(name: String, value: Matrix)] { draw?.state ?? [] }

  package func restore(state: [(name: String, value: Matrix)]) {
    draw = SubgraphDraw(state: state, nodes: embedding.value.rows)
    subgraphs = nil
  }

  /// How the registry offers this model.
  package static let descriptor = BaseModelDescriptor(
    name: "autocf", summary: "masked graph autoencoder with attention (Xia et al. 2023)",
    options: [
      .dimension, .layers(default: 2), .regularization(default: "1e-6"),
      OptionDeclaration("transformer-layers", .integer(0...4), default: "1", "attention layers after the propagations"),
      OptionDeclaration(
        "heads", .integer(1...64), default: "4", "heads of an attention layer; fewer where they do not divide the width"
      ),
      OptionDeclaration(
        "ssl-weight", .number(0...1000), default: "5", "weight of keeping users, and items, apart from each other"),
      OptionDeclaration("seeds", .integer(0...1_000_000), default: "100", "nodes around which edges are masked"),
      OptionDeclaration("mask-depth", .integer(1...8), default: "2", "steps from a seed up to which edges are masked"),
      OptionDeclaration(
        "sampled-share", .number(0...1), default: "0.2", "share of nodes sampled for the decoder's random edges"),
      OptionDeclaration("redraw", .integer(1...1_000_000), default: "10", "steps between two choices of seeds"),
    ],
    presets: [
      "amazon": ["layers": "2", "regularization": "1e-6", "ssl-weight": "5"],
      "yelp": ["layers": "3", "regularization": "1e-7", "ssl-weight": "2"],
      "steam": ["layers": "2", "regularization": "1e-6", "ssl-weight": "0.5"],
    ]
  ) { AutoCF(problem: $0, options: $1) }
}
