// What runs over many users need besides the queries themselves.

import Numerics

extension Engine {
  /// The ids of all users, in the model's order.
  package var allUserIds: [String] { bundle.users.strings }

  /// Ids of the `top` items recommended to a known user, best first: those of `recommend`, without its record.
  package func recommendedItems(user id: String, top: Int) throws(QueryError) -> [String] {
    try check(top: top)
    let user = try userIndex(id)
    let found = try bestItems(
      for: bundle.finalUsers.row(user), top: top, leavingOut: bundle.interactions.row(user),
      cancellation: Cancellation()
    ).found
    return found.map { bundle.items[Int($0.index)] }
  }
}
