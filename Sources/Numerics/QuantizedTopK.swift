// Exact top-k of one query over rounded rows. Guide: Docs/Benchmarks/topk.md.

import Synchronization

/// What the rows of a catalogue are ranked by.
package enum RowMeasure: Sendable {
  /// The inner product.
  case product
  /// The cosine.
  case cosine
}

extension QuantizedRows {
  /// The k best rows for a query: those, and the order, that scoring every row exactly would give.
  ///
  /// The rounded rows are scanned from the longest on. A row stays a candidate while its upper bound reaches the k-th
  /// best lower bound seen; the scan ends where no longer row is left that could (Cauchy-Schwarz; inner products only).
  /// Candidates are then scored exactly. The result does not depend on threads, only the number of candidates does.
  /// - Parameters:
  ///   - query: `width` floats.
  ///   - measure: what `exact` computes, up to rounding: a float inner product added up in any order, or the quotient of
  ///     one by the norms of both vectors.
  ///   - k: most results wanted, ties by ascending row.
  ///   - excluded: rows to leave out, in any order; rows outside the catalogue are ignored.
  ///   - isCancelled: asked between chunks; once true, the result is meaningless.
  ///   - exact: score of a row; NaN and -infinity leave it out.
  /// - Returns: nil where the bounds leave so many candidates that a plain scan is the better way: for queries without
  ///   direction, ties by the thousand, or a k of the order of the catalogue.
  /// - Complexity: O(count * width) bytes read at most, and O(candidates * width).
  package func best(
    for query: UnsafePointer<Float>, by measure: RowMeasure, k: Int, excluding excluded: some Sequence<Int32>,
    isCancelled: () -> Bool = { false }, exact: (Int) -> Float
  ) -> [ScoredIndex]? {
    let wanted = min(k, count)
    guard wanted > 0 else { return [] }
    let mostCandidates = max(4096, count / 16)
    guard wanted <= mostCandidates / 4 else { return nil }
    precondition(precision == .bytes, "one query is answered over bytes")
    let factors = UnsafeMutablePointer<Int32>.allocate(
      capacity: QuantizedFactors.oneOverBytes.count(width: width))
    defer { factors.deallocate() }
    guard let quantized = QuantizedQuery(query, width: width, form: .oneOverBytes, factors: factors) else { return nil }
    var mask = RowMask(count: count)
    for row in excluded where row >= 0 && Int(row) < count { mask.insert(Int(positions[Int(row)])) }
    let search = Search(
      rows: self, query: quantized, measure: measure, k: wanted, factors: factors, mask: mask, limit: mostCandidates)
    let chunksPerBlock = 8
    parallelFor((chunks.count + chunksPerBlock - 1) / chunksPerBlock) { block in
      let first = block * chunksPerBlock
      search.scan(first..<min(chunks.count, first + chunksPerBlock), isCancelled)
    }
    guard let candidates = search.candidates() else { return nil }
    let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: wanted)
    defer { keys.deallocate() }
    var selection = Selection(keys: keys, capacity: wanted)
    for position in candidates {
      let row = Int(order[Int(position)])
      let score = exact(row)
      if score > -.infinity { selection.offer(score, index: row) }
    }
    return selection.sorted()
  }
}

/// A set of positions, one bit each.
struct RowMask {
  private let count: Int
  private var bits: [UInt64] = []

  /// An empty set of positions below `count`; it takes memory once it has a member.
  init(count: Int) { self.count = count }

  var isEmpty: Bool { bits.isEmpty }

  mutating func insert(_ position: Int) {
    if bits.isEmpty { bits = [UInt64](repeating: 0, count: (count + 63) / 64) }
    bits[position >> 6] |= 1 << UInt64(position & 63)
  }

  /// Puts the least number where the set has a position of `start ..< start + count`; `start` is a multiple of 64.
  func hide<Score: FixedWidthInteger>(_ scores: UnsafeMutablePointer<Score>, start: Int, count: Int) {
    for word in 0..<(count + 63) / 64 {
      var left = bits[start >> 6 + word]
      while left != 0 {
        scores[word << 6 + left.trailingZeroBitCount] = .min
        left &= left - 1
      }
    }
  }
}

/// One search: what its blocks share, and the scan of a block.
private final class Search: @unchecked Sendable {
  /// Best lower bounds and surviving candidates of the blocks done so far.
  private struct Shared {
    var keys: [UInt64]
    var count = 0
    var positions: [Int32] = []
    var ceilings: [Float] = []
    var isTooMany = false
  }

  private let rows: QuantizedRows
  private let query: QuantizedQuery
  private let measure: RowMeasure
  private let k: Int
  private let factors: UnsafePointer<Int32>
  private let mask: RowMask
  private let limit: Int
  private let shared: Mutex<Shared>

  init(
    rows: QuantizedRows, query: QuantizedQuery, measure: RowMeasure, k: Int, factors: UnsafePointer<Int32>,
    mask: RowMask, limit: Int
  ) {
    self.rows = rows
    self.query = query
    self.measure = measure
    self.k = k
    self.factors = factors
    self.mask = mask
    self.limit = limit
    shared = Mutex(Shared(keys: [UInt64](repeating: 0, count: k)))
  }

  /// Positions whose upper bound reaches the k-th best lower bound; nil for too many.
  func candidates() -> [Int32]? {
    shared.withLock { shared in
      guard !shared.isTooMany else { return nil }
      let floor = Self.floor(&shared, k)
      return shared.positions.indices.filter { shared.ceilings[$0] >= floor }.map { shared.positions[$0] }
    }
  }

  private static func floor(_ shared: inout Shared, _ k: Int) -> Float {
    let count = shared.count
    return shared.keys.withUnsafeMutableBufferPointer { keys in
      keys.baseAddress.map { Selection(keys: $0, capacity: k, count: count).floor } ?? -.infinity
    }
  }

  /// Scans some chunks, and adds what it finds to what is shared.
  func scan(_ chunks: Range<Int>, _ isCancelled: () -> Bool) {
    let (known, isTooMany) = shared.withLock { (Self.floor(&$0, k), $0.isTooMany) }
    guard !isTooMany else { return }
    let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: k)
    let scores = UnsafeMutablePointer<Int16>.allocate(capacity: QuantizedRows.chunkRows)
    let hits = UnsafeMutablePointer<Int32>.allocate(capacity: QuantizedRows.chunkRows)
    defer {
      keys.deallocate()
      scores.deallocate()
      hits.deallocate()
    }
    var selection = Selection(keys: keys, capacity: k)
    var positions: [Int32] = []
    var ceilings: [Float] = []
    for index in chunks {
      if isCancelled() { return }
      let chunk = rows.chunks[index]
      var floor = max(known, selection.floor)
      if measure == .product && query.ceiling(chunk) < Double(floor) { break }
      let start = index * QuantizedRows.chunkRows
      let padded = score(index, scores)
      let bounds = ScoreBounds(query: query, chunk: chunk, measure: measure, precision: .bytes)
      if floor == -.infinity && selection.count == 0,
        let score = boundOfBest(padded, k: k, { kernels.shortGroupMaxima(scores, padded, $0, $1) })
      {
        floor = bounds.firstFloor(score)
      }
      guard let threshold = bounds.threshold(floor) else { continue }
      let found = kernels.shortScan(scores, padded, Int16(threshold), hits)
      for hit in 0..<found {
        let position = start + Int(hits[hit])
        let bound = bounds.interval(Int(scores[Int(hits[hit])]), squares: rows.squares[position])
        guard bound.upper >= floor else { continue }
        positions.append(Int32(position))
        ceilings.append(bound.upper)
        if bound.lower > -.infinity { selection.offer(bound.lower, index: position) }
      }
    }
    shared.withLock { shared in
      let held = shared.count
      shared.keys.withUnsafeMutableBufferPointer { keys in
        guard let base = keys.baseAddress else { return }
        var all = Selection(keys: base, capacity: k, count: held)
        all.merge(selection)
        shared.count = all.count
      }
      let floor = Self.floor(&shared, k)
      for index in positions.indices where ceilings[index] >= floor {
        shared.positions.append(positions[index])
        shared.ceilings.append(ceilings[index])
      }
      if shared.positions.count > limit { shared.isTooMany = true }
    }
  }

  /// The integer scores of a chunk; hidden and missing rows have the least number.
  ///
  /// Returns how many were written.
  private func score(_ index: Int, _ scores: UnsafeMutablePointer<Int16>) -> Int {
    let count = rows.rowCount(ofChunk: index)
    let panelRows = rows.precision.panelRows
    let panels = (count + panelRows - 1) / panelRows
    kernels.byteProduct(panels, rows.steps, rows.bytes(ofChunk: index), factors, scores)
    if !mask.isEmpty { mask.hide(scores, start: index * QuantizedRows.chunkRows, count: count) }
    let padded = panels * panelRows
    for missing in count..<padded { scores[missing] = .min }
    return padded
  }
}
