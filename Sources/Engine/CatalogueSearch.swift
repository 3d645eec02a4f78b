// Which way the best rows of a catalogue are found, and the rounded copy that one of the ways needs.
// Guide: Docs/Benchmarks/topk.md.

import Numerics
import Synchronization

/// How the best of all rows were found; every way gives the same rows and scores, to the bit.
package enum SearchMethod: String, Sendable {
  /// Every row scored in float32.
  case plain = "float32 scan"
  /// Rows rounded to bytes scanned, and what their error bounds leave scored in float32.
  case rounded = "8-bit scan, candidates in float32"
  /// Rows rounded to words scanned for several questions at once, likewise. `.timer` never names it: it times questions one
  /// by one.
  case roundedTogether = "16-bit scan, candidates in float32"
}

/// One catalogue's way of searching, chosen from its size: plain scans, or scans of a rounded copy (`QuantizedRows`).
///
/// The copy is made once plain scans have cost about as much as making it: a program that asks one question does not pay for
/// it. Of bytes, for one question at a time over large catalogues, it takes 0.3 of its vectors' memory at width 64; of words,
/// for several questions at once over catalogues too small for bytes to pay, half.
final class CatalogueSearch: Sendable {
  /// Rows from which a copy of bytes pays, for one question at a time.
  static let fewestRows = 32_768
  /// Numbers from which a copy of words pays, for several questions at once.
  static let fewestNumbersTogether = 1 << 14
  /// Questions answered by plain scans that cost about as much as a rounded copy.
  static let plainScans = 8

  /// Questions after which it is decided whether the copy pays.
  private static let questionsForTrial = 48
  /// The scores of so many rows over words save about what one exact score costs.
  private static let rowsPerScore = 8

  private let precision: QuantizedPrecision

  /// - Parameter precision: `bytes`, or `words` for several questions at once.
  init(_ precision: QuantizedPrecision = .bytes) { self.precision = precision }

  private struct State {
    /// Questions asked before there was a copy.
    var questions = 0
    /// True while the copy is made, and for good where there will be none.
    var isClosed = false
    var rows: QuantizedRows?
    /// Questions answered over the copy, and the exact scores that they took.
    var answered = 0
    var scored = 0
  }

  private let state = Mutex(State())

  private func isWorthwhile(for vectors: VectorSet) -> Bool {
    guard QuantizedRows.widths(of: precision).contains(vectors.width) else { return false }
    return precision == .words
      ? precision.isSupported && vectors.count * vectors.width >= Self.fewestNumbersTogether
      : vectors.count >= Self.fewestRows
  }

  /// The rounded copy to search, or nil for a plain scan; the scan that is due makes the copy.
  ///
  /// While one thread makes it others scan plainly.
  /// - Parameter questions: how many questions the scan is for.
  func rows(of vectors: VectorSet, questions: Int = 1) -> QuantizedRows? {
    guard isWorthwhile(for: vectors) else { return nil }
    let (ready, isDue) = state.withLock { state -> (QuantizedRows?, Bool) in
      if let rows = state.rows { return (rows, false) }
      state.questions += questions
      guard state.questions > Self.plainScans, !state.isClosed else { return (nil, false) }
      state.isClosed = true
      return (nil, true)
    }
    guard isDue else { return ready }
    // Where the vectors cannot be bounded there is no copy, `isClosed` stays set and nobody tries again.
    let rows = vectors.offset..<vectors.offset + vectors.count
    let made = QuantizedRows(vectors.matrix, rows: rows, precision: precision)
    if let made {
      state.withLock { state in
        state.rows = made
        state.isClosed = false
      }
    }
    return made
  }

  /// Takes note of what questions cost over the copy; gives it up where its bounds rule out too little to pay, as among rows
  /// that are nearly equal.
  func note(questions: Int, scored: Int, of rows: Int) {
    state.withLock { state in
      state.answered += questions
      state.scored += scored
      guard state.answered >= Self.questionsForTrial, state.scored / state.answered > rows / Self.rowsPerScore else {
        return
      }
      state.rows = nil
      state.isClosed = true
    }
  }
}

extension Engine {
  /// The search of the vectors of a kind in a space.
  func search(_ kind: EntityKind, _ view: SpaceView) -> CatalogueSearch {
    searches.withLock { searches in
      if let known = searches.first(where: { $0.kind == kind && $0.view == view }) { return known.search }
      let search = CatalogueSearch()
      searches.append((kind, view, search))
      return search
    }
  }

  /// The `top` items with the highest inner product with a vector `[d]`, and how they were found; ties by row.
  /// - Parameter leftOut: items that do not count, ascending.
  func bestItems(
    for vector: UnsafePointer<Float>, top: Int, leavingOut leftOut: ArraySlice<Int32>, cancellation: Cancellation
  ) throws(QueryError) -> (found: [ScoredIndex], method: SearchMethod) {
    let items = bundle.finalItems
    let view = SpaceView(space: .final, side: nil)
    if let rows = vectors(.item, view).flatMap({ $0.search.rows(of: $0) }),
      let found = rows.best(
        for: vector, by: .product, k: top, excluding: leftOut, isCancelled: { cancellation.isCancelled },
        exact: { kernels.dot(vector, items.row($0), items.columns) })
    {
      if cancellation.isCancelled { throw .interrupted }
      return (found, .rounded)
    }
    let scores = try scores(of: vector, cancellation: cancellation)
    let found = scores.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: top, excluding: leftOut)
    }
    return (found, .plain)
  }
}
