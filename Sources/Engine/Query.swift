// Questions that explain by contrast, by editing a history, by steering and by centres, as values.

/// `why-not USER ITEM [--top N]`.
package struct WhyNotRequest: Sendable {
  package var user: String
  /// Id or title.
  package var item: String
  /// At most so many of the items that outrank it are compared with it.
  package var top = 10

  /// A request that compares with the ten best.
  package init(user: String, item: String) {
    self.user = user
    self.item = item
  }
}

/// `compare user A B` or `compare item A B`.
package struct CompareRequest: Sendable {
  package var kind: EntityKind
  package var first: String
  package var second: String

  /// A request about two of a kind.
  package init(kind: EntityKind, first: String, second: String) {
    self.kind = kind
    self.first = first
    self.second = second
  }
}

/// `path USER ITEM [--top N]`.
package struct PathRequest: Sendable {
  package var user: String
  /// Id or title.
  package var item: String
  package var top = 10

  /// A request for the ten strongest paths.
  package init(user: String, item: String) {
    self.user = user
    self.item = item
  }
}

/// `what-if USER +ITEM -ITEM ... [--top N]`.
package struct WhatIfRequest: Sendable {
  package var user: String
  /// Ids or titles of items put into the history.
  package var added: [String]
  /// Ids or titles of items taken out of it.
  package var removed: [String]
  package var top = 10

  /// A request for the ten best items after the edit.
  package init(user: String, added: [String], removed: [String]) {
    self.user = user
    self.added = added
    self.removed = removed
  }
}

/// `more-like ITEM` and `less-like ITEM`.
package struct SteerRequest: Sendable {
  package var user: String
  /// Id or title.
  package var item: String
  /// Towards items like it, or away from them.
  package var isTowards: Bool
  /// How far, from 0 (not at all) to 1 (only the item counts).
  package var strength = 0.3
  package var top = 10

  /// A request with a strength of 0.3.
  package init(user: String, item: String, isTowards: Bool) {
    self.user = user
    self.item = item
    self.isTowards = isTowards
  }
}

/// One of the questions of this page.
package enum Query: Sendable {
  case whyNot(WhyNotRequest)
  case compare(CompareRequest)
  case path(PathRequest)
  case whatIf(WhatIfRequest)
  case steer(SteerRequest)
  /// All preference centres, or the one of a number from 1.
  case centres(number: Int?)
}

extension Engine {
  /// Answers a question.
  package func answer(_ query: Query, cancellation: Cancellation) throws(QueryError) -> Answer {
    switch query {
    case .whyNot(let request): return try whyNot(request, cancellation: cancellation)
    case .compare(let request): return try compare(request)
    case .path(let request): return try paths(request, cancellation: cancellation)
    case .whatIf(let request): return try whatIf(request, cancellation: cancellation)
    case .steer(let request): return try steer(request, cancellation: cancellation)
    case .centres(let number?): return try centre(number)
    case .centres(nil): return try centres()
    }
  }
}
