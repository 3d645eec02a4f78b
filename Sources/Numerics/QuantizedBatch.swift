// Exact top-k of many queries over rounded rows. Guide: Docs/Benchmarks/topk.md.

import Synchronization

/// Blocks of queries against a rounded catalogue, with the exact scores of what is left; see `QuantizedBlock`.
struct QuantizedBatch<Score: BatchScore> {
  let rows: QuantizedRows
  let queries: Matrix
  let queryRows: [Int32]
  let k: Int

  /// Queries of one parallel block.
  private static var blockQueries: Int { 48 }

  /// Queries for which it pays to try one block first.
  private static var queriesForTrial: Int { 8 * blockQueries }

  /// Answers the queries.
  /// - Parameters:
  ///   - mostScored: exact scores that a first block may need for each query on average; asked of many queries only.
  ///   - excluded: for a row of `queries`, the items to leave out, ascending.
  /// - Returns: the results; nil for queries whose bounds leave too many candidates, or for all where the first block
  ///   needed too many scores.
  func run(_ mostScored: Int, _ excluded: (Int32) -> ArraySlice<Int32>) -> [[ScoredIndex]?] {
    var results = [[ScoredIndex]?](repeating: nil, count: queryRows.count)
    let experience = BatchExperience()
    let isWorthwhile = results.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      let trial = target.count >= Self.queriesForTrial ? Self.blockQueries : 0
      if trial > 0 && answer(0..<trial, experience, excluded, { target[$0] = $1 }) / trial > mostScored { return false }
      parallelRanges(target.count - trial, blockSize: Self.blockQueries) { range in
        _ = answer(range.lowerBound + trial..<range.upperBound + trial, experience, excluded) { target[$0] = $1 }
      }
      return true
    }
    return isWorthwhile ? results : [[ScoredIndex]?](repeating: nil, count: queryRows.count)
  }

  /// Answers the queries of one block, as far as its bounds allow.
  ///
  /// Returns the number of exact scores.
  private func answer(
    _ range: Range<Int>, _ experience: BatchExperience, _ excluded: (Int32) -> ArraySlice<Int32>,
    _ deliver: (Int, [ScoredIndex]) -> Void
  ) -> Int {
    let block = QuantizedBlock<Score>(rows: rows, queries: queries, queryRows: queryRows[range], k: k)
    block.hide(excluded)
    block.answer(experience, deliver)
    return block.scoredCount
  }
}

extension QuantizedRows {
  /// The k best rows for each of some queries, on the calling thread: those, and the order, that `dot` with every row would
  /// give.
  /// - Parameters:
  ///   - queries: `[*, width]`; all are answered, some tens at most for their candidates to fit a cache.
  ///   - k: most results for each query, at least one and at most the number of rows.
  ///   - excluded: for each query, the rows to leave out.
  /// - Returns: for each query its rows, nil where the bounds leave too many candidates or it cannot be rounded; and how many
  ///   exact scores that took, a query with too many candidates counted with as many as there is room for.
  /// - Precondition: rows of words; their product is supported.
  package func best(
    forEach queries: Matrix, k: Int, excluding excluded: [[Int32]]
  ) -> (found: [[ScoredIndex]?], scored: Int) {
    precondition(precision == .words && precision.isSupported, "queries are answered together over words")
    precondition(k >= 1 && k <= count && excluded.count == queries.rows && queries.columns == width, "sizes differ")
    var results = [[ScoredIndex]?](repeating: nil, count: queries.rows)
    let queryRows = (0..<Int32(queries.rows)).map { $0 }
    let block = QuantizedBlock<Int32>(rows: self, queries: queries, queryRows: queryRows[...], k: k, exactScore: .dot)
    block.hide { excluded[Int($0)][...] }
    block.answer(BatchExperience()) { results[$0] = $1 }
    return (results, block.scoredCount)
  }
}

/// What finished blocks tell the next ones: about the least k-th best score of their queries, for a query of norm one.
///
/// With such a guess a scan collects what reaches it, instead of everything until it has seen enough that is good. It
/// changes how much is done, never a result: a query whose k-th best turns out below its guess is scanned again without.
final class BatchExperience: Sendable {
  private let state = Mutex<(ratio: Double?, isUsable: Bool)>((nil, true))

  /// The latest ratio; nil where there is none.
  var ratio: Double? { state.withLock { $0.isUsable ? $0.ratio : nil } }

  /// Takes over a block's ratio, at once where it is lower and slowly where it is higher: a query scanned twice costs more
  /// than some candidates.
  ///
  /// More than a quarter of wrong guesses end the guessing.
  func add(ratio: Double?, wrongGuesses: Int, queries: Int) {
    state.withLock { state in
      if let ratio {
        let known = state.ratio ?? ratio
        state.ratio = min(ratio, known + (ratio - known) / 8)
      }
      state.isUsable = state.isUsable && 4 * wrongGuesses <= queries
    }
  }
}
