// SGL: LightGCN with a contrast between two edge-dropped views.

import Autodiff
import Files
import Numerics

/// Self-supervised graph learning with edge dropping.
///
/// Ranks with the full graph's layer sum (BPR on it). In every step two views of all nodes are propagated over graphs
/// that keep each directed entry with probability `keep-rate`, and each user and item of the batch is contrasted with
/// itself in the other view against all users, or all items.
/// Source: Wu et al. 2021, SGL-ED; form and weights as in RLMRec's code (Docs/BaseModels.md).
package final class SGL: BaseModel {
  package let embedding: Parameter
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let keepRate: Double
  private let contrastWeight: Double
  private let temperature: Double

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    keepRate = options.number("keep-rate")
    contrastWeight = options.number("contrast-weight")
    temperature = options.number("contrast-temperature")
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: options.integer("dimension"), seed: problem.seed)
    graph = PropagationGraph(bipartite: problem.interactions)
  }

  package var parameters: [Parameter] { [embedding] }
  package var representationWidth: Int { embedding.value.columns }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    tape.propagate(input, over: graph, layers: layers)
  }

  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    let ranking = tape.bayesianPersonalizedRanking(views.scoring, batch: batch, users: users)
    guard contrastWeight > 0 else { return [ranking] }
    let dropped = [RandomPurpose.edgeDropout, .secondEdgeDropout].map { purpose in
      tape.propagate(
        views.input, over: graph, layers: layers,
        keeping: graph.dropped(keepRate: Float(keepRate), stream: position.stream(purpose)))
    }
    return [ranking]
      + tape.viewContrast(
        dropped[0], dropped[1], batch: batch, includesNegatives: true, users: users, temperature: Float(temperature),
        weight: contrastWeight)
  }

  package func finalRepresentation(of input: Matrix) -> Matrix { graph.sumOfLayers(input, layers: layers) }

  package var propagation: PropagationForm? {
    PropagationForm(layers: layers, isConcatenated: false, hasSelfLoops: false)
  }

  package func attribution(of input: Matrix) -> VectorAttribution {
    .sumOfLayers(input, graph: graph, layers: layers, users: users)
  }

  /// How the registry offers this model.
  package static let descriptor = BaseModelDescriptor(
    name: "sgl", summary: "LightGCN with contrast between edge-dropped views (Wu et al. 2021)",
    options: [
      .dimension, .layers(default: 3), .regularization(default: "1e-5"), .keepRate(default: "0.8"),
      .contrastWeight(default: "0.1"), .contrastTemperature(default: "0.2"),
    ],
    presets: [
      "amazon": ["layers": "3", "regularization": "1e-5", "contrast-weight": "0.1", "contrast-temperature": "0.2"],
      "yelp": ["layers": "3", "regularization": "1e-6", "contrast-weight": "0.001", "contrast-temperature": "0.1"],
      // Steam's own setting says 2, but the published code reads the general one.
      "steam": ["layers": "3", "regularization": "1e-5", "contrast-weight": "0.1", "contrast-temperature": "0.5"],
    ]
  ) { SGL(problem: $0, options: $1) }
}
