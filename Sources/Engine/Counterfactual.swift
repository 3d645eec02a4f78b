// The smallest set of past items without which an item would not be recommended.
// Guide: Docs/Method.md, "Explaining a score".

import ModelFile
import Numerics

/// What removing past items does to an item's place.
struct Counterfactual {
  /// The length N of the list that the item is to leave.
  var top: Int
  var method: EditMethod
  /// Past items whose removal drops the item out of the list, most effective first; empty when no such set was found.
  var removed: [Int32]
  /// The item's place and score without them, or without any past item when no set was found.
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
  /// Trials to take a superfluous item out of a set that works, and to find a set of one item less.
  private static let pruningTrials = 200
  /// Largest set for which one of fewer items is searched.
  private static let searchedSize = 24
  /// Longest history of which every set is tried before the answer is that there is none: 255 trials.
  private static let exhaustiveHistory = 8

  /// What a trial of a set says: the item's place and score without the set, and its lead over the N-th of the rivals
  /// that the search follows (negative when it has fallen behind).
  private struct Trial {
    var rank: Int
    var score: Double
    var lead: Double
  }

  /// Searches the smallest set of past items whose removal drops an item out of the user's top N.
  ///
  /// Greedy: in each step the item goes whose removal, by the terms of the score, brings the item closest to falling
  /// behind the N-th of its rivals. From when the terms say that it has fallen, every step is verified by `editedScores`;
  /// then what turns out to be superfluous is put back, each trial verified. Places do not fall steadily as items go (with
  /// a shorter history each of the rest weighs more), so where the greedy sets leave the item in the list, the sets that
  /// are predicted to come closest are tried as well: every one of a short history. While a set of one item less seems
  /// possible, `RemovalRace.leadingSets` proposes sets of that size, best first, and the first that a trial confirms is
  /// the new set. A proposal is tried when its predicted lead is within twice the largest error of the predictions
  /// tried so far, at most `pruningTrials` of them.
  /// Every set that is returned has been verified, and is irreducible: with any one of its items put back the item stays
  /// in the list (checked up to a limit of trials). Ranks leave out what the user has in the original history, so that
  /// no removed item takes a place of the list.
  /// - Returns: nil when the item is not in the list to begin with.
  func counterfactual(
    user: Int, item: Int, top: Int, scores: [Float], cancellation: Cancellation
  ) throws(QueryError) -> Counterfactual? {
    let history = Array(bundle.interactions.row(user))
    let leftOut = history.filter { Int($0) != item }
    guard rank(of: item, in: scores.map(Double.init), leavingOut: leftOut) <= top else { return nil }
    var race = removalRace(user: user, item: item, top: top, scores: scores, history: history)
    let followed = race
    /// The largest difference between a predicted and a true lead so far.
    var largestError = 0.0
    func trial(_ removed: [Int]) throws(QueryError) -> Trial {
      let gone = removed.map { history[$0] }.sorted()
      let kept = history.filter { !contains(gone, $0) }
      let scores = try editedScores(user: user, history: kept, cancellation: cancellation)
      let lead = followed.lead(ofScores: scores)
      let error = (lead - followed.lead(without: removed)).magnitude
      if error.isFinite { largestError = max(largestError, error) }
      return Trial(rank: rank(of: item, in: scores, leavingOut: leftOut), score: scores[item], lead: lead)
    }
    func answer(_ removed: [Int], _ trial: Trial) -> Counterfactual {
      Counterfactual(
        top: top, method: editMethod, removed: removed.map { history[$0] }, rank: trial.rank, score: trial.score)
    }
    var removed: [Int] = []
    var untried: [[Int]] = []
    var best: Trial?
    var without: Trial?
    while let next = race.removeBest() {
      if cancellation.isCancelled { throw .interrupted }
      removed.append(next)
      guard race.hasFallen || removed.count == history.count else {
        untried.append(removed)
        continue
      }
      let result = try trial(removed)
      without = result
      if result.rank > top {
        best = result
        break
      }
    }
    if best == nil {
      let isShort = history.count <= Self.exhaustiveHistory
      for (set, lead) in Self.likelySets(of: followed, count: history.count, isShort: isShort, greedy: untried) {
        if cancellation.isCancelled { throw .interrupted }
        // Beyond the prediction's error there is nothing to find, unless every set is to be tried.
        guard isShort || lead <= 2 * largestError else { break }
        let result = try trial(set)
        if result.rank > top {
          removed = set
          best = result
          break
        }
      }
    }
    guard var best else {
      let nothing: Trial
      if let without { nothing = without } else { nothing = try trial(Array(history.indices)) }
      return answer([], nothing)
    }
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
    guard (2...Self.searchedSize).contains(removed.count) else { return answer(removed, best) }
    // One item less is a reason that a person grasps better.
    let proposals = followed.leadingSets(upTo: removed.count - 1, limit: Self.pruningTrials)
    search: while removed.count > 1 {
      for proposal in proposals[removed.count - 2] {
        if proposal.lead > 2 * largestError { break }
        let result = try trial(proposal.set)
        if result.rank > top {
          removed = proposal.set
          best = result
          continue search
        }
      }
      break
    }
    return answer(removed, best)
  }

  /// Sets of past items that a search without success may have passed over, in the order in which they are tried.
  ///
  /// Of a short history every set, smaller ones first; else the greedy steps and the best of each small size by
  /// predicted lead, at most `pruningTrials`. Of equal ones the smaller set comes first.
  private static func likelySets(
    of race: RemovalRace, count: Int, isShort: Bool, greedy: [[Int]]
  ) -> [(set: [Int], lead: Double)] {
    guard count > 0 else { return [] }
    var sets: [(set: [Int], lead: Double)]
    if isShort {
      sets = (1..<(1 << count)).map { mask in
        let set = (0..<count).filter { mask >> $0 & 1 == 1 }
        return (set, race.lead(without: set))
      }
    } else {
      let size = min(searchedSize, count - 1)
      sets = race.leadingSets(upTo: size, limit: pruningTrials / size).flatMap { $0 }
      sets += greedy.map { ($0, race.lead(without: $0)) }
    }
    sets.sort { first, second in
      if isShort && first.set.count != second.set.count { return first.set.count < second.set.count }
      if first.lead != second.lead { return first.lead < second.lead }
      if first.set.count != second.set.count { return first.set.count < second.set.count }
      return first.set.lexicographicallyPrecedes(second.set)
    }
    return isShort ? sets : Array(sets.prefix(pruningTrials))
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
      contenders: contenders, own: divided.map(\.own), terms: divided.map { $0.terms.map(\.value) }, top: top,
      growsWithFewer: grows, compared: Self.comparedRemovals)
  }
}

/// The predicted scores of an item and its rivals while past items are taken out of the history.
///
/// Contender 0 is the item. Without the items R of n the score of contender k is own_k + g Σ_{j not in R} c_jk, where g is
/// (n / (n - |R|))^1/2 under propagation, because the user's degree falls, and else 1. What the prediction leaves out is
/// that the removed items' own degrees fall.
struct RemovalRace {
  /// Rows of the item and of its rivals.
  private let contenders: [Int]
  private let own: [Double]
  /// c_jk as `terms[j * contenders.count + k]`.
  private let terms: [Double]
  private let top: Int
  private let growsWithFewer: Bool
  private let compared: Int
  /// Past items n.
  private let count: Int
  private let allSums: [Double]
  private var sums: [Double]
  private var left: [Int]

  /// - Parameters:
  ///   - contenders: rows of the item and of its rivals.
  ///   - own: what no past item carries, one for each contender.
  ///   - terms: c_jk as `terms[k][j]`.
  ///   - top: the length N of the list.
  ///   - growsWithFewer: true under propagation.
  ///   - compared: past items whose removal `removeBest` compares in full.
  init(contenders: [Int], own: [Double], terms: [[Double]], top: Int, growsWithFewer: Bool, compared: Int) {
    self.contenders = contenders
    self.own = own
    self.top = top
    self.growsWithFewer = growsWithFewer
    self.compared = compared
    let count = terms.first?.count ?? 0
    self.count = count
    self.terms = (0..<count).flatMap { past in terms.map { $0[past] } }
    allSums = terms.map { $0.reduce(0, +) }
    sums = allSums
    left = Array(0..<count)
  }

  private func term(_ past: Int, _ contender: Int) -> Double { terms[past * own.count + contender] }

  private func growth(_ remaining: Int) -> Double {
    growsWithFewer && remaining > 0 ? (Double(count) / Double(remaining)).squareRoot() : 1
  }

  /// How far contender 0 is ahead of the N-th best of the others (of the last where they are fewer).
  /// - Parameter scores: of all contenders; their order is destroyed.
  private func lead(_ scores: inout [Double]) -> Double {
    guard scores.count > 1 else { return -.infinity }
    let own = scores[0]
    // Quickselect, descending, over 1 ..< count.
    let wanted = min(top, scores.count - 1)
    var low = 1
    var high = scores.count - 1
    while low < high {
      let pivot = scores[(low + high) / 2]
      var first = low
      var last = high
      while first <= last {
        while scores[first] > pivot { first += 1 }
        while scores[last] < pivot { last -= 1 }
        if first <= last {
          scores.swapAt(first, last)
          first += 1
          last -= 1
        }
      }
      if wanted <= last { high = last } else if wanted >= first { low = first } else { break }
    }
    return own - scores[wanted]
  }

  /// The lead by true scores of all items.
  func lead(ofScores scores: [Double]) -> Double {
    var mine = contenders.map { scores[$0] }
    return lead(&mine)
  }

  /// The predicted lead without some past items of the whole history.
  func lead(without removed: [Int]) -> Double {
    let growth = growth(count - removed.count)
    var scores = own.indices.map { contender in
      own[contender] + growth * (allSums[contender] - removed.reduce(0) { $0 + term($1, contender) })
    }
    return lead(&scores)
  }

  /// True when at least N rivals are predicted to be ahead of the item.
  var hasFallen: Bool {
    var scores = predicted(without: nil)
    return lead(&scores) < 0
  }

  /// Scores of all contenders from what is left, without one more item.
  private func predicted(without removed: Int?) -> [Double] {
    let growth = growth(left.count - (removed == nil ? 0 : 1))
    return own.indices.map { contender in
      own[contender] + growth * (sums[contender] - (removed.map { term($0, contender) } ?? 0))
    }
  }

  // MARK: - Greedy

  /// Takes out the past item whose loss hurts the item most beside its rivals; nil when none is left.
  mutating func removeBest() -> Int? {
    guard !left.isEmpty else { return nil }
    let scores = predicted(without: nil)
    let rivals = scores.indices.dropFirst().sorted { (scores[$1], $0) < (scores[$0], $1) }
    let rival = rivals.dropFirst(top - 1).first ?? rivals.last ?? 0
    func advantage(_ past: Int) -> Double { term(past, 0) - term(past, rival) }
    let shortlist = left.sorted { (advantage($1), $0) < (advantage($0), $1) }.prefix(compared)
    var best: (past: Int, lead: Double)?
    for past in shortlist {
      var without = predicted(without: past)
      let lead = lead(&without)
      if best.map({ lead < $0.lead }) ?? true { best = (past, lead) }
    }
    guard let chosen = best?.past else { return nil }
    left.removeAll { $0 == chosen }
    for contender in sums.indices { sums[contender] -= term(chosen, contender) }
    return chosen
  }

  // MARK: - Sets of a size

  /// Numbers that one step of the search for sets may look at, so that it takes milliseconds.
  private static let stepBudget = 1 << 19

  /// Sets of past items whose removal is predicted to leave the item the smallest lead.
  ///
  /// For each size 1 ... `size`, best first, at most `limit`.
  ///
  /// Size 1 is exhaustive. A larger set is one of the best of a size less with one item more (a beam), so size 2 is
  /// exhaustive for histories that are no longer than the beam is wide.
  /// - Complexity: O(size · beam · n · contenders), about `stepBudget` a size.
  func leadingSets(upTo size: Int, limit: Int) -> [[(set: [Int], lead: Double)]] {
    let width = max(8, min(limit, Self.stepBudget / max(1, count * own.count)))
    var result: [[(set: [Int], lead: Double)]] = []
    var beam: [(set: [Int], sums: [Double])] = [([], allSums)]
    var scores = own
    while result.count < size {
      let growth = growth(count - result.count - 1)
      var found: [(set: [Int], lead: Double)] = []
      var known: Set<[Int]> = []
      for (set, sums) in beam {
        for past in 0..<count where !set.contains(past) {
          let extended = (set + [past]).sorted()
          // A set is reached from each of its parts that is in the beam.
          if beam.count > 1, !known.insert(extended).inserted { continue }
          for contender in own.indices {
            scores[contender] = own[contender] + growth * (sums[contender] - term(past, contender))
          }
          // The order of scores is destroyed, and made anew for the next set.
          found.append((extended, lead(&scores)))
        }
      }
      found.sort { first, second in
        first.lead != second.lead ? first.lead < second.lead : first.set.lexicographicallyPrecedes(second.set)
      }
      beam = found.prefix(width).map { found in
        let sums = own.indices.map { contender in
          allSums[contender] - found.set.reduce(0) { $0 + term($1, contender) }
        }
        return (found.set, sums)
      }
      result.append(Array(found.prefix(limit)))
    }
    return result
  }
}
