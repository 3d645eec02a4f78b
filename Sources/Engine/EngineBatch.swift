// What runs over many users need besides the queries themselves.

import Numerics

extension Engine {
  /// The ids of all users, in the model's order.
  package var allUserIds: [String] { bundle.users.strings }

  /// Ids of the `top` items recommended to a known user, best first: those of `recommend`, without its record.
  package func recommendedItems(user id: String, top: Int) throws(QueryError) -> [String] {
    try check(top: top)
    let user = try userIndex(id)
    let scores = try self.scores(of: bundle.finalUsers.row(user), cancellation: Cancellation())
    return scores.withUnsafeBufferPointer { buffer -> [String] in
      guard let base = buffer.baseAddress else { return [] }
      let best = topK(of: base, count: buffer.count, k: top, excluding: bundle.interactions.row(user))
      return best.map { bundle.items[Int($0.index)] }
    }
  }
}
