// Whether two spaces put the same things near each other.

import Numerics

/// How many of the k nearest neighbours of a row are the same in two spaces.
///
/// Nearest by cosine, ties to the lower row, the row itself left out. The measure does not change when either space is
/// rotated or scaled, so it compares spaces whose coordinates have nothing to do with each other.
package struct NeighbourOverlap {
  /// Share of common neighbours of each asked row, from 0 to 1.
  package let shares: [Double]
  /// What unrelated spaces reach in expectation: k / (pool - 1), at most 1.
  package let chance: Double

  /// Mean over the asked rows; 0 for none.
  package var mean: Double { shares.isEmpty ? 0 : shares.reduce(0, +) / Double(shares.count) }

  /// Compares two spaces.
  /// - Parameters:
  ///   - first: `[n, p]`.
  ///   - second: `[n, q]`, the same things in the same order.
  ///   - rows: whose neighbours are compared; all rows are candidates.
  ///   - neighbours: k; fewer when there are not so many others.
  /// - Complexity: O(rows n (p + q)) time.
  package init(_ first: Matrix, _ second: Matrix, rows: [Int32], neighbours: Int = 10) {
    precondition(first.rows == second.rows, "the spaces hold different things")
    let k = max(0, min(neighbours, first.rows - 1))
    guard k > 0, !rows.isEmpty else {
      shares = []
      chance = 0
      return
    }
    let lists = [first, second].map { space -> [[ScoredIndex]] in
      let unit = space.normalizedRows().matrix
      return batchTopK(queries: unit, queryRows: rows, items: unit, k: k) { [$0][...] }
    }
    shares = zip(lists[0], lists[1]).map { left, right in
      let known = Set(left.map(\.index))
      return Double(right.count { known.contains($0.index) }) / Double(k)
    }
    chance = Double(k) / Double(first.rows - 1)
  }
}
