// The node vectors that a base model's losses are computed from.

import Autodiff

/// Three views of all nodes in one training step, users first, then items.
package struct NodeViews {
  /// What propagation started from, `[users + items, d0]`.
  ///
  /// The embedding table, or what an alignment made of it (masked rows, added text features). A model that draws
  /// further views propagates this again.
  package var input: Variable
  /// What `represent` returned for `input`, `[users + items, d]`.
  package var representation: Variable
  /// Vectors whose inner products are the scores, `[users + items, p]`; the representation itself unless an alignment
  /// ranks with something else.
  package var scoring: Variable

  /// The views of a step.
  package init(input: Variable, representation: Variable, scoring: Variable) {
    self.input = input
    self.representation = representation
    self.scoring = scoring
  }
}
