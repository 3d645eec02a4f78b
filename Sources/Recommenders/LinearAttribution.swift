// The exact decomposition of user vectors that are sums of linear propagation layers.

import Autodiff
import Numerics

extension VectorAttribution {
  /// The decomposition of a layer sum: LightGCN and every model that ranks with its encoder.
  ///
  /// The layer sum of a user splits into its layer-0 part and its items' sums of layers 0 ..< L:
  /// e_u = x_u + Σ_{j ∈ N(u)} Ã_uj p_j with p = Σ_{l=0..L-1} Ãˡ x.
  /// - Parameters:
  ///   - input: x, `[users + items, d]`.
  ///   - graph: Ã, symmetrically normalised without self-loops.
  ///   - layers: L.
  ///   - users: number of users.
  static func sumOfLayers(_ input: Matrix, graph: PropagationGraph, layers: Int, users: Int) -> VectorAttribution {
    let nodes = input.rows
    let own = input.rows(0..<users)
    guard layers > 0 else {
      return .propagation(own: own, itemPartial: Matrix(rows: nodes - users, columns: input.columns))
    }
    let partial = graph.sumOfLayers(input, layers: layers - 1)
    return .propagation(own: own, itemPartial: partial.rows(users..<nodes))
  }
}
