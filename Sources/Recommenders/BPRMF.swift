// Matrix factorisation trained with BPR.

import Autodiff
import Files
import Numerics

/// Matrix factorisation with the BPR loss: score(u, i) = x_u · y_i.
///
/// Source: Rendle et al. 2009, section 4.3.1.
package final class BPRMF: BaseModel {
  package let embedding: Parameter
  private let users: Int

  /// A freshly initialised model.
  package init(problem: ModelProblem, options: OptionValues) {
    users = problem.interactions.rows
    embedding = .nodeEmbedding(
      users: users, items: problem.interactions.columns, dimension: options.integer("dimension"), seed: problem.seed)
  }

  package var parameters: [Parameter] { [embedding] }
  package var representationWidth: Int { embedding.value.columns }

  package func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable { input }

  package func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm] {
    [tape.bayesianPersonalizedRanking(views.scoring, batch: batch, users: users)]
  }

  package func finalRepresentation(of input: Matrix) -> Matrix { input.copy() }

  package func attribution(of input: Matrix) -> VectorAttribution { .representation }

  /// How the registry offers this model.
  package static let descriptor = BaseModelDescriptor(
    name: "bprmf", summary: "matrix factorisation with the BPR loss (Rendle et al. 2009)",
    options: [.dimension, .regularization(default: "1e-6")], presets: [:]
  ) { BPRMF(problem: $0, options: $1) }
}
