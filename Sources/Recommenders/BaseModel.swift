// What a collaborative model is to the rest of the program. Guide: Docs/Architecture.md, "Plug and play".

import Autodiff
import Files
import Numerics

/// How final user vectors decompose over a user's training items; it makes explanations exact.
package enum VectorAttribution {
  /// e_u = own_u + Σ_{j ∈ N(u)} (d_u d_j)^-1/2 partial_j, exactly: the family of linear propagation.
  /// own `[users, d]`, partial `[items, d]`.
  case propagation(own: Matrix, itemPartial: Matrix)
  /// The user's vector is a free parameter; it is represented in the span of the vectors of its items.
  case representation
  /// No decomposition is known.
  case none
}

/// How a linear encoder combines its layers.
package struct PropagationForm {
  /// Number of propagations L.
  package let layers: Int
  /// True for layers side by side, false for their sum.
  package let isConcatenated: Bool
  /// True when every node is a neighbour of itself.
  package let hasSelfLoops: Bool
}

/// A collaborative-filtering model that turns parameters and a batch into a loss and node vectors.
///
/// Nodes are users first, then items: item i is node `users + i`. A base model knows nothing of text or alignments: it
/// starts from the node vectors it is given, which are its own embedding table unless an alignment changes them, and an
/// alignment sees only the variable that `represent` returns.
package protocol BaseModel: AnyObject {
  /// Everything that is trained, in a fixed order.
  var parameters: [Parameter] { get }
  /// The table that node vectors start from, `[users + items, d0]`; one of `parameters`.
  var embedding: Parameter { get }
  /// Width d of the final representation.
  var representationWidth: Int { get }
  /// False when the model's losses do not look at sampled negatives (AutoCF).
  var usesNegatives: Bool { get }

  /// The final node representation of this training step on the tape, `[users + items, d]`: the clean view that the
  /// model ranks with.
  /// - Parameters:
  ///   - input: the initial node vectors, `[users + items, d0]`.
  ///   - tape: the step's tape.
  ///   - position: the step.
  func represent(_ input: Variable, on tape: Tape, at position: StepPosition) -> Variable

  /// The model's own loss terms for a batch, without the L2 penalty (the trainer adds one over all parameters).
  /// - Parameters:
  ///   - tape: the step's tape.
  ///   - views: the node vectors of this step.
  ///   - batch: the interactions.
  ///   - position: the step.
  func losses(on tape: Tape, views: NodeViews, batch: Batch, at position: StepPosition) -> [LossTerm]

  /// The node representation for ranking, `[users + items, d]`: no dropout, no noise, no masks.
  /// - Parameter input: the initial node vectors, `[users + items, d0]`.
  func finalRepresentation(of input: Matrix) -> Matrix

  /// How the final user vectors decompose, given the initial node vectors.
  func attribution(of input: Matrix) -> VectorAttribution

  /// The form of the ranking encoder when it is linear propagation of the initial node vectors; nil otherwise.
  var propagation: PropagationForm? { get }

  /// Matrices besides the parameters that the next step depends on, by name; saved in a checkpoint.
  var state: [(name: String, value: Matrix)] { get }

  /// Takes back what `state` returned.
  func restore(state: [(name: String, value: Matrix)])
}

extension BaseModel {
  package var usesNegatives: Bool { true }
  package var propagation: PropagationForm? { nil }
  package var state: [(name: String, value: Matrix)] { [] }
  package func restore(state: [(name: String, value: Matrix)]) {}
  /// The ranking representation of the model's own table.
  package func finalRepresentation() -> Matrix { finalRepresentation(of: embedding.value) }
  /// The decomposition for the model's own table.
  package func attribution() -> VectorAttribution { attribution(of: embedding.value) }
}
