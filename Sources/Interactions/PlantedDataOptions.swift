// How much planted data is made, and of what kind.

/// Sizes and strengths of a planted data set.
package struct PlantedDataOptions: Sendable, Equatable {
  /// Number of users.
  package var users = 300
  /// Number of items.
  package var items = 200
  /// Number of interactions, about: every user has at least `leastInteractions`.
  package var interactions = 9_000
  /// Groups of interest that the shared factors gather around.
  package var groups = 8
  /// Factors seen in interactions and in text.
  package var sharedFactors = 6
  /// Factors seen in interactions only.
  package var behaviourFactors = 3
  /// Factors seen in text only.
  package var textFactors = 3
  /// Dimension of the text embeddings; 0 writes none.
  package var textDimension = 32
  /// How strongly shared factors decide what a user takes.
  package var sharedStrength = 2.5
  /// How strongly behaviour-specific factors decide what a user takes.
  package var behaviourStrength = 1.5
  /// Standard deviation of the noise in a text embedding, relative to the signal.
  package var noise = 0.25
  /// Exponent of the popularity of items by rank (Zipf); 0 makes all equally popular.
  package var popularitySkew = 0.6
  /// Whether users have text embeddings of their own, where there is text.
  package var givesUsersText = true
  /// Whether embeddings are stored as float32 instead of float16.
  package var usesFullPrecision = false
  /// Whether files of an earlier data set in the folder may be replaced.
  package var replacesFiles = false
  /// Seed of everything.
  package var seed: UInt64 = 1

  /// Whether items have text embeddings.
  var writesItemEmbeddings: Bool { textDimension > 0 }
  /// Whether users have text embeddings of their own.
  var writesUserEmbeddings: Bool { givesUsersText && textDimension > 0 }

  /// Fewest interactions of a user: what 3:1:1 divides without remainder.
  package static let leastInteractions = 5

  /// The small default.
  package init() {}

  func validate() throws(DataError) {
    func require(_ value: Int, in range: ClosedRange<Int>, _ name: String) throws(DataError) {
      guard range.contains(value) else {
        throw .badOption("\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    try require(users, in: 1...50_000_000, "the number of users")
    try require(items, in: 10...50_000_000, "the number of items")
    try require(interactions, in: 1...2_000_000_000, "the number of interactions")
    try require(groups, in: 1...1_000, "the number of groups")
    try require(sharedFactors, in: 1...64, "the number of shared factors")
    try require(behaviourFactors, in: 0...64, "the number of behaviour factors")
    try require(textFactors, in: 0...64, "the number of text factors")
    if textDimension != 0 { try require(textDimension, in: sharedFactors + textFactors...4096, "the text dimension") }
    for (value, name) in [
      (sharedStrength, "the shared strength"), (behaviourStrength, "the behaviour strength"), (noise, "the noise"),
      (popularitySkew, "the popularity skew"),
    ] {
      guard value.isFinite, value >= 0, value <= 100 else {
        throw .badOption("\(name) must be from 0 to 100, not \(value)")
      }
    }
    guard interactions <= users * (items / 2) else {
      throw .badOption("\(interactions) interactions are too many for \(users) users and \(items) items")
    }
  }
}
