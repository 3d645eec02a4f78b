// LightGCN: linear propagation over the interaction graph.

import Autodiff
import Files
import Numerics

/// LightGCN: e = Σ_{l=0..L} Ãˡ x with the symmetrically normalised bipartite graph, trained with BPR.
///
/// In training each directed entry of the graph is kept with probability `keep-rate` once per step, without rescaling.
/// Source: He et al. 2020; sum instead of mean and edge dropping as in RLMRec's code (Docs/Method.md).
package final class LightGCN: BaseModel {
  package let embedding: Parameter
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let keepRate: Double

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    keepRate = options.number("keep-rate")
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: options.integer("dimension"), seed: problem.seed)
    graph = PropagationGraph(bipartite: problem.interactions)
  }

  package var parameters: [Parameter] { [embedding] }
  package var representationWidth: Int { embedding.value.columns }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    let edges =
      keepRate < 1 ? graph.dropped(keepRate: Float(keepRate), stream: position.stream(.edgeDropout)) : nil
    return tape.propagate(input, over: graph, layers: layers, keeping: edges)
  }

  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    [tape.bayesianPersonalizedRanking(views.scoring, batch: batch, users: users)]
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
    name: "lightgcn", summary: "linear graph convolution (He et al. 2020), layers summed",
    options: [
      .dimension, .layers(default: 3), .regularization(default: "1e-6"), .keepRate(default: "0.8"),
    ],
    presets: ["amazon": ["layers": "3"], "yelp": ["layers": "3"], "steam": ["layers": "2"]]
  ) { LightGCN(problem: $0, options: $1) }
}
