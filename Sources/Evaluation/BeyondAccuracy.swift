// What ranked lists are like besides right or wrong. Guide: Docs/Evaluation.md, "Beyond accuracy".

import Files
import Numerics

/// Coverage, novelty, concentration, popularity and likeness of the top k of some lists.
///
/// With n items, m users in training, d_i the number of users who have item i in training, L_u the first k items of a
/// user's list and c_i the number of lists that hold i:
///
///     coverage              = #{i : c_i > 0} / n
///     novelty               = mean over u of the mean over i in L_u of -log2(max(d_i, 1) / m)          (bits)
///     gini                  = Σ_r (2r - n - 1) c_(r) / (n Σ c),  c_(1) <= ... <= c_(n)
///     mean popularity       = mean over u of the mean over i in L_u of d_i
///     intra-list similarity = mean over u of the mean cosine over the pairs of L_u
///
/// Sources: Vargas and Castells 2011 (novelty as self-information), Fleder and Hosanagar 2009 (gini), Abdollahpouri et
/// al. 2017 (popularity), Ziegler et al. 2005 (similarity). An item nobody has counts as one that one user has. The
/// index is over all items, also those never recommended: 0 where all are recommended equally often, 1 - 1/n where one
/// is always. Means over users pass over empty lists, for the similarity lists shorter than two; a zero vector has
/// cosine 0.
package struct BeyondAccuracy: Sendable, Equatable {
  /// The k of top-k.
  package let cutoff: Int
  /// Lists that are not empty.
  package let users: Int
  /// Share of the items that are in a list; nil without items.
  package let coverage: Double?
  /// Mean self-information in bits; nil without a list.
  package let novelty: Double?
  /// Gini index of how often items are recommended; nil without a list.
  package let gini: Double?
  /// Mean number of training users of a recommended item; nil without a list.
  package let meanPopularity: Double?
  /// Mean cosine of two items of a list; nil without vectors or without a list of two.
  package let intraListSimilarity: Double?

  /// Measures lists.
  /// - Parameters:
  ///   - lists: one for each user, best first, without repeats; items are columns of `training`.
  ///   - cutoff: how much of a list counts.
  ///   - training: `[users, items]`.
  ///   - itemVectors: `[items, d]`, for the similarity.
  package init(_ lists: [[Int32]], at cutoff: Int, training: CSRMatrix, itemVectors: Matrix? = nil) {
    precondition(cutoff > 0, "a cut-off must be positive")
    let items = training.columns
    precondition(itemVectors.map { $0.rows == items } ?? true, "one vector is needed for each item")
    let tops = lists.map { $0.prefix(cutoff) }.filter { !$0.isEmpty }
    let degrees = training.columnDegrees()
    let information = degrees.map { -binaryLogarithm(Double(max($0, 1)) / Double(max(1, training.rows))) }
    var counts = [Int](repeating: 0, count: items)
    var informationSum = 0.0
    var popularitySum = 0.0
    for top in tops {
      var bits = 0.0
      var degreeSum = 0
      for item in top {
        counts[Int(item)] += 1
        bits += information[Int(item)]
        degreeSum += degrees[Int(item)]
      }
      informationSum += bits / Double(top.count)
      popularitySum += Double(degreeSum) / Double(top.count)
    }
    self.cutoff = cutoff
    users = tops.count
    coverage = items > 0 ? Double(counts.count { $0 > 0 }) / Double(items) : nil
    novelty = tops.isEmpty ? nil : informationSum / Double(tops.count)
    meanPopularity = tops.isEmpty ? nil : popularitySum / Double(tops.count)
    gini = Self.giniIndex(counts)
    intraListSimilarity = itemVectors.flatMap { Self.similarity(tops, $0) }
  }

  /// Gini index of counts, in [0, 1 - 1/n]; nil where all are zero.
  package static func giniIndex(_ counts: [Int]) -> Double? {
    let total = counts.reduce(0, +)
    guard total > 0 else { return nil }
    var weighted = 0.0
    for (position, count) in counts.sorted().enumerated() {
      weighted += Double(2 * (position + 1) - counts.count - 1) * Double(count)
    }
    return weighted / (Double(counts.count) * Double(total))
  }

  /// Mean over lists of the mean cosine of their pairs.
  private static func similarity(_ lists: [ArraySlice<Int32>], _ vectors: Matrix) -> Double? {
    let lists = lists.filter { $0.count > 1 }
    guard !lists.isEmpty else { return nil }
    let unit = vectors.normalizedRows().matrix
    let total = parallelSum(lists.count, blockSize: 64) { range in
      var sum = 0.0
      withUnsafeTemporaryAllocation(of: Double.self, capacity: unit.columns) { direction in
        for list in lists[range] {
          // Σ over pairs of v_i v_j = (|Σ v|² - Σ |v|²) / 2: the work of one pass over the list.
          direction.initialize(repeating: 0)
          var own = 0.0
          for item in list {
            let row = unit.row(Int(item))
            for column in 0..<unit.columns {
              let value = Double(row[column])
              direction[column] += value
              own += value * value
            }
          }
          let all = direction.reduce(0) { $0 + $1 * $1 }
          sum += (all - own) / Double(list.count * (list.count - 1))
        }
      }
      return sum
    }
    return total / Double(lists.count)
  }

  /// `coverage@k`, `novelty@k`, `gini@k`, `popularity@k` and, where it was measured, `similarity@k`.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("coverage@\(cutoff)", .finite(coverage)), .init("novelty@\(cutoff)", .finite(novelty)),
      .init("gini@\(cutoff)", .finite(gini)), .init("popularity@\(cutoff)", .finite(meanPopularity)),
    ]
    if let intraListSimilarity { members.append(.init("similarity@\(cutoff)", .finite(intraListSimilarity))) }
    return .object(members)
  }
}
