// Text vectors smoothed over the training graph before anything is trained.

import Autodiff
import Numerics

/// Averages each node's text with that of its neighbours.
///
/// Two hops of smoothing alone rank better than a raw text vector by far (TextGCN, arXiv 2510.12461): a node's text then
/// says what its neighbourhood is about.
package enum TextSmoothing {
  /// Unit rows of Σ_{l=0..hops} Aˡ T with the symmetrically normalised training graph A, `[users + items, width]`.
  ///
  /// A node whose sum vanishes keeps zeros.
  /// - Parameters:
  ///   - text: T, unit rows, users first.
  ///   - interactions: training interactions, `[users, items]`.
  ///   - hops: number of propagations; 0 returns the text itself.
  package static func smoothed(_ text: Matrix, over interactions: CSRMatrix, hops: Int) -> Matrix {
    guard hops > 0 else { return text }
    return UnitRows(PropagationGraph(bipartite: interactions).sumOfLayers(text, layers: hops)).value
  }
}
