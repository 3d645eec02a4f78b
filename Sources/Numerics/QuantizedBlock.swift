// The exact top-k of one block of queries over rounded rows. Guide: Docs/Benchmarks/topk.md.

import CPlatform

/// Which float computation the exact scores of a block are, to the bit.
enum ExactScore: Sendable {
  /// The blocked product, as in `floatTopK`.
  case product
  /// `dot`, as where one score is asked for.
  case dot
}

/// A block of queries while they are answered, on one thread.
///
/// A chunk's integer scores of six queries stay in the first-level cache; seen items are hidden there by their bits. What
/// can still reach a query's floor is collected: a guess (`BatchExperience`), or the k-th best lower bound so far. Queries
/// that no later, shorter row can serve drop out. Candidates are scored exactly, the most promising first, the others only
/// where their upper bound reaches the k-th best of those.
final class QuantizedBlock<Score: BatchScore> {
  /// What one query has found so far.
  private struct Progress {
    /// Nil where the query cannot be rounded, or has too many candidates: it goes by float products.
    var query: QuantizedQuery?
    /// Lower bounds held; none with a guess.
    var bestCount = 0
    /// Candidates held.
    var candidateCount = 0
    /// What the k-th best is taken to reach at least; -infinity for no guess.
    var guess = -Float.infinity
    /// More reach the guess than there is room for.
    var isOverfull = false
    var mask: RowMask
    /// Rows the mask leaves out.
    var hiddenCount = 0
  }

  /// Candidates picked for exact scores.
  private struct Picked {
    /// Their items.
    let items: UnsafeMutablePointer<Int32>
    var count = 0
    /// The upper bound that all of them reach; -infinity where all candidates are picked.
    var least = -Float.infinity
  }

  /// Queries of a tile.
  private static var tileQueries: Int { 6 }

  /// Exact scores computed so far; the whole capacity for a query that has too many candidates.
  private(set) var scoredCount = 0
  private let rows: QuantizedRows
  private let queries: Matrix
  private let queryRows: ArraySlice<Int32>
  private let k: Int
  private let exactScore: ExactScore
  /// Candidates kept for a query.
  private let capacity: Int
  /// Factors of a query.
  private let factorCount: Int
  private let progress: UnsafeMutablePointer<Progress>
  /// Memory of everything below, reused by the next block.
  private let workspace: UnsafeMutablePointer<Float>
  private let workspaceFloats: Int
  /// Best lower bounds of each query, `[queries, k]`.
  private let keys: UnsafeMutablePointer<UInt64>
  /// Candidates of each query, `[queries, capacity]`: item and upper bound.
  private let items: UnsafeMutablePointer<Int32>
  private let ceilings: UnsafeMutablePointer<Float>
  /// Rounded queries, `[queries, factors]`, and those of the active ones, `[tiles, factors, 6]`.
  private let factors: UnsafeMutablePointer<Int32>
  private let packed: UnsafeMutablePointer<Int32>
  /// Integer scores of a tile, `[6, chunkRows]`.
  private let scores: UnsafeMutablePointer<Score>
  /// Positions in a chunk that a scan found, `[chunkRows]`.
  private let hits: UnsafeMutablePointer<Int32>
  /// Exact scores of the items picked for one query, `[capacity]`, with room for fifteen more.
  private let exact: UnsafeMutablePointer<Float>
  /// Items picked for exact scores: those of a query, those of the next one, and what is left of a query, `[3, capacity]`.
  private let picked: UnsafeMutablePointer<Int32>
  /// Keys of the best exact scores of one query, `[capacity]`.
  private let ranked: UnsafeMutablePointer<UInt64>

  /// - Parameters:
  ///   - rows: the catalogue, of the precision of `Score`.
  ///   - queries: `[*, width]`.
  ///   - queryRows: which of them to answer.
  ///   - k: most results for each query, at least one.
  ///   - exactScore: what the results' scores are.
  init(
    rows: QuantizedRows, queries: Matrix, queryRows: ArraySlice<Int32>, k: Int, exactScore: ExactScore = .product
  ) {
    self.rows = rows
    self.queries = queries
    self.queryRows = queryRows
    self.k = k
    self.exactScore = exactScore
    capacity = QuantizedRows.chunkRows + 8 * k
    let count = queryRows.count
    factorCount = rows.precision.tileFactors.count(width: rows.width)
    progress = .allocate(capacity: count)
    let padded = GemmBlocking.roundUp(count, to: Self.tileQueries)
    // Every part a multiple of a cache line.
    let parts = [
      2 * count * k, count * capacity, count * capacity, count * factorCount, padded * factorCount,
      Self.tileQueries * QuantizedRows.chunkRows, QuantizedRows.chunkRows, capacity + 15, 3 * capacity, 2 * capacity,
    ].map { GemmBlocking.roundUp($0, to: 16) }
    workspaceFloats = parts.reduce(0, +)
    workspace = BufferPool.shared.take(floats: workspaceFloats)
    var next = UnsafeMutableRawPointer(workspace)
    func part<Element>(_ index: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
      defer { next += 4 * parts[index] }
      return next.assumingMemoryBound(to: type)
    }
    keys = part(0, of: UInt64.self)
    items = part(1, of: Int32.self)
    ceilings = part(2, of: Float.self)
    factors = part(3, of: Int32.self)
    packed = part(4, of: Int32.self)
    scores = part(5, of: Score.self)
    hits = part(6, of: Int32.self)
    exact = part(7, of: Float.self)
    picked = part(8, of: Int32.self)
    ranked = part(9, of: UInt64.self)
    for query in 0..<count {
      (progress + query).initialize(
        to: Progress(
          query: QuantizedQuery(
            vector(query), width: rows.width, form: rows.precision.tileFactors,
            factors: factors + query * factorCount),
          mask: RowMask(count: rows.count)))
    }
  }

  deinit {
    progress.deinitialize(count: queryRows.count)
    progress.deallocate()
    BufferPool.shared.give(workspace, floats: workspaceFloats)
  }

  private func queryRow(_ query: Int) -> Int32 { queryRows[queryRows.startIndex + query] }

  private func vector(_ query: Int) -> UnsafePointer<Float> { UnsafePointer(queries.row(Int(queryRow(query)))) }

  private func selection(_ query: Int) -> Selection {
    Selection(keys: keys + query * k, capacity: k, count: progress[query].bestCount)
  }

  /// What a row has to reach to be of use.
  private func floor(_ query: Int) -> Float { max(selection(query).floor, progress[query].guess) }

  /// Marks what each query leaves out.
  func hide(_ excluded: (Int32) -> ArraySlice<Int32>) {
    for query in 0..<queryRows.count {
      for item in excluded(queryRow(query)) where item >= 0 && Int(item) < rows.count {
        progress[query].mask.insert(Int(rows.positions[Int(item)]))
        progress[query].hiddenCount += 1
      }
    }
  }

  /// Answers the queries.
  /// - Parameters:
  ///   - experience: what other blocks know, and learn from this one.
  ///   - deliver: takes a query, counted as in the slice's own array, and its results; not called for a query whose
  ///     bounds are of no use.
  func answer(_ experience: BatchExperience, _ deliver: (Int, [ScoredIndex]) -> Void) {
    let all = Array(0..<queryRows.count)
    if let ratio = experience.ratio, ratio > 0 {
      // With fewer than k rows left every guess would be wrong.
      for query in all where rows.count - progress[query].hiddenCount >= k {
        progress[query].guess = Float(ratio * (progress[query].query?.norm ?? 0)).nextDown
      }
    }
    var wrong: [Int] = []
    var least: Double?
    func take(_ query: Int, _ results: [ScoredIndex]) {
      let kthBest = results.count == k ? results[k - 1].score : -.infinity
      if progress[query].guess > -.infinity && (kthBest < progress[query].guess || progress[query].isOverfull) {
        wrong.append(query)
        return
      }
      if let norm = progress[query].query?.norm, kthBest > -.infinity {
        least = min(least ?? .infinity, Double(kthBest) / norm)
      }
      deliver(queryRows.startIndex + query, results)
    }
    scan(all)
    finish(all, take)
    let again = wrong
    for query in again {
      progress[query].guess = -.infinity
      progress[query].candidateCount = 0
      progress[query].isOverfull = false
    }
    if !again.isEmpty {
      scan(again)
      finish(again, take)
    }
    experience.add(ratio: least, wrongGuesses: again.count, queries: all.count)
  }

  /// Finds the candidates of some queries.
  private func scan(_ queries: [Int]) {
    let tile = Self.tileQueries
    let panelRows = rows.precision.panelRows
    var active: [Int] = []
    for (index, chunk) in rows.chunks.enumerated() {
      let remaining = queries.filter { query in
        guard let quantized = progress[query].query, !progress[query].isOverfull else { return false }
        return quantized.ceiling(chunk) >= Double(floor(query))
      }
      if remaining.isEmpty { return }
      if remaining != active {
        active = remaining
        pack(active)
      }
      let count = rows.rowCount(ofChunk: index)
      let panels = (count + panelRows - 1) / panelRows
      let start = index * QuantizedRows.chunkRows
      for first in stride(from: 0, to: active.count, by: tile) {
        Score.product(rows, index, panels, packed + first * factorCount, scores, QuantizedRows.chunkRows)
        for (slot, query) in active[first..<min(active.count, first + tile)].enumerated() {
          let line = scores + slot * QuantizedRows.chunkRows
          let mask = progress[query].mask
          if !mask.isEmpty { mask.hide(line, start: start, count: count) }
          for missing in count..<panels * panelRows { line[missing] = .min }
          if progress[query].guess > -.infinity {
            collectWhatReachesTheGuess(query, chunk, line, panels * panelRows, start)
          } else {
            collect(query, chunk, line, panels * panelRows, start)
          }
        }
      }
    }
  }

  /// The factors of the active queries, six beside each other; those of a short last tile are zeros.
  private func pack(_ active: [Int]) {
    let tile = Self.tileQueries
    for first in stride(from: 0, to: active.count, by: tile) {
      let target = packed + first * factorCount
      for lane in 0..<tile {
        let source = first + lane < active.count ? factors + active[first + lane] * factorCount : nil
        for step in 0..<factorCount { target[step * tile + lane] = source?[step] ?? 0 }
      }
    }
  }

  /// Adds the rows of a chunk that can reach a query's guess to its candidates.
  private func collectWhatReachesTheGuess(
    _ query: Int, _ chunk: QuantizedRows.Chunk, _ scores: UnsafePointer<Score>, _ padded: Int, _ start: Int
  ) {
    guard let quantized = progress[query].query else { return }
    let bounds = ScoreBounds(query: quantized, chunk: chunk, measure: .product, precision: rows.precision)
    guard let threshold = bounds.threshold(progress[query].guess) else { return }
    let found = Score.scan(scores, padded, Score(threshold), hits)
    let held = progress[query].candidateCount
    guard held + found <= capacity else {
      progress[query].isOverfull = true
      return
    }
    let base = query * capacity + held
    rows.order.withUnsafeBufferPointer { order in
      for hit in 0..<found {
        let offset = Int(hits[hit])
        items[base + hit] = order[start + offset]
        ceilings[base + hit] = bounds.interval(Int(scores[offset]), squares: 0).upper
      }
    }
    progress[query].candidateCount = held + found
  }

  /// Adds the rows of a chunk that can reach a query's k-th best lower bound so far to its candidates.
  private func collect(
    _ query: Int, _ chunk: QuantizedRows.Chunk, _ scores: UnsafePointer<Score>, _ padded: Int, _ start: Int
  ) {
    guard let quantized = progress[query].query else { return }
    var selection = selection(query)
    let bounds = ScoreBounds(query: quantized, chunk: chunk, measure: .product, precision: rows.precision)
    var floor = selection.floor
    if selection.count == 0, let score = boundOfBest(padded, k: k, { Score.groupMaxima(scores, padded, $0, $1) }) {
      floor = bounds.firstFloor(score)
    }
    guard let threshold = bounds.threshold(floor) else { return }
    let found = Score.scan(scores, padded, Score(threshold), hits)
    if progress[query].candidateCount + found > capacity {
      sift(query, floor)
      if progress[query].candidateCount + found > capacity {
        progress[query].query = nil
        scoredCount += capacity
        return
      }
    }
    var held = query * capacity + progress[query].candidateCount
    for hit in 0..<found {
      let offset = Int(hits[hit])
      let bound = bounds.interval(Int(scores[offset]), squares: 0)
      guard bound.upper >= floor else { continue }
      items[held] = rows.order[start + offset]
      ceilings[held] = bound.upper
      held += 1
      selection.offer(bound.lower, index: start + offset)
      floor = max(floor, selection.floor)
    }
    progress[query].candidateCount = held - query * capacity
    progress[query].bestCount = selection.count
  }

  /// Drops the candidates that can no longer be among the k best.
  private func sift(_ query: Int, _ floor: Float) {
    let base = query * capacity
    var kept = 0
    for candidate in 0..<progress[query].candidateCount where ceilings[base + candidate] >= floor {
      items[base + kept] = items[base + candidate]
      ceilings[base + kept] = ceilings[base + candidate]
      kept += 1
    }
    progress[query].candidateCount = kept
  }

  /// Scores the candidates of some queries, to the bit as `exactScore` says, and hands out the results.
  ///
  /// First those with about the k highest upper bounds: what k of their scores reach, the upper bounds of the others have to
  /// reach too. Rows are asked for one step ahead: those of the next query before what is left of this one is scored.
  private func finish(_ queries: [Int], _ deliver: (Int, [ScoredIndex]) -> Void) {
    let queries = queries.filter { progress[$0].query != nil }
    guard var next = queries.first.map({ pickBest($0, picked) }) else { return }
    for (place, query) in queries.enumerated() {
      let first = next
      score(query, first, exact)
      let kthBest = kernels.bestFloor(exact, first.count, k, k + 3)
      let left = pick(query, from: max(kthBest, floor(query)), below: first.least, picked + 2 * capacity)
      if place + 1 < queries.count { next = pickBest(queries[place + 1], picked + (place + 1) % 2 * capacity) }
      score(query, left, exact + first.count)
      scoredCount += first.count + left.count
      deliver(query, best(first, left, from: kthBest))
    }
  }

  /// Picks the candidates of a query with the highest upper bounds: k of them and what about fills the sixteens in which rows
  /// are scored.
  private func pickBest(_ query: Int, _ target: UnsafeMutablePointer<Int32>) -> Picked {
    if progress[query].guess == -.infinity { sift(query, floor(query)) }
    let least = kernels.bestFloor(
      ceilings + query * capacity, progress[query].candidateCount, k, GemmBlocking.roundUp(k, to: 16))
    return pick(query, from: least, below: .infinity, target)
  }

  /// Picks the candidates of a query whose upper bounds, which are finite, lie in a range, and asks for their rows.
  private func pick(
    _ query: Int, from least: Float, below end: Float, _ target: UnsafeMutablePointer<Int32>
  ) -> Picked {
    let base = query * capacity
    var result = Picked(items: target, least: least)
    for candidate in base..<base + progress[query].candidateCount {
      target[result.count] = items[candidate]
      result.count += ceilings[candidate] >= least && ceilings[candidate] < end ? 1 : 0
    }
    let matrix = rows.matrix.pointer + rows.offset * rows.width
    let rowBytes = 4 * rows.width
    for place in 0..<result.count {
      let row = UnsafeRawPointer(matrix + Int(target[place]) * rows.width)
      var line = 0
      while line < rowBytes {
        cplatform_prefetch_to_read(row + line)
        line += 64
      }
    }
    return result
  }

  /// The exact scores of picked items; up to fifteen numbers after them are overwritten.
  private func score(_ query: Int, _ picked: Picked, _ scores: UnsafeMutablePointer<Float>) {
    let matrix = rows.matrix.pointer + rows.offset * rows.width
    switch exactScore {
    case .product:
      kernels.scoreChosenRows(
        picked.count, rows.width, vector(query), matrix, picked.items, scores, GemmBlocking.depth)
    case .dot:
      let (table, vector) = (kernels, vector(query))
      for place in 0..<picked.count {
        scores[place] = table.dot(vector, matrix + Int(picked.items[place]) * rows.width, rows.width)
      }
    }
  }

  /// The k best of what has been scored, where it is known what k of them reach.
  private func best(_ first: Picked, _ left: Picked, from least: Float) -> [ScoredIndex] {
    let kept = rank(first, exact, from: least, after: 0)
    return Selection.ranked(ranked, count: rank(left, exact + first.count, from: least, after: kept), k: k)
  }

  /// Adds the keys of scores that reach `least` to those `held`, and returns how many there are.
  private func rank(_ picked: Picked, _ scores: UnsafePointer<Float>, from least: Float, after held: Int) -> Int {
    var kept = held
    for place in 0..<picked.count {
      ranked[kept] = Selection.key(scores[place], Int(picked.items[place]))
      kept += scores[place] >= least ? 1 : 0
    }
    return kept
  }
}
