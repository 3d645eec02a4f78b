// The smallest set of past items without which an item would not be recommended.
// Guide: Docs/Method.md, "Explaining a score".

import ModelFile
import Numerics

/// What removing past items does to an item's place.
struct Counterfactual {
  /// The length N of the list that the item is to leave.
  var top: Int
  var method: EditMethod
  /// Past items whose removal drops the item out of the list, most effective first; empty when no set does.
  var removed: [Int32]
  /// The item's place and score without them, or without any past item when no set drops it.
  var rank: Int
  var score: Double

  /// False when the item stays in the list even without any past item.
  var isFound: Bool { !removed.isEmpty }
}

extension Engine {
  /// Rivals beyond the list's end whose scores are followed while items are removed.
  private static let followedRivals = 16
  /// Past items whose removal is compared in full at each step.
  private static let comparedRemovals = 12
  /// Trials to take a superfluous item out of a set that works.
  private static let pruningTrials = 200

  /// Searches the smallest set of past items whose removal drops an item out of the user's top N.
  ///
  /// Greedy: in each step the item goes whose removal, by the terms of the score, brings the item closest to falling
  /// behind the N-th of its rivals. From when the terms say that it has fallen, every step is verified by `editedScores`;
  /// then what turns out to be superfluous is put back, each trial verified; sets of two and three items are searched for one that is smaller. The
  /// set is irreducible: with any one of its
  /// items put back the item stays in the list (checked up to a limit of trials). Ranks leave out what the user has in
  /// the original history, so that no removed item takes a place of the list.
  /// - Returns: nil when the item is not in the list to begin with.
  func counterfactual(
    user: Int, item: Int, top: Int, scores: [Float], cancellation: Cancellation
  ) throws(QueryError) -> Counterfactual? {
    let history = Array(bundle.interactions.row(user))
    let leftOut = history.filter { Int($0) != item }
    guard rank(of: item, in: scores.map(Double.init), leavingOut: leftOut) <= top else { return nil }
    func trial(_ removed: [Int32]) throws(QueryError) -> (rank: Int, score: Double) {
      let gone = removed.sorted()
      let kept = history.filter { !contains(gone, $0) }
      let scores = try editedScores(user: user, history: kept, cancellation: cancellation)
      return (rank(of: item, in: scores, leavingOut: leftOut), scores[item])
    }
    var race = removalRace(user: user, item: item, top: top, scores: scores, history: history)
    var removed: [Int32] = []
    var outcome: (rank: Int, score: Double)?
    while let next = race.removeBest() {
      if cancellation.isCancelled { throw .interrupted }
      removed.append(history[next])
      guard race.hasFallen || removed.count == history.count else { continue }
      let result = try trial(removed)
      outcome = result
      if result.rank > top { break }
    }
    guard let last = outcome, last.rank > top else {
      let nothing: (rank: Int, score: Double)
      if let outcome { nothing = outcome } else { nothing = try trial(history) }
      return Counterfactual(top: top, method: editMethod, removed: [], rank: nothing.rank, score: nothing.score)
    }
    var best = last
    var trials = 0
    // The last ones were taken when little was missing: they are the likeliest to be superfluous.
    for candidate in removed.reversed() where removed.count > 1 && trials < Self.pruningTrials {
      trials += 1
      let fewer = removed.filter { $0 != candidate }
      let result = try trial(fewer)
      if result.rank > top {
        removed = fewer
        best = result
      }
    }
    // Small sets are worth a search: one item less is a reason that a person grasps.
    search: while (2...3).contains(removed.count) {
      for fewer in race.likelySets(of: removed.count - 1, limit: Self.pruningTrials) {
        let candidate = fewer.map { history[$0] }
        let result = try trial(candidate)
        if result.rank > top {
          removed = candidate
          best = result
          continue search
        }
      }
      break
    }
    return Counterfactual(top: top, method: editMethod, removed: removed, rank: best.rank, score: best.score)
  }

  private func removalRace(
    user: Int, item: Int, top: Int, scores: [Float], history: [Int32]
  ) -> RemovalRace {
    let leftOut = (history + [Int32(item)]).sorted()
    let rivals = scores.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: top + Self.followedRivals, excluding: leftOut[...])
    }
    let contenders = [item] + rivals.map { Int($0.index) }
    let divided = contenders.map { contributions(user: user, item: $0) }
    let grows: Bool
    switch bundle.attribution {
    case .propagation: grows = true
    case .representation: grows = false
    case .none: grows = bundle.propagation != nil
    }
    return RemovalRace(
      own: divided.map(\.own), terms: divided.map { $0.terms.map(\.value) }, top: top, growsWithFewer: grows,
      compared: Self.comparedRemovals)
  }
}

/// The predicted scores of an item and its rivals while past items are taken out of the history.
///
/// Contender 0 is the item. Without the items R of n the score of contender k is own_k + g Σ_{j not in R} c_jk, where g is
/// (n / (n - |R|))^1/2 under propagation, because the user's degree falls, and else 1.
private struct RemovalRace {
  private let own: [Double]
  /// c_jk as `terms[k][j]`.
  private let terms: [[Double]]
  private let top: Int
  private let growsWithFewer: Bool
  private let compared: Int
  private let count: Int
  private var sums: [Double]
  private var left: [Int]

  init(own: [Double], terms: [[Double]], top: Int, growsWithFewer: Bool, compared: Int) {
    self.own = own
    self.terms = terms
    self.top = top
    self.growsWithFewer = growsWithFewer
    self.compared = compared
    count = terms.first?.count ?? 0
    sums = terms.map { $0.reduce(0, +) }
    left = Array(0..<count)
  }

  private func growth(_ remaining: Int) -> Double {
    growsWithFewer && remaining > 0 ? (Double(count) / Double(remaining)).squareRoot() : 1
  }

  /// How far the item is ahead of the first rival outside of its list, without past item `removed`, and who that is.
  private func margin(without removed: Int?) -> (lead: Double, rival: Int) {
    let growth = growth(left.count - (removed == nil ? 0 : 1))
    func score(_ contender: Int) -> Double {
      own[contender] + growth * (sums[contender] - (removed.map { terms[contender][$0] } ?? 0))
    }
    let rivals = (1..<max(1, own.count)).map { (contender: $0, score: score($0)) }.sorted {
      ($1.score, $0.contender) < ($0.score, $1.contender)
    }
    guard let first = rivals.dropFirst(top - 1).first ?? rivals.last else { return (-.infinity, 0) }
    return (score(0) - first.score, first.contender)
  }

  /// True when at least N rivals are predicted to be ahead of the item.
  var hasFallen: Bool { margin(without: nil).lead < 0 }

  /// Sets of one or two past items of the full history, those first whose loss is predicted to leave the item the
  /// smallest lead.
  /// - Parameter limit: most sets.
  func likelySets(of size: Int, limit: Int) -> [[Int]] {
    var full = self
    full.left = Array(0..<count)
    full.sums = terms.map { $0.reduce(0, +) }
    let singles = full.left.map { (set: [$0], lead: full.margin(without: $0).lead) }.sorted {
      ($0.lead, $0.set[0]) < ($1.lead, $1.set[0])
    }
    if size == 1 { return singles.prefix(limit).map(\.set) }
    let firsts = singles.prefix(compared).map { $0.set[0] }
    var pairs: [(set: [Int], lead: Double)] = []
    for (position, first) in firsts.enumerated() {
      var without = full
      without.left.removeAll { $0 == first }
      for contender in without.sums.indices { without.sums[contender] -= terms[contender][first] }
      for second in firsts.dropFirst(position + 1) {
        pairs.append(([first, second], without.margin(without: second).lead))
      }
    }
    return pairs.sorted { ($0.lead, $0.set[0], $0.set[1]) < ($1.lead, $1.set[0], $1.set[1]) }.prefix(limit).map(\.set)
  }

  /// Takes out the past item whose loss hurts the item most beside its rivals; nil when none is left.
  mutating func removeBest() -> Int? {
    guard !left.isEmpty else { return nil }
    let rival = margin(without: nil).rival
    func advantage(_ past: Int) -> Double { terms[0][past] - terms[rival][past] }
    let shortlist = left.sorted { (advantage($1), $0) < (advantage($0), $1) }.prefix(compared)
    var best: (past: Int, lead: Double)?
    for past in shortlist {
      let lead = margin(without: past).lead
      if best.map({ lead < $0.lead }) ?? true { best = (past, lead) }
    }
    guard let chosen = best?.past else { return nil }
    left.removeAll { $0 == chosen }
    for contender in sums.indices { sums[contender] -= terms[contender][chosen] }
    return chosen
  }
}
