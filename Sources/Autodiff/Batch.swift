// One mini-batch of training triples.

/// Interactions of one step, each with a sampled negative item.
package struct Batch: Sendable {
  /// User index of every interaction.
  package var users: [Int32]
  /// Item index of every interaction.
  package var positives: [Int32]
  /// An item the user does not have in training, for every interaction.
  package var negatives: [Int32]

  /// A batch of equal-length lists.
  package init(users: [Int32], positives: [Int32], negatives: [Int32]) {
    precondition(users.count == positives.count && users.count == negatives.count, "lists differ in length")
    self.users = users
    self.positives = positives
    self.negatives = negatives
  }

  /// Number of interactions.
  package var count: Int { users.count }

  /// Calls `body` with the users, positives and negatives from one interaction on; not for an empty batch.
  package func withPointers(
    from first: Int, _ body: (UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Void
  ) {
    users.withUnsafeBufferPointer { users in
      positives.withUnsafeBufferPointer { positives in
        negatives.withUnsafeBufferPointer { negatives in
          guard let users = users.baseAddress, let positives = positives.baseAddress,
            let negatives = negatives.baseAddress
          else { return }
          body(users + first, positives + first, negatives + first)
        }
      }
    }
  }

  /// The distinct user and positive-item nodes, ascending; item i is node `userCount + i`.
  package func distinctNodes(users userCount: Int, items itemCount: Int) -> [Int32] {
    var present = [Bool](repeating: false, count: userCount + itemCount)
    for user in users { present[Int(user)] = true }
    for item in positives { present[userCount + Int(item)] = true }
    return present.indices.filter { present[$0] }.map { Int32($0) }
  }
}
