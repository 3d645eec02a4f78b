// Interactions in canonical order, each pair once: what filters and splits work on.

import Numerics

/// What to do when a user has the same item more than once.
package enum DuplicatePolicy: Sendable {
  /// Keep the latest; of equally late ones, or without times, the best rated. Independent of the order of lines.
  case keepLatest
  /// Refuse the data.
  case refuse
}

/// Interactions grouped by user, items ascending inside a user, each pair once.
package struct InteractionTable: Sendable {
  /// Number of users.
  package let userCount: Int
  /// Number of items.
  package let itemCount: Int
  /// `[userCount + 1]` offsets of each user's entries.
  package private(set) var starts: [Int]
  /// Item of every entry.
  package private(set) var items: [Int32]
  /// Rating of every entry; empty when the data has none.
  package private(set) var ratings: [Float]
  /// Time of every entry; empty when the data has none.
  package private(set) var timestamps: [Double]
  /// Lines that were merged into another entry of the same pair.
  package private(set) var mergedCount = 0

  /// Number of entries.
  package var count: Int { items.count }

  /// Brings a log into canonical order and merges duplicates.
  /// - Parameters:
  ///   - log: the interactions.
  ///   - userIndex: new index of each user of the log.
  ///   - itemIndex: new index of each item of the log.
  ///   - userCount: number of users of the result.
  ///   - itemCount: number of items of the result.
  /// - Complexity: O(interactions + users + items) by two counting sorts.
  package init(log: InteractionLog, userIndex: [Int32], itemIndex: [Int32], userCount: Int, itemCount: Int) {
    self.userCount = userCount
    self.itemCount = itemCount
    // Sort entry numbers by item, then stably by user.
    let byItem = Self.countingSort(
      (0..<log.count).map(Int32.init), buckets: itemCount
    ) { itemIndex[Int(log.itemIndices[Int($0)])] }
    let order = Self.countingSort(byItem, buckets: userCount) { userIndex[Int(log.userIndices[Int($0)])] }
    starts = [Int](repeating: 0, count: userCount + 1)
    items = []
    ratings = []
    timestamps = []
    items.reserveCapacity(log.count)
    ratings.reserveCapacity(log.ratings.count)
    timestamps.reserveCapacity(log.timestamps.count)
    var previousUser: Int32 = -1
    var chosen = 0
    for position in order {
      let entry = Int(position)
      let user = userIndex[Int(log.userIndices[entry])]
      let item = itemIndex[Int(log.itemIndices[entry])]
      if user == previousUser, items.last == item {
        mergedCount += 1
        guard Self.isPreferred(entry, over: chosen, in: log) else { continue }
        if !log.ratings.isEmpty { ratings[ratings.count - 1] = log.ratings[entry] }
        if !log.timestamps.isEmpty { timestamps[timestamps.count - 1] = log.timestamps[entry] }
      } else {
        starts[Int(user) + 1] += 1
        items.append(item)
        if !log.ratings.isEmpty { ratings.append(log.ratings[entry]) }
        if !log.timestamps.isEmpty { timestamps.append(log.timestamps[entry]) }
      }
      chosen = entry
      previousUser = user
    }
    for user in 0..<userCount { starts[user + 1] += starts[user] }
  }

  private init(userCount: Int, itemCount: Int, starts: [Int], items: [Int32], ratings: [Float], timestamps: [Double]) {
    self.userCount = userCount
    self.itemCount = itemCount
    self.starts = starts
    self.items = items
    self.ratings = ratings
    self.timestamps = timestamps
  }

  private static func isPreferred(_ entry: Int, over chosen: Int, in log: InteractionLog) -> Bool {
    if !log.timestamps.isEmpty, log.timestamps[entry] != log.timestamps[chosen] {
      return log.timestamps[entry] > log.timestamps[chosen]
    }
    return !log.ratings.isEmpty && log.ratings[entry] > log.ratings[chosen]
  }

  private static func countingSort(_ values: [Int32], buckets: Int, key: (Int32) -> Int32) -> [Int32] {
    var next = [Int](repeating: 0, count: buckets + 1)
    for value in values { next[Int(key(value)) + 1] += 1 }
    for bucket in 0..<buckets { next[bucket + 1] += next[bucket] }
    var sorted = [Int32](repeating: 0, count: values.count)
    for value in values {
      let bucket = Int(key(value))
      sorted[next[bucket]] = value
      next[bucket] += 1
    }
    return sorted
  }

  /// The entries of one user.
  package func entries(of user: Int) -> Range<Int> { starts[user]..<starts[user + 1] }

  /// The table with only the entries for which `isKept` is true; users and items keep their indices.
  package func filtered(_ isKept: (_ user: Int, _ entry: Int) -> Bool) -> InteractionTable {
    var newStarts = [0]
    newStarts.reserveCapacity(userCount + 1)
    var newItems: [Int32] = []
    var newRatings: [Float] = []
    var newTimestamps: [Double] = []
    for user in 0..<userCount {
      for entry in entries(of: user) where isKept(user, entry) {
        newItems.append(items[entry])
        if !ratings.isEmpty { newRatings.append(ratings[entry]) }
        if !timestamps.isEmpty { newTimestamps.append(timestamps[entry]) }
      }
      newStarts.append(newItems.count)
    }
    return InteractionTable(
      userCount: userCount, itemCount: itemCount, starts: newStarts, items: newItems, ratings: newRatings,
      timestamps: newTimestamps)
  }

  /// The table of the kept users and items, in their order, renumbered from 0; entries of others are dropped.
  package func selecting(users: [Int32], items kept: [Int32]) -> InteractionTable {
    var newItem = [Int32](repeating: -1, count: itemCount)
    for (index, item) in kept.enumerated() { newItem[Int(item)] = Int32(index) }
    var newStarts = [0]
    var newItems: [Int32] = []
    var newRatings: [Float] = []
    var newTimestamps: [Double] = []
    for user in users {
      for entry in entries(of: Int(user)) where newItem[Int(items[entry])] >= 0 {
        newItems.append(newItem[Int(items[entry])])
        if !ratings.isEmpty { newRatings.append(ratings[entry]) }
        if !timestamps.isEmpty { newTimestamps.append(timestamps[entry]) }
      }
      newStarts.append(newItems.count)
    }
    return InteractionTable(
      userCount: users.count, itemCount: kept.count, starts: newStarts, items: newItems, ratings: newRatings,
      timestamps: newTimestamps)
  }

  /// The entries as a binary matrix, `[users, items]`.
  package func matrix() -> CSRMatrix {
    CSRMatrix(
      rows: userCount, columns: itemCount, rowStarts: starts, columnIndices: items,
      values: [Float](repeating: 1, count: count))
  }

  /// The k-core: the largest part in which every user and every item has at least `minimum` entries.
  ///
  /// Users and items below the minimum lose their entries until none is left to lose; that fixed point is the same
  /// whatever the order of removal (Batagelj and Zaversnik 2003). Indices do not change.
  /// - Complexity: O(entries + users + items): every entry is visited once from each side.
  package func core(_ minimum: Int) -> InteractionTable {
    let byItem = matrix().transposed().matrix
    // Users are nodes 0 ..< userCount, items the nodes behind them.
    var degrees = (0..<userCount).map { entries(of: $0).count } + (0..<itemCount).map(byItem.degree)
    var isRemoved = degrees.map { $0 < minimum }
    var waiting = isRemoved.indices.filter { isRemoved[$0] }
    func loseEntry(_ node: Int) {
      degrees[node] -= 1
      guard !isRemoved[node], degrees[node] < minimum else { return }
      isRemoved[node] = true
      waiting.append(node)
    }
    while let node = waiting.popLast() {
      if node < userCount {
        for entry in entries(of: node) { loseEntry(userCount + Int(items[entry])) }
      } else {
        for user in byItem.row(node - userCount) { loseEntry(Int(user)) }
      }
    }
    return filtered { user, entry in !isRemoved[user] && !isRemoved[userCount + Int(items[entry])] }
  }
}
