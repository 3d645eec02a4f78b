// GCCF: linear graph convolution with self-loops, layers side by side.

import Autodiff
import Files
import Numerics

/// Linear residual graph convolution: e = [x, Â x, ..., Âᴸ x] with Â the normalised graph with self-loops, trained with
/// BPR.
///
/// The score is the sum of the layers' inner products. Source: Chen et al. 2020, "Revisiting graph based collaborative
/// filtering" (LR-GCCF), without layer weights, as RLMRec runs it (Docs/BaseModels.md).
package final class GCCF: BaseModel {
  package let embedding: Parameter
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let hasSelfLoops: Bool

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    hasSelfLoops = options.flag("self-loops")
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: options.integer("dimension"), seed: problem.seed)
    graph = PropagationGraph(bipartite: problem.interactions, selfLoops: hasSelfLoops)
  }

  package var parameters: [Parameter] { [embedding] }
  package var representationWidth: Int { (layers + 1) * embedding.value.columns }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    tape.propagateConcatenated(input, over: graph, layers: layers)
  }

  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    [tape.bayesianPersonalizedRanking(views.scoring, batch: batch, users: users)]
  }

  package func finalRepresentation(of input: Matrix) -> Matrix { graph.concatenatedLayers(input, layers: layers) }

  package var propagation: PropagationForm? {
    PropagationForm(layers: layers, isConcatenated: true, hasSelfLoops: hasSelfLoops)
  }

  /// Without self-loops block l of a user is Σ_j Ã_uj (block l - 1 of item j): own = [x_u, 0, ..., 0] and
  /// partial_j = [0, block 0, ..., block L-1].
  ///
  /// With self-loops there is none of the form that explanations use: an item's weight is then ((d_u + 1) (d_j + 1))^-1/2,
  /// which is (d_u d_j)^-1/2 times a factor of the item times a factor of the user, and the latter fits nowhere. To put
  /// the difference into the own part would be an identity, but would call own what comes from items. The engine divides
  /// such scores by `propagation` instead.
  package func attribution(of input: Matrix) -> VectorAttribution {
    guard !hasSelfLoops else { return .none }
    let width = input.columns
    let items = input.rows - users
    let own = Matrix(rows: users, columns: representationWidth)
    for user in 0..<users { own.row(user).update(from: input.row(user), count: width) }
    let partial = Matrix(rows: items, columns: representationWidth)
    if layers > 0 {
      let blocks = graph.concatenatedLayers(input, layers: layers - 1)
      for item in 0..<items {
        (partial.row(item) + width).update(from: blocks.row(users + item), count: blocks.columns)
      }
    }
    return .propagation(own: own, itemPartial: partial)
  }

  /// How the registry offers this model.
  package static let descriptor = BaseModelDescriptor(
    name: "gccf", summary: "linear graph convolution with self-loops (Chen et al. 2020), layers side by side",
    options: [
      .dimension, .layers(default: 2), .regularization(default: "1e-6"),
      OptionDeclaration("self-loops", .flag, default: "true", "every node is a neighbour of itself"),
    ],
    presets: ["amazon": ["layers": "2"], "yelp": ["layers": "2"], "steam": ["layers": "2"]]
  ) { GCCF(problem: $0, options: $1) }
}
