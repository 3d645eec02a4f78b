// DCCF: graph convolution with soft intents and adaptively weighted views.

import Autodiff
import Files
import Numerics

/// Disentangled contrastive collaborative filtering.
///
/// Every layer adds four views of the nodes: the graph's (A x), the intents' (softmax(x C) Cᵀ, with intents of users and
/// of items), and two propagations over the graph with entries weighted by how alike their end points are in the
/// graph's and in the intents' view. The layers are summed. BPR ranks; the graph's view of every layer is contrasted
/// with each of the other three.
/// Source: Ren et al. 2023, DCCF; form and weights as in RLMRec's code (Docs/BaseModels.md).
package final class DCCF: BaseModel {
  package let embedding: Parameter
  private let userIntents: Parameter
  private let itemIntents: Parameter
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let contrastWeight: Double
  private let temperature: Double
  private let dividesByUsers: Bool
  /// The views of the current step's layers, from `represent` to `losses`.
  private var layerViews: [LayerViews] = []

  /// The four views of one layer, each `[users + items, d]`.
  private struct LayerViews {
    var graph: Variable
    var intents: Variable
    var graphAdaptive: Variable
    var intentAdaptive: Variable
  }

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    contrastWeight = options.number("contrast-weight")
    temperature = options.number("contrast-temperature")
    dividesByUsers = options.text("item-divisor") == "users"
    let dimension = options.integer("dimension")
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: dimension, seed: problem.seed)
    let count = options.integer("intents")
    func intents(_ name: String, step: Int) -> Parameter {
      let value = Matrix.uninitialized(rows: dimension, columns: count)
      var stream = RandomStream(seed: problem.seed, purpose: .initialization, epoch: 0, step: step)
      value.fillXavierUniform(rows: 0..<dimension, fanIn: count, fanOut: dimension, stream: &stream)
      return Parameter(name: name, value: value)
    }
    userIntents = intents("intents.users", step: 2)
    itemIntents = intents("intents.items", step: 3)
    graph = PropagationGraph(bipartite: problem.interactions)
  }

  package var parameters: [Parameter] { [embedding, userIntents, itemIntents] }
  package var representationWidth: Int { embedding.value.columns }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    let encoded = encode(
      input, userIntents: tape.variable(userIntents), itemIntents: tape.variable(itemIntents), on: tape)
    layerViews = encoded.views
    return encoded.sum
  }

  private func encode(
    _ input: Variable, userIntents: Variable, itemIntents: Variable, on tape: Tape
  ) -> (sum: Variable, views: [LayerViews]) {
    let parts = [
      SoftAssignmentPart(rows: 0..<users, prototypes: userIntents),
      SoftAssignmentPart(rows: users..<input.value.rows, prototypes: itemIntents),
    ]
    var all = [input]
    var views: [LayerViews] = []
    var current = input
    for _ in 0..<layers {
      let convolved = tape.convolve(current, over: graph)
      let intents = tape.softAssignment(current, parts: parts)
      let view = LayerViews(
        graph: convolved, intents: intents,
        graphAdaptive: tape.propagateAdaptively(current, ends: convolved, over: graph),
        intentAdaptive: tape.propagateAdaptively(current, ends: intents, over: graph))
      current = tape.sum([convolved, intents, view.graphAdaptive, view.intentAdaptive, current])
      views.append(view)
      all.append(current)
    }
    return (tape.sum(all), views)
  }

  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    defer { layerViews = [] }
    var terms = [tape.bayesianPersonalizedRanking(views.scoring, batch: batch, users: users)]
    guard contrastWeight > 0 else { return terms }
    let items = views.input.value.rows - users
    let userRows = CountedRows(batch.users, bound: users).rows
    let itemRows = CountedRows(batch.positives, bound: items, offset: users).rows
    let itemDivisor = dividesByUsers ? userRows.count : itemRows.count
    for layer in layerViews {
      for (name, rows, divisor) in [
        ("contrast.users", userRows, userRows.count), ("contrast.items", itemRows, itemDivisor),
      ] {
        let anchors = tape.gatherRows(layer.graph, rows)
        for other in [layer.intents, layer.graphAdaptive, layer.intentAdaptive] {
          let candidates = tape.gatherRows(other, rows)
          terms.append(
            tape.infoNCE(
              anchors, candidates, candidates: candidates, temperature: Float(temperature), name: name,
              weight: Float(contrastWeight / Double(max(1, divisor)))))
        }
      }
    }
    return terms
  }

  package func finalRepresentation(of input: Matrix) -> Matrix {
    let tape = Tape()
    return encode(
      tape.constant(input), userIntents: tape.constant(userIntents.value),
      itemIntents: tape.constant(itemIntents.value), on: tape
    ).sum.value
  }

  /// None: the softmax and the cosines make a user's vector a non-linear function of the items'.
  package func attribution(of input: Matrix) -> VectorAttribution { .none }

  /// How the registry offers this model.
  package static let descriptor = BaseModelDescriptor(
    name: "dccf", summary: "graph convolution with soft intents and adaptive views (Ren et al. 2023)",
    options: [
      .dimension, .layers(default: 2), .regularization(default: "1e-4"),
      OptionDeclaration("intents", .integer(1...4096), default: "128", "intents of users, and of items"),
      .contrastWeight(default: "0.001"), .contrastTemperature(default: "0.1"),
      OptionDeclaration(
        "item-divisor", .choice(["users", "items"]), default: "users",
        "what the items' contrast is divided by: the distinct users of the batch, as published, or its distinct items"),
    ],
    presets: [
      "amazon": ["layers": "2", "regularization": "1e-4"],
      "yelp": ["layers": "2", "regularization": "1e-4"],
      "steam": ["layers": "3", "regularization": "1e-3"],
    ]
  ) { DCCF(problem: $0, options: $1) }
}
