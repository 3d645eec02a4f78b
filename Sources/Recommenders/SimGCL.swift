// SimGCL: LightGCN with a contrast between two views of added noise.

import Autodiff
import Files
import Numerics

/// Simple graph contrastive learning.
///
/// Ranks with the layer sum (BPR on it). In every step two views of all nodes are propagated with directed noise of
/// length `noise` after each layer, and each user and positive item of the batch is contrasted with itself in the other
/// view against all users, or all items.
/// Source: Yu et al. 2022, SimGCL; form and weights as in RLMRec's code (Docs/BaseModels.md).
package final class SimGCL: BaseModel {
  package let embedding: Parameter
  private let graph: PropagationGraph
  private let users: Int
  private let layers: Int
  private let noise: Double
  private let contrastWeight: Double
  private let temperature: Double

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    layers = options.integer("layers")
    noise = options.number("noise")
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
    let perturbed = [RandomPurpose.noise, .secondNoise].map { purpose in
      tape.propagatePerturbed(
        views.input, over: graph, layers: layers, noise: Float(noise), stream: position.stream(purpose))
    }
    return [ranking]
      + tape.viewContrast(
        perturbed[0], perturbed[1], batch: batch, includesNegatives: false, users: users,
        temperature: Float(temperature), weight: contrastWeight)
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
    name: "simgcl", summary: "LightGCN with contrast between noisy views (Yu et al. 2022)",
    options: [
      .dimension, .layers(default: 3), .regularization(default: "1e-5"),
      OptionDeclaration("noise", .number(0...100), default: "0.9", "length of the noise added to a view's layers"),
      .contrastWeight(default: "0.1"), .contrastTemperature(default: "0.2"),
    ],
    presets: [
      "amazon": ["noise": "0.9", "contrast-temperature": "0.2"],
      "yelp": ["noise": "0.9", "contrast-temperature": "0.2"],
      "steam": ["noise": "0.2", "contrast-temperature": "0.5"],
    ]
  ) { SimGCL(problem: $0, options: $1) }
}
