// What two recommenders find that the other does not. Guide: Docs/Evaluation.md, "Complementarity".

import Files

/// How the top k of two recommenders complement each other, such as a collaborative one and a text-only one.
///
/// With T_u the user's relevant items, A_u and B_u the two top k and all means over the evaluated users:
///
///     overlap     = mean of |A_u ∩ B_u| / |A_u ∪ B_u|     (users whose two lists are both empty are passed over)
///     unique hits = hits found by exactly one side / hits found by any, pooled over users
///     oracle      = mean of |(A_u ∪ B_u) ∩ T_u| / |T_u|
///
/// The oracle bounds the recall of choosing from both lists with 2k places; compare it with either list at 2k before
/// hoping for fusion. It bounds no model whose vectors change.
package struct Complementarity: Sendable, Equatable {
  /// The k of top-k.
  package let cutoff: Int
  /// Users averaged over.
  package let users: Int
  /// Mean Jaccard index of the lists; nil without a list.
  package let overlap: Double?
  /// Hits of the first side alone.
  package let firstOnlyHits: Int
  /// Hits of the second side alone.
  package let secondOnlyHits: Int
  /// Hits of both sides.
  package let sharedHits: Int
  /// Mean recall of the first side; nil without a user.
  package let firstRecall: Double?
  /// Mean recall of the second side; nil without a user.
  package let secondRecall: Double?
  /// Mean recall of the union; nil without a user.
  package let oracleRecall: Double?

  /// Compares two recommenders.
  /// - Parameters:
  ///   - first: one list for each evaluated user, best first, without repeats.
  ///   - second: the other's lists of the same users.
  ///   - ranking: the evaluation the lists belong to.
  ///   - cutoff: how much of a list counts.
  package init(first: [[Int32]], second: [[Int32]], _ ranking: FullRanking, at cutoff: Int = 20) {
    precondition(cutoff > 0, "a cut-off must be positive")
    precondition(
      first.count == ranking.evaluatedUsers.count && second.count == first.count, "one list is needed for each user")
    var overlaps: [Double] = []
    var hits = (first: 0, second: 0, shared: 0)
    var recalls = (first: 0.0, second: 0.0, union: 0.0)
    for (user, (firstList, secondList)) in zip(ranking.evaluatedUsers, zip(first, second)) {
      let left = Array(firstList.prefix(cutoff))
      let right = Array(secondList.prefix(cutoff))
      let common = left.filter { right.contains($0) }
      let union = left.count + right.count - common.count
      if union > 0 { overlaps.append(Double(common.count) / Double(union)) }
      func found(_ items: [Int32]) -> Int { items.count { ranking.relevant.contains(row: Int(user), column: $0) } }
      let (leftHits, rightHits, commonHits) = (found(left), found(right), found(common))
      hits.first += leftHits - commonHits
      hits.second += rightHits - commonHits
      hits.shared += commonHits
      let relevant = Double(ranking.relevant.degree(Int(user)))
      recalls.first += Double(leftHits) / relevant
      recalls.second += Double(rightHits) / relevant
      recalls.union += Double(leftHits + rightHits - commonHits) / relevant
    }
    let count = ranking.evaluatedUsers.count
    func mean(_ sum: Double) -> Double? { count > 0 ? sum / Double(count) : nil }
    self.cutoff = cutoff
    users = count
    overlap = overlaps.isEmpty ? nil : overlaps.reduce(0, +) / Double(overlaps.count)
    firstOnlyHits = hits.first
    secondOnlyHits = hits.second
    sharedHits = hits.shared
    firstRecall = mean(recalls.first)
    secondRecall = mean(recalls.second)
    oracleRecall = mean(recalls.union)
  }

  /// Share of all hits that exactly one side found; nil without a hit.
  package var uniqueHitShare: Double? {
    let all = firstOnlyHits + secondOnlyHits + sharedHits
    return all > 0 ? Double(firstOnlyHits + secondOnlyHits) / Double(all) : nil
  }

  /// Recall of the union minus that of the better side; nil without a user.
  package var oracleGain: Double? {
    guard let firstRecall, let secondRecall, let oracleRecall else { return nil }
    return oracleRecall - max(firstRecall, secondRecall)
  }

  /// The counts and shares, in the order of the properties.
  package var json: JSONValue {
    func share(_ hits: Int) -> JSONValue {
      let all = firstOnlyHits + secondOnlyHits + sharedHits
      return .finite(all > 0 ? Double(hits) / Double(all) : nil)
    }
    return .object([
      .init("users", .integer(users)), .init("overlap@\(cutoff)", .finite(overlap)),
      .init("unique_hits@\(cutoff)", .finite(uniqueHitShare)),
      .init("first_only_hits@\(cutoff)", share(firstOnlyHits)),
      .init("second_only_hits@\(cutoff)", share(secondOnlyHits)),
      .init("first_recall@\(cutoff)", .finite(firstRecall)), .init("second_recall@\(cutoff)", .finite(secondRecall)),
      .init("oracle_recall@\(cutoff)", .finite(oracleRecall)), .init("oracle_gain@\(cutoff)", .finite(oracleGain)),
    ])
  }
}
