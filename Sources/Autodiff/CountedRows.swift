// The distinct rows of a list with how often each occurs.

/// Rows that a mini-batch names, each once.
///
/// A sum over a batch of a function of one row is the sum over its distinct rows, each weighted by its count: popular
/// items and active users are then computed once.
package struct CountedRows: Sendable {
  /// The distinct rows, ascending.
  package let rows: [Int32]
  /// How often each of `rows` occurs, as factors.
  package let counts: [Float]

  /// Counts the rows of some lists.
  /// - Parameters:
  ///   - lists: row numbers in `0 ..< bound`, in any order.
  ///   - bound: one above the largest row number.
  ///   - offset: added to every row number of the result (users + item is an item's node).
  package init(_ lists: [Int32]..., bound: Int, offset: Int = 0) {
    var occurrences = [Int32](repeating: 0, count: bound)
    for list in lists {
      for row in list { occurrences[Int(row)] += 1 }
    }
    var rows: [Int32] = []
    var counts: [Float] = []
    for row in occurrences.indices where occurrences[row] > 0 {
      rows.append(Int32(row + offset))
      counts.append(Float(occurrences[row]))
    }
    self.rows = rows
    self.counts = counts
  }

  /// Every row counted once.
  package var ones: [Float] { [Float](repeating: 1, count: rows.count) }
}
