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

/// A collaborative-filtering model that turns parameters and a batch into a loss and node vectors.
///
/// Nodes are users first, then items: item i is node `users + i`. A base model knows nothing of text or alignments;
/// an alignment sees only the variable that `represent` returns.
package protocol BaseModel: AnyObject {
  /// Everything that is trained, in a fixed order.
  var parameters: [Parameter] { get }
  /// Width d of the final representation.
  var representationWidth: Int { get }

  /// The final node representation of this training step on the tape, `[users + items, d]`: the clean view that the
  /// model ranks with.
  func represent(on tape: Tape, at position: StepPosition) -> Variable

  /// The model's own loss terms for a batch, without the L2 penalty (the trainer adds one over all parameters).
  /// - Parameters:
  ///   - tape: the step's tape.
  ///   - scoring: vectors whose inner products are the scores, `[users + items, p]`; the representation itself unless
  ///     an alignment ranks with something else.
  ///   - representation: what `represent` returned in this step.
  ///   - batch: the interactions.
  ///   - position: the step.
  func losses(
    on tape: Tape, scoring: Variable, representation: Variable, batch: Batch, at position: StepPosition
  ) -> [LossTerm]

  /// The node representation for ranking, `[users + items, d]`: no dropout, no noise.
  func finalRepresentation() -> Matrix

  /// How the final user vectors decompose.
  func attribution() -> VectorAttribution
}
