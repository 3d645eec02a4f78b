// Items taken out of training, to measure what a model can do for items nobody has touched.

/// Chooses the items whose training interactions are hidden.
package enum ColdItems {
  /// Whether each item is hidden: a draw keyed by the item's id and the seed, so it does not depend on the other items
  /// or on the order of the files.
  /// - Parameters:
  ///   - items: all items.
  ///   - share: expected share of hidden items, 0 ... 1.
  ///   - seed: the run's seed.
  package static func hidden(of items: IdentifierMap, share: Double, seed: UInt64) -> [Bool] {
    (0..<items.count).map { index in
      var hash = StableHash()
      items.withBytes(index) { hash.combine($0) }
      hash.combine(Int(truncatingIfNeeded: seed))
      return Double(hash.value >> 11) * 0x1p-53 < share
    }
  }
}
