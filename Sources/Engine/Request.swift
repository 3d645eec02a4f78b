// The questions that can be asked of a loaded model, as values.

/// Which vectors neighbours are searched in.
package enum Space: String, CaseIterable, Sendable {
  /// The vectors that the model ranks with.
  case final
  /// The part shared between behaviour and language.
  case shared
  /// The part specific to one side.
  case specific
  /// The frozen text embedding itself.
  case text

  /// True where behaviour and language have a space each.
  package var hasSides: Bool { self == .shared || self == .specific }

  /// Refuses a side that was named for a space that has none: it would change nothing.
  package func check(side: Side?) throws(QueryError) {
    guard let side, !hasSides else { return }
    throw .invalidWord(
      "the space '\(rawValue)' has no sides; leave out '\(side.rawValue)', or take shared or specific",
      word: side.rawValue)
  }
}

/// Which side of a shared or specific space is meant.
package enum Side: String, CaseIterable, Sendable {
  /// Learned from interactions.
  case collaborative
  /// Projected from the text embedding.
  case language
}

/// Users or items.
package enum EntityKind: String, CaseIterable, Sendable {
  case user
  case item
}

/// `recommend USER [--top N] [--include-seen] [--candidates FILE] [--exclude FILE]` or `recommend --items A,B,C`.
package struct RecommendRequest: Sendable {
  /// The user's id; nil when `items` describes a person the model has never seen.
  package var user: String?
  /// Ids or titles of the items a new person likes; empty for a known user.
  package var items: [String] = []
  /// How many items are wanted.
  package var top = 10
  /// Also recommend what the user already has.
  package var includeSeen = false
  /// Only these items may be recommended, when not nil.
  package var candidates: [String]?
  /// These items may not be recommended.
  package var excluded: [String] = []

  /// A request for a known user.
  package init(user: String?) { self.user = user }
}

/// `similar item ITEM | similar user USER [--space S] [--side S] [--top N]`.
package struct SimilarRequest: Sendable {
  package var kind: EntityKind
  /// Id, or an item's title.
  package var id: String
  package var space: Space = .final
  package var side: Side = .collaborative
  package var top = 10

  /// A request with the default space (final) and side (collaborative).
  package init(kind: EntityKind, id: String) {
    self.kind = kind
    self.id = id
  }
}

/// `explain USER ITEM [--neighbors N]`.
package struct ExplainRequest: Sendable {
  package var user: String
  /// Id or title.
  package var item: String
  /// Neighbours listed for each space.
  package var neighbors = 5
  /// At most this many contributions are listed; the others are in the residual.
  ///
  /// Nil lists all.
  package var contributions: Int?
  /// The list that the counterfactual drops the item out of: the user's best `top`.
  package var top = 10
  /// Search the smallest set of past items whose removal drops the item out of that list.
  package var counterfactual = true

  /// A request that lists every contribution.
  package init(user: String, item: String) {
    self.user = user
    self.item = item
  }
}
