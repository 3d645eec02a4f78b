// Exact top-k of many queries over rounded rows. Guide: Docs/Benchmarks/topk.md.

import CPlatform
import Synchronization

/// Blocks of queries against the chunks of a catalogue rounded to 16 bits, with the exact scores of what is left.
///
/// A chunk's integer scores of six queries stay in the first-level cache and are tested against each query's k-th best
/// lower bound; seen items are hidden there by their bits. Queries that no later, shorter row can serve drop out.
struct QuantizedBatch {
  let rows: QuantizedRows
  let queries: Matrix
  let queryRows: [Int32]
  let k: Int

  /// Queries of one parallel block.
  private static let blockQueries = 48
  /// Queries of a tile.
  private static let tileQueries = 6

  /// Whether rounding the rows first is the faster way: the processor multiplies 16-bit integers faster than floats, and
  /// there is enough to do.
  static func pays(queries: Int, items: Int, width: Int, k: Int) -> Bool {
    kernels.level != .baseline && queries >= 16 && items >= 2048 && k <= items / 16
      && QuantizedRows.widths.contains(width)
  }

  /// Answers all queries; those whose bounds leave too many candidates go by float products.
  /// - Parameter excluded: for a row of `queries`, the items to leave out, ascending.
  func run(_ excluded: (Int32) -> ArraySlice<Int32>) -> [[ScoredIndex]] {
    var results = [[ScoredIndex]?](repeating: nil, count: queryRows.count)
    let experience = Experience()
    results.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(queryRows.count, blockSize: Self.blockQueries) { range in
        let block = QueryBlock(batch: self, range: range)
        block.hide(excluded)
        block.answer(experience)
        block.finish { target[$0] = $1 }
      }
    }
    let left = results.indices.filter { results[$0] == nil }
    if !left.isEmpty {
      let found = floatTopK(queries, left.map { queryRows[$0] }, rows.matrix, k, excluded)
      for (position, result) in zip(left, found) { results[position] = result }
    }
    return results.map { $0 ?? [] }
  }

  /// What finished blocks tell the next ones: the least k-th best score of their queries, for a query of norm one.
  ///
  /// A guess saves the candidates that a scan collects before it has seen good ones. It changes how much is done, never a
  /// result: a query whose k-th best turns out below its guess is scanned again without.
  private final class Experience: Sendable {
    private let state = Mutex<(ratio: Double, isUsable: Bool)>((0, true))

    /// The latest ratio; zero where there is none.
    var ratio: Double { state.withLock { $0.isUsable ? $0.ratio : 0 } }

    /// Takes over a block's ratio; more than a quarter of wrong guesses end the guessing.
    func add(ratio: Double, wrongGuesses: Int, queries: Int) {
      state.withLock { $0 = (ratio, $0.isUsable && 4 * wrongGuesses <= queries) }
    }
  }

  /// What one query has found so far.
  private struct Progress {
    /// Nil where the query cannot be rounded, or has too many candidates: it goes by float products.
    var query: QuantizedQuery?
    /// Lower bounds held.
    var bestCount = 0
    /// Candidates held.
    var candidateCount = 0
    /// What the k-th best is taken to reach at least; -infinity for no guess.
    var guess = -Float.infinity
    var mask: RowMask
  }

  /// The queries of one block while they are answered, on one thread.
  private final class QueryBlock {
    private let batch: QuantizedBatch
    private let rows: QuantizedRows
    private let range: Range<Int>
    private let k: Int
    /// Candidates kept for a query.
    private let capacity: Int
    private let progress: UnsafeMutablePointer<Progress>
    /// Memory of everything below, reused by the next block.
    private let workspace: UnsafeMutablePointer<Float>
    private let workspaceFloats: Int
    /// Best lower bounds of each query, `[queries, k]`.
    private let keys: UnsafeMutablePointer<UInt64>
    /// Candidates of each query, `[queries, capacity]`: position and upper bound.
    private let positions: UnsafeMutablePointer<Int32>
    private let ceilings: UnsafeMutablePointer<Float>
    /// Rounded queries, `[queries, steps]`, and those of the active ones, `[tiles, steps, 6]`.
    private let factors: UnsafeMutablePointer<Int32>
    private let packed: UnsafeMutablePointer<Int32>
    /// Integer scores of a tile, `[6, chunkRows]`.
    private let scores: UnsafeMutablePointer<Int32>
    /// Positions in a chunk that a scan found, `[chunkRows]`.
    private let hits: UnsafeMutablePointer<Int32>
    /// Rows that are scored exactly, `[16, width]`, and their scores.
    private let gathered: UnsafeMutablePointer<Float>

    init(batch: QuantizedBatch, range: Range<Int>) {
      self.batch = batch
      self.range = range
      rows = batch.rows
      k = batch.k
      capacity = QuantizedRows.chunkRows + 8 * k
      let count = range.count
      progress = .allocate(capacity: count)
      let padded = GemmBlocking.roundUp(count, to: QuantizedBatch.tileQueries)
      // Every part a multiple of a cache line; the keys, of eight bytes, are first.
      let parts = [
        2 * count * k, count * capacity, count * capacity, count * rows.steps, padded * rows.steps,
        QuantizedBatch.tileQueries * QuantizedRows.chunkRows, QuantizedRows.chunkRows, 16 * rows.width + 16,
      ].map { GemmBlocking.roundUp($0, to: 16) }
      workspaceFloats = parts.reduce(0, +)
      workspace = BufferPool.shared.take(floats: workspaceFloats)
      var next = UnsafeMutableRawPointer(workspace)
      func part<Element>(_ index: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        defer { next += 4 * parts[index] }
        return next.assumingMemoryBound(to: type)
      }
      keys = part(0, of: UInt64.self)
      positions = part(1, of: Int32.self)
      ceilings = part(2, of: Float.self)
      factors = part(3, of: Int32.self)
      packed = part(4, of: Int32.self)
      scores = part(5, of: Int32.self)
      hits = part(6, of: Int32.self)
      gathered = part(7, of: Float.self)
      for query in 0..<count {
        (progress + query).initialize(
          to: Progress(
            query: QuantizedQuery(
              vector(query), width: rows.width, precision: .words, factors: factors + query * rows.steps),
            mask: RowMask(count: rows.count)))
      }
    }

    deinit {
      progress.deinitialize(count: range.count)
      progress.deallocate()
      BufferPool.shared.give(workspace, floats: workspaceFloats)
    }

    private func vector(_ query: Int) -> UnsafePointer<Float> {
      UnsafePointer(batch.queries.row(Int(batch.queryRows[range.lowerBound + query])))
    }

    private func selection(_ query: Int) -> Selection {
      Selection(keys: keys + query * k, capacity: k, count: progress[query].bestCount)
    }

    /// Marks what each query leaves out.
    func hide(_ excluded: (Int32) -> ArraySlice<Int32>) {
      for query in 0..<range.count {
        for item in excluded(batch.queryRows[range.lowerBound + query]) where item >= 0 && Int(item) < rows.count {
          progress[query].mask.insert(Int(rows.positions[Int(item)]))
        }
      }
    }

    /// The lower bound that candidates have to reach now.
    private func floor(_ query: Int) -> Float { max(selection(query).floor, progress[query].guess) }

    /// Finds the candidates of all queries.
    func answer(_ experience: Experience) {
      let ratio = experience.ratio
      for query in 0..<range.count where ratio > 0 {
        progress[query].guess = Float(ratio * (progress[query].query?.norm ?? 0)).nextDown
      }
      scan(Array(0..<range.count))
      let wrong = (0..<range.count).filter { progress[$0].query != nil && selection($0).floor < progress[$0].guess }
      for query in wrong {
        progress[query].guess = -.infinity
        progress[query].bestCount = 0
        progress[query].candidateCount = 0
      }
      if !wrong.isEmpty { scan(wrong) }
      let ratios = (0..<range.count).compactMap { query in
        progress[query].query.map { Double(selection(query).floor) / $0.norm }
      }
      experience.add(ratio: ratios.min() ?? 0, wrongGuesses: wrong.count, queries: range.count)
    }

    private func scan(_ queries: [Int]) {
      let tile = QuantizedBatch.tileQueries
      let panelRows = rows.precision.panelRows
      var active: [Int] = []
      for (index, chunk) in rows.chunks.enumerated() {
        let remaining = queries.filter { query in
          progress[query].query.map { $0.ceiling(chunk) >= Double(floor(query)) } ?? false
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
          cplatform_word_product(
            Int64(panels), Int64(rows.steps), rows.words(ofChunk: index), packed + first * rows.steps, scores,
            Int64(QuantizedRows.chunkRows))
          for (slot, query) in active[first..<min(active.count, first + tile)].enumerated() {
            let line = scores + slot * QuantizedRows.chunkRows
            let mask = progress[query].mask
            if !mask.isEmpty { mask.hide(line, start: start, count: count) }
            for missing in count..<panels * panelRows { line[missing] = .min }
            collect(query, chunk, line, panels * panelRows, start)
          }
        }
      }
    }

    /// The factors of the active queries, six beside each other; those of a short last tile are zeros.
    private func pack(_ active: [Int]) {
      let tile = QuantizedBatch.tileQueries
      for first in stride(from: 0, to: active.count, by: tile) {
        let target = packed + first * rows.steps
        for lane in 0..<tile {
          let source = first + lane < active.count ? factors + active[first + lane] * rows.steps : nil
          for step in 0..<rows.steps { target[step * tile + lane] = source?[step] ?? 0 }
        }
      }
    }

    /// Adds the candidates of a chunk to those of a query.
    private func collect(
      _ query: Int, _ chunk: QuantizedRows.Chunk, _ scores: UnsafePointer<Int32>, _ padded: Int, _ start: Int
    ) {
      guard let quantized = progress[query].query else { return }
      var selection = selection(query)
      let bounds = ScoreBounds(query: quantized, chunk: chunk, measure: .product, precision: .words)
      let guess = progress[query].guess
      var floor = max(selection.floor, guess)
      if floor == -.infinity, selection.count == 0,
        let score = boundOfBest(padded, k: k, { kernels.integerGroupMaxima(scores, padded, $0, $1) })
      {
        floor = bounds.firstFloor(score)
      }
      guard let threshold = bounds.threshold(floor) else { return }
      let found = kernels.integerScan(scores, padded, Int32(threshold), hits)
      if progress[query].candidateCount + found > capacity {
        sift(query, floor)
        if progress[query].candidateCount + found > capacity {
          progress[query].query = nil
          return
        }
      }
      var held = query * capacity + progress[query].candidateCount
      for hit in 0..<found {
        let offset = hits[hit]
        let bound = bounds.interval(Int(scores[Int(offset)]), squares: 0)
        guard bound.upper >= max(selection.floor, guess) else { continue }
        positions[held] = Int32(start) + offset
        ceilings[held] = bound.upper
        held += 1
        selection.offer(bound.lower, index: start + Int(offset))
      }
      progress[query].candidateCount = held - query * capacity
      progress[query].bestCount = selection.count
    }

    /// Drops the candidates that can no longer be among the k best.
    private func sift(_ query: Int, _ floor: Float) {
      let base = query * capacity
      var kept = 0
      for candidate in 0..<progress[query].candidateCount where ceilings[base + candidate] >= floor {
        positions[base + kept] = positions[base + candidate]
        ceilings[base + kept] = ceilings[base + candidate]
        kept += 1
      }
      progress[query].candidateCount = kept
    }

    /// Scores the candidates that are left, to the bit as the float product does, and hands out the results.
    func finish(_ deliver: (Int, [ScoredIndex]) -> Void) {
      let width = rows.width
      let matrix = rows.matrix.pointer + rows.offset * width
      gathered.update(repeating: 0, count: 16 * width + 16)
      let scores = gathered + 16 * width
      for query in 0..<range.count where progress[query].query != nil {
        sift(query, selection(query).floor)
        let candidates = positions + query * capacity
        var best = Selection(keys: keys + query * k, capacity: k)
        for first in stride(from: 0, to: progress[query].candidateCount, by: 16) {
          let count = min(16, progress[query].candidateCount - first)
          for row in 0..<count {
            let item = Int(rows.order[Int(candidates[first + row])])
            (gathered + row * width).update(from: matrix + item * width, count: width)
          }
          // Always sixteen rows, some of them left over: one row alone takes as long as sixteen.
          kernels.scoreRows(16, width, vector(query), gathered, scores, GemmBlocking.depth)
          for row in 0..<count {
            best.offer(scores[row], index: Int(rows.order[Int(candidates[first + row])]))
          }
        }
        deliver(range.lowerBound + query, best.sorted())
      }
    }
  }
}
