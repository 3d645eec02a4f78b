// The direct task of the language-model benchmarks: one held-out item among random ones. Guide: Docs/Evaluation.md.

import Files
import Numerics

/// One relevant item among sampled negatives for every user that has a relevant item.
///
/// Source: the direct recommendation task of Liu et al. 2023, "LLMRec: Benchmarking Large Language Models on
/// Recommendation Task" (arXiv 2308.12241). Sampled metrics are far higher than those of full ranking and may order
/// systems differently (Krichene and Rendle 2020); every name starts with `sampled-` so that they are not mixed up.
///
/// For each user one relevant item is drawn uniformly, and distinct negatives uniformly from the items that are in none
/// of the user's splits. Draws are a function of (seed, user): all systems with one seed are given the same candidates.
/// A user with fewer such items than wanted is given all of them and counted in `shortUsers`.
package struct SampledDirectTask: Sendable {
  /// Negatives of the published task.
  package static let defaultNegatives = 99
  /// The metrics: hit@k is 1 where the item is among the first k, ndcg@k is 1 / log2(rank + 1) there.
  package static let names = [
    MetricName(.hit, 1), MetricName(.hit, 5), MetricName(.hit, 10), MetricName(.ndcg, 5), MetricName(.ndcg, 10),
  ]

  /// The users, ascending.
  package let users: [Int32]
  /// For each user the relevant item and then the negatives, ascending.
  package let candidates: [[Int32]]
  /// Users with fewer negatives than wanted.
  package let shortUsers: Int
  private let itemCount: Int

  /// Draws the candidates.
  /// - Parameters:
  ///   - training: `[users, items]`.
  ///   - relevant: `[users, items]`, the split to be found.
  ///   - others: further splits, `[users, items]` each, whose items are no negatives: validation in a test.
  ///   - negatives: negatives wanted for each user.
  ///   - seed: of the draws.
  package init(
    training: CSRMatrix, relevant: CSRMatrix, others: [CSRMatrix] = [], negatives: Int = defaultNegatives, seed: UInt64
  ) {
    precondition(negatives >= 0, "a number of negatives cannot be negative")
    let splits = [training, relevant] + others
    precondition(
      splits.allSatisfy { $0.rows == relevant.rows && $0.columns == relevant.columns }, "splits differ in shape")
    let users = (0..<Int32(relevant.rows)).filter { relevant.degree(Int($0)) > 0 }
    var drawn = [[Int32]](repeating: [], count: users.count)
    drawn.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(users.count, blockSize: 64) { range in
        for position in range {
          let user = Int(users[position])
          var stream = RandomStream(seed: seed, purpose: .sampledTask, step: user)
          let own = relevant.row(user)
          let positive = own[own.startIndex + stream.below(own.count)]
          let known = Self.union(splits.map { $0.row(user) })
          let ranks = Self.distinct(negatives, below: relevant.columns - known.count, &stream)
          target[position] = [positive] + Self.complement(of: known, atRanks: ranks)
        }
      }
    }
    self.users = users
    candidates = drawn
    itemCount = relevant.columns
    shortUsers = drawn.count { $0.count < negatives + 1 }
  }

  /// Distinct values of ascending rows, ascending.
  private static func union(_ rows: [ArraySlice<Int32>]) -> [Int32] {
    var result: [Int32] = []
    for item in rows.joined().sorted() where item != result.last { result.append(item) }
    return result
  }

  /// Distinct numbers below a bound, uniformly, ascending; all of them where the bound is lower than the count.
  ///
  /// Floyd's method (Bentley and Floyd 1987): work for what is drawn, not for the bound.
  private static func distinct(_ count: Int, below bound: Int, _ stream: inout RandomStream) -> [Int32] {
    let wanted = min(count, max(0, bound))
    var chosen: [Int32] = []
    chosen.reserveCapacity(wanted)
    for top in bound - wanted..<bound {
      let draw = Int32(stream.below(top + 1))
      chosen.append(chosen.contains(draw) ? Int32(top) : draw)
    }
    return chosen.sorted()
  }

  /// The items not in `known` with the given ascending ranks among all items not in it.
  private static func complement(of known: [Int32], atRanks ranks: [Int32]) -> [Int32] {
    var passed = 0
    return ranks.map { rank in
      while passed < known.count && Int(known[passed]) - passed <= Int(rank) { passed += 1 }
      return rank + Int32(passed)
    }
  }

  /// The rank of every user's relevant item among the candidates, from 1; nil where it has no score.
  ///
  /// Ties as in full ranking, higher score first, then the lower item index, so the order of candidates is irrelevant.
  /// Scores of -infinity and NaN are no scores: such an item is never recommended.
  package func ranks(_ scorer: some ItemScorer) -> [Int?] {
    var result: [Int?] = []
    result.reserveCapacity(users.count)
    forEachScoreBlock(of: users, items: itemCount, by: [scorer]) { block, scores in
      for position in block.indices {
        result.append(Self.rank(candidates[position], scores[0].row(position - block.startIndex)))
      }
    }
    return result
  }

  private static func rank(_ candidates: [Int32], _ scores: UnsafePointer<Float>) -> Int? {
    guard let positive = candidates.first else { return nil }
    let score = scores[Int(positive)]
    guard score > -.infinity else { return nil }
    return 1
      + candidates.dropFirst().count { item in
        let other = scores[Int(item)]
        return other > score || (other == score && item < positive)
      }
  }

  /// The metrics of ranks, `names` for every user.
  /// - Parameter ranks: as of `ranks(_:)`.
  package func userMetrics(_ ranks: [Int?]) -> UserMetrics {
    precondition(ranks.count == users.count, "one rank is needed for each user")
    let values = Self.names.map { name in
      ranks.map { rank -> Double in
        guard let rank, rank <= name.cutoff else { return 0 }
        return name.metric == .hit ? 1 : 1 / binaryLogarithm(Double(rank + 1))
      }
    }
    return UserMetrics(users: users, names: Self.names, values: values)
  }

  /// The means of a scorer: `users`, `short_users`, and `sampled-hit@1` and so on, null without a user.
  package func json(_ scorer: some ItemScorer) -> JSONValue {
    let metrics = userMetrics(ranks(scorer))
    return .object(
      [.init("users", .integer(users.count)), .init("short_users", .integer(shortUsers))]
        + Self.names.map { name in
          .init("sampled-" + name.text, .finite(metrics.mean(name.metric, at: name.cutoff)))
        })
  }
}
