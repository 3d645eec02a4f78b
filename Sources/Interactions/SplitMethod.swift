// Dividing interactions into training, validation and test.

import Numerics

/// Shares of the three parts, as whole numbers such as 3:1:1.
package struct SplitShares: Sendable, Equatable {
  /// Share of training; at least 1.
  package let train: Int
  /// Share of validation.
  package let valid: Int
  /// Share of test.
  package let test: Int

  /// The sum of the shares.
  package var total: Int { train + valid + test }

  /// Shares; nil unless training has one, none is negative and none exceeds a million.
  package init?(train: Int, valid: Int, test: Int) {
    let limit = 0...1_000_000
    guard train > 0, limit.contains(train), limit.contains(valid), limit.contains(test) else { return nil }
    self.train = train
    self.valid = valid
    self.test = test
  }

  /// Shares written as `3:1:1`; nil when the text is something else.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let train = parts[0], let valid = parts[1], let test = parts[2] else { return nil }
    self.init(train: train, valid: valid, test: test)
  }

  private init(_ train: Int, _ valid: Int, _ test: Int) {
    self.train = train
    self.valid = valid
    self.test = test
  }

  /// 3:1:1, the shares of the method's published protocol.
  package static let standard = SplitShares(3, 1, 1)

  /// How many of `count` interactions of one user go where.
  ///
  /// Test and validation get their share rounded to nearest (halves up), training the rest and at least one. Fewer than
  /// three interactions all train.
  package func counts(of count: Int) -> (train: Int, valid: Int, test: Int) {
    guard count >= 3 else { return (count, 0, 0) }
    func rounded(_ share: Int) -> Int { (2 * count * share + total) / (2 * total) }
    let testCount = min(rounded(test), count - 1)
    let validCount = min(rounded(valid), count - 1 - testCount)
    return (count - validCount - testCount, validCount, testCount)
  }
}

/// How interactions are divided when the data does not come divided.
package enum SplitMethod: Sendable, Equatable {
  /// Each user's interactions at random in these shares.
  ///
  /// An interaction's draw depends on the seed and on the ids of its user and item only, so other users and new items
  /// do not disturb it.
  case random(SplitShares)
  /// Two moments cut the whole data: before the first is training, before the second validation, the rest test.
  /// They are the quantiles of all times at the shares. Held-out interactions of users without training are dropped.
  case byTime(SplitShares)
  /// Each user's interactions in order of time in these shares, the last ones in test.
  case byTimePerUser(SplitShares)
  /// Each user's last interaction is test and the one before it validation; fewer than three all train.
  case leaveLastOut

  /// True when interactions must have times.
  package var needsTimestamps: Bool {
    if case .random = self { return false }
    return true
  }

  /// The method in one word.
  package var name: String {
    switch self {
    case .random: return "random"
    case .byTime: return "time"
    case .byTimePerUser: return "user-time"
    case .leaveLastOut: return "leave-last-out"
    }
  }
}

/// Which part an interaction belongs to.
package enum SplitPart: UInt8, Sendable {
  case train, valid, test
  /// In no part: a held-out interaction of a user who has none in training.
  case dropped
}

extension SplitMethod {
  /// The part of every entry of a table.
  /// - Parameters:
  ///   - table: the interactions; with times where the method needs them.
  ///   - users: ids of the table's users.
  ///   - items: ids of the table's items.
  ///   - seed: the run's seed.
  package func parts(
    of table: InteractionTable, users: IdentifierMap, items: IdentifierMap, seed: UInt64
  ) throws(DataError) -> [SplitPart] {
    guard !needsTimestamps || table.timestamps.count == table.count else {
      throw .notPossible(
        "a split by time needs a time column (timestamp); name it with --timestamp-column, or split at "
          + "random")
    }
    switch self {
    case .random(let shares):
      return Self.randomParts(of: table, users: users, items: items, seed: seed) { shares.counts(of: $0) }
    case .byTime(let shares):
      return globalTimeParts(of: table, shares: shares)
    case .byTimePerUser(let shares):
      return orderedParts(of: table) { shares.counts(of: $0) }
    case .leaveLastOut:
      return orderedParts(of: table) { $0 < 3 ? ($0, 0, 0) : ($0 - 2, 1, 1) }
    }
  }

  /// Sets part of each user's training interactions aside for validation: floor(n * share) of n, drawn like a random
  /// split.
  package static func validationParts(
    of table: InteractionTable, users: IdentifierMap, items: IdentifierMap, seed: UInt64, share: Double
  ) -> [SplitPart] {
    randomParts(of: table, users: users, items: items, seed: seed) { count in
      let valid = Int((Double(count) * share).rounded(.down))
      return (count - valid, valid, 0)
    }
  }

  private static func randomParts(
    of table: InteractionTable, users: IdentifierMap, items: IdentifierMap, seed: UInt64,
    counts: (Int) -> (train: Int, valid: Int, test: Int)
  ) -> [SplitPart] {
    let itemHashes = (0..<table.itemCount).map { items.withBytes($0, StableHash.of) }
    var parts = [SplitPart](repeating: .train, count: table.count)
    for user in 0..<table.userCount {
      let key = users.withBytes(user, StableHash.of)
      let stream = RandomStream(
        seed: seed, purpose: .split, epoch: Int(truncatingIfNeeded: key & 0xFFFF_FFFF),
        step: Int(truncatingIfNeeded: key >> 32))
      let order = table.entries(of: user).map { entry in
        let words = stream.words(at: itemHashes[Int(table.items[entry])])
        return (entry: entry, draw: UInt64(words.x) << 32 | UInt64(words.y))
      }.sorted { ($0.draw, $0.entry) < ($1.draw, $1.entry) }
      let counts = counts(order.count)
      for (rank, item) in order.enumerated() where rank >= counts.train {
        parts[item.entry] = rank < counts.train + counts.valid ? .valid : .test
      }
    }
    return parts
  }

  /// Assigns each user's entries in order of time; ties in order of items.
  private func orderedParts(
    of table: InteractionTable, counts: (Int) -> (train: Int, valid: Int, test: Int)
  ) -> [SplitPart] {
    var parts = [SplitPart](repeating: .train, count: table.count)
    for user in 0..<table.userCount {
      let order = table.entries(of: user).sorted { (table.timestamps[$0], $0) < (table.timestamps[$1], $1) }
      let counts = counts(order.count)
      for (rank, entry) in order.enumerated() where rank >= counts.train {
        parts[entry] = rank < counts.train + counts.valid ? .valid : .test
      }
    }
    return parts
  }

  private func globalTimeParts(of table: InteractionTable, shares: SplitShares) -> [SplitPart] {
    guard table.count > 0 else { return [] }
    let times = table.timestamps.sorted()
    /// The first time that belongs behind a cut at this share of all interactions.
    func cut(_ share: Int) -> Double {
      let rank = Int((Double(times.count) * Double(share) / Double(shares.total)).rounded())
      return rank < times.count ? times[rank] : .infinity
    }
    let validStart = cut(shares.train)
    let testStart = cut(shares.train + shares.valid)
    var parts = table.timestamps.map { time -> SplitPart in
      time < validStart ? .train : time < testStart ? .valid : .test
    }
    for user in 0..<table.userCount where !table.entries(of: user).contains(where: { parts[$0] == .train }) {
      for entry in table.entries(of: user) { parts[entry] = .dropped }
    }
    return parts
  }
}
