// Why an item has its score for a user, as a value.

import ModelFile
import Numerics

/// Everything an explanation says, before it becomes a record, sentences or tables.
struct Explanation {
  /// One term of the score.
  struct Term {
    /// The past item; nil for the user's own part.
    var item: Int32?
    /// What it adds to the score.
    var value: Double
    /// Its share of the sum of all terms' magnitudes, signed.
    var share: Double
    /// The value by parts of the score, in their order; empty for a score of one part.
    var parts: [Double] = []
  }

  /// One neighbour in one space.
  struct Neighbour {
    var view: SpaceView
    var index: Int32
    var similarity: Double
    /// Users that have both items, or items that both users have.
    var overlap: Int
  }

  /// How near the item is to the user's history in one space.
  struct Affinity {
    var view: SpaceView
    /// The cosine of the user's and the item's vector; nil across final vectors, which are not compared by angle.
    var userItemCosine: Double
    var userNorm: Double
    var itemNorm: Double
    /// Mean cosine of the item to the user's other items; nil without any.
    var history: Double?
    /// Mean cosine of the item to a fixed sample of other items; nil without any.
    var baseline: Double?
    /// (history - baseline) / standard deviation over the sample: how unusually near the history is.
    var lift: Double?
  }

  /// Something that makes the explanation weaker.
  struct Warning {
    var code: String
    var message: String
  }

  var user: Int
  var item: Int
  var score: Double
  /// The score by its parts; empty for a score of one part.
  var parts: [(name: String, value: Double)]
  var rank: Int
  /// Items ranked: those the user has not seen, and this one.
  var candidates: Int
  /// Listed terms, largest magnitude first.
  var terms: [Term]
  /// Length of the shortest beginning of all terms, listed or not, that adds up to 80 % of the score, and what it adds
  /// up to; nil for a score that is not positive or terms that do not reach it.
  var evidence: (terms: Int, sum: Double)?
  /// Terms that are not listed.
  var unlisted: Int
  /// The score minus the listed terms.
  var residual: Double
  /// True when all terms together are the score by an identity of the model.
  var isExact: Bool
  var hasSeen: Bool
  /// What removing past items does; nil when it was not asked for or the item is not in the list.
  var counterfactual: Counterfactual?
  var affinities: [Affinity]
  var itemNeighbours: [Neighbour]
  var userNeighbours: [Neighbour]
  var warnings: [Warning]
}

extension Explanation {
  /// The share of the score that evidence must carry.
  static let evidenceShare = 0.8

  /// Which of the two parts places the item nearer to the history.
  enum Leading: String {
    case shared
    case specific
    case both
    case neither
  }

  /// The mean lift of both sides in the shared or the specific space; nil when unknown.
  func lift(_ space: Space) -> Double? {
    let lifts = affinities.filter { $0.view.space == space }.compactMap(\.lift)
    return lifts.isEmpty ? nil : lifts.reduce(0, +) / Double(lifts.count)
  }

  /// Lifts below this are what any two items may have.
  static let notableLift = 0.5

  /// Compares the shared and the specific parts; nil when the model has no parts or the user no other items.
  var leading: Leading? {
    guard let shared = lift(.shared), let specific = lift(.specific) else { return nil }
    if max(shared, specific) < Self.notableLift { return .neither }
    if min(shared, specific) >= Self.notableLift && (shared - specific).magnitude < Self.notableLift { return .both }
    return shared >= specific ? .shared : .specific
  }
}
