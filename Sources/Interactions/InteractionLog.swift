// Interactions as they were read: one entry a row, in file order.

import Files

/// What to do with a line that cannot be read.
package enum BadLinePolicy: Sendable {
  /// The first bad line ends the reading.
  case refuse
  /// Bad lines are passed over and counted.
  case skip
}

/// Pairs of a user and an item, with rating and time where the data has them.
package struct InteractionLog: Sendable {
  /// Users in order of first appearance, or as the log was started with.
  package var users: IdentifierMap
  /// Items in order of first appearance, or as the log was started with.
  package var items: IdentifierMap
  /// User index of every interaction.
  package private(set) var userIndices: [Int32] = []
  /// Item index of every interaction.
  package private(set) var itemIndices: [Int32] = []
  /// Rating of every interaction; empty when the data has none.
  package private(set) var ratings: [Float] = []
  /// Time of every interaction in the data's own unit; empty when the data has none.
  package private(set) var timestamps: [Double] = []
  /// Lines passed over under `BadLinePolicy.skip`.
  package var badLineCount = 0
  /// The first of those lines, for a notice.
  package var firstBadLine: String?

  /// Number of interactions.
  package var count: Int { userIndices.count }

  /// An empty log; ids known beforehand keep their indices.
  package init(users: IdentifierMap = IdentifierMap(), items: IdentifierMap = IdentifierMap()) {
    self.users = users
    self.items = items
  }

  /// Adds one interaction.
  /// - Precondition: either all interactions of a log have a rating or none has; the same for the time.
  package mutating func append(user: Int32, item: Int32, rating: Float? = nil, timestamp: Double? = nil) {
    userIndices.append(user)
    itemIndices.append(item)
    if let rating { ratings.append(rating) }
    if let timestamp { timestamps.append(timestamp) }
  }

  /// Hands the maps over, so that the next file's log extends them without a copy; this one's are empty afterwards.
  package mutating func takeMaps() -> (users: IdentifierMap, items: IdentifierMap) {
    defer {
      users = IdentifierMap()
      items = IdentifierMap()
    }
    return (users, items)
  }
}
