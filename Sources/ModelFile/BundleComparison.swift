// Whether two models can stand beside each other.

import Numerics

extension Bundle {
  /// What differs between the data of two models: `users`, `items`, `training interactions` or `held-out interactions`;
  /// nil when they were made from the same.
  package func difference(from other: Bundle) -> String? {
    func same(_ first: CSRMatrix?, _ second: CSRMatrix?) -> Bool {
      first?.rowStarts == second?.rowStarts && first?.columnIndices == second?.columnIndices
    }
    if users != other.users { return "users" }
    if items != other.items { return "items" }
    if !same(interactions, other.interactions) { return "training interactions" }
    if !same(validation, other.validation) || !same(test, other.test) { return "held-out interactions" }
    return nil
  }
}
