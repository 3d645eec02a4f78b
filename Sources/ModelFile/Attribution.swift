// How a score is divided among a user's past items.

import Numerics

/// How the final vector of a user is made of the items of the user's history; explanations and fold-in rest on it.
package enum Attribution: Sendable {
  /// Linear graph propagation (LightGCN and everything that ranks with the same encoder).
  ///
  /// With N(u) the training items of user u, and degrees d counted in the training interactions,
  ///
  ///     e_u = own_u + sum over j in N(u) of (d_u d_j)^-1/2 itemPartial_j
  ///
  /// is an identity: `own` is the user's own layer-0 part of the layer mean, `itemPartial` the sum of the items' layers
  /// 0 ..< K with the layer weight. Shapes `[U, d]` and `[I, d]`.
  case propagation(own: Matrix, itemPartial: Matrix)
  /// Ridge representation (matrix factorisation): with Y the final vectors of the user's past items, `[n, d]`,
  ///
  ///     e_u = sum over j of w_j y_j + rest,   w = (Y Y^T + r I)^-1 Y e_u
  ///
  /// is an identity by the definition of the rest. `regularization` is r > 0.
  case representation(regularization: Double)
  /// The model has no such form.
  case none

  /// The name stored in the bundle.
  package var name: String {
    switch self {
    case .propagation: return "propagation"
    case .representation: return "representation"
    case .none: return "none"
    }
  }
}
