// Exact selection of the k best scores.

/// One result of a selection: which, and how good.
package struct ScoredIndex: Sendable, Equatable {
  /// Position of the item.
  package var index: Int32
  /// Its score.
  package var score: Float

  /// Creates a result.
  package init(index: Int32, score: Float) {
    self.index = index
    self.score = score
  }

  /// True when this result ranks before `other`: higher score first, then lower index.
  package func ranksBefore(_ other: ScoredIndex) -> Bool {
    score > other.score || (score == other.score && index < other.index)
  }
}

/// The k highest scores, score descending, ties by ascending index.
///
/// Scores of -infinity and NaN are never returned, nor are excluded indices: the result may be shorter than k.
/// - Parameters:
///   - scores: `count` floats.
///   - count: number of scores.
///   - k: most results wanted.
///   - excluded: indices to leave out, ascending, in `0 ..< count`.
package func topK(
  of scores: UnsafePointer<Float>, count: Int, k: Int, excluding excluded: ArraySlice<Int32> = []
) -> [ScoredIndex] {
  var best: [ScoredIndex] = []
  var next = excluded.startIndex
  for index in 0..<count {
    if next < excluded.endIndex && Int(excluded[next]) == index {
      next += 1
      continue
    }
    if scores[index] > -Float.infinity { best.append(ScoredIndex(index: Int32(index), score: scores[index])) }
  }
  best.sort { $0.ranksBefore($1) }
  return Array(best.prefix(max(0, k)))
}

/// The k best items of each query by inner product, in parallel over blocks of queries.
///
/// Order, ties and exclusion as `topK`. Never more than one block of queries times the items is held in memory.
/// - Parameters:
///   - queries: `[*, d]`, the vectors of all users.
///   - queryRows: which rows of `queries` to answer, in this order.
///   - items: `[count, d]`.
///   - k: most results for each query.
///   - excluded: for a row of `queries`, the item indices to leave out, ascending.
/// - Returns: one list for each element of `queryRows`.
package func batchTopK(
  queries: Matrix, queryRows: [Int32], items: Matrix, k: Int, excluded: (Int32) -> ArraySlice<Int32> = { _ in [] }
) -> [[ScoredIndex]] {
  precondition(queries.columns == items.columns, "queries and items have different widths")
  var result = [[ScoredIndex]](repeating: [], count: queryRows.count)
  let scores = Matrix.uninitialized(rows: 1, columns: items.rows)
  for (position, row) in queryRows.enumerated() {
    for item in 0..<items.rows {
      scores.pointer[item] = kernels.dot(queries.row(Int(row)), items.row(item), items.columns)
    }
    result[position] = topK(of: scores.pointer, count: items.rows, k: k, excluding: excluded(row))
  }
  return result
}
