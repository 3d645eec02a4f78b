// Exact top-k of many queries: product and selection in one pass, scores never leave the cache.
//
// Two ways, chosen by the shape and the data: rows rounded to 8 or 16 bits with an exact finish (QuantizedBatch.swift), or
// the float product here. Measured and dropped: testing a tile against the thresholds in its registers, before it is stored.
// With 20 of 9,332 items wanted half of all 6 x 16 tiles hold a candidate; 77 GFLOP/s at width 32 became 53.
// Guide: Docs/Benchmarks/topk.md.

/// Shape of the work; a function of the data only.
private enum BatchBlocking {
  /// Queries of one parallel block: up to eight register tiles, fewer where there would be too few blocks to share.
  static func queries(of count: Int) -> Int {
    min(48, max(GemmBlocking.tileRows, GemmBlocking.roundUp((count + 15) / 16, to: GemmBlocking.tileRows)))
  }
  /// Most floats of packed items held at a time, 16 MiB.
  static let packedFloats = 4 << 20
  /// Fewest queries worth packing items for.
  static let fewestQueries = 6
  /// The scores of so many items with bytes instead of words save about what one exact score costs.
  ///
  /// Where the wider bounds of bytes leave more candidates than they save, words are the better way.
  static let itemsPerScore = 96
  /// The widest vectors for which bytes are tried: at 256 columns of random numbers they left eight times too many.
  static let widestBytes = 128
  /// The largest k over rounded rows: a block of queries keeps 8 k candidates for each.
  static let largestRoundedK = 4096
}

/// The k best items of each query by inner product, in parallel over blocks of queries.
///
/// Order, ties and exclusion as `topK`. Scores are computed a tile at a time and tested against each query's k-th best
/// so far; they are never written out. A query has the same scores, to the bit, alone and in a batch, at every thread
/// count, and whether the rows were rounded first or not.
/// - Parameters:
///   - queries: `[*, d]`, the vectors of all users.
///   - queryRows: which rows of `queries` to answer, in this order; repeats are allowed.
///   - items: `[count, d]`.
///   - k: most results for each query.
///   - excluded: for a row of `queries`, the item indices to leave out, ascending. Called on several threads, and up to
///     three times for a row.
/// - Returns: one list for each element of `queryRows`, each of at most k results.
/// - Complexity: O(queries * count * d) time; beyond the result 16 MiB and a tile per thread, or the rounded rows
///   (`QuantizedRows`) and per thread room for 48 (1,024 + 8 k) candidates of eight bytes, and for queries that leave
///   something out a bit for each item.
package func batchTopK(
  queries: Matrix, queryRows: [Int32], items: Matrix, k: Int, excluded: (Int32) -> ArraySlice<Int32> = { _ in [] }
) -> [[ScoredIndex]] {
  precondition(queries.columns == items.columns, "queries and items have different widths")
  precondition(queryRows.allSatisfy { $0 >= 0 && Int($0) < queries.rows }, "query row out of range")
  let wanted = min(k, items.rows)
  guard wanted > 0, !queryRows.isEmpty else { return [[ScoredIndex]](repeating: [], count: queryRows.count) }
  var results = [[ScoredIndex]?](repeating: nil, count: queryRows.count)
  /// Lets a way answer the queries without results.
  func answer(_ way: ([Int32]) -> [[ScoredIndex]?]) {
    let left = results.indices.filter { results[$0] == nil }
    guard !left.isEmpty else { return }
    if left.count == results.count {
      // Taken over, not copied: each list that is handed on has its owners counted, in memory long out of the caches.
      results = way(queryRows)
      return
    }
    for (position, result) in zip(left, way(left.map { queryRows[$0] })) { results[position] = result }
  }
  for precision in [QuantizedPrecision.firstOfBatch, .words]
  where precision == .words || items.columns <= BatchBlocking.widestBytes {
    answer { rows in
      // For few that are left, rounding all items does not pay.
      guard roundingPays(queries: rows.count, items: items, k: wanted) else {
        return [[ScoredIndex]?](repeating: nil, count: rows.count)
      }
      return roundedTopK(precision, queries: queries, queryRows: rows, items: items, k: wanted, excluded: excluded)
    }
  }
  answer { floatTopK(queries, $0, items, wanted, excluded) }
  return [[ScoredIndex]](unsafeUninitializedCapacity: results.count) { lists, count in
    results.withUnsafeMutableBufferPointer { found in
      for query in found.indices { lists.initializeElement(at: query, to: found[query].take() ?? []) }
    }
    count = queryRows.count
  }
}

/// The k best of queries over rows rounded to one precision; otherwise the contract of `batchTopK`.
/// - Parameters:
///   - precision: how finely.
///   - queries: `[*, d]`, the vectors of all users.
///   - queryRows: which rows of `queries` to answer.
///   - items: `[count, d]`.
///   - k: most results for each query.
///   - excluded: for a row of `queries`, the item indices to leave out, ascending.
/// - Returns: nil for the queries that this is not the way for.
/// - Precondition: as `batchTopK`; `1 <= k <= items.rows`, and the precision is supported.
package func roundedTopK(
  _ precision: QuantizedPrecision, queries: Matrix, queryRows: [Int32], items: Matrix, k: Int,
  excluded: (Int32) -> ArraySlice<Int32>
) -> [[ScoredIndex]?] {
  precondition(precision.isSupported, "the kernels have no product of this precision")
  guard let rows = QuantizedRows(items, rows: nil, precision: precision) else {
    return [[ScoredIndex]?](repeating: nil, count: queryRows.count)
  }
  if precision == .words {
    return QuantizedBatch<Int32>(rows: rows, queries: queries, queryRows: queryRows, k: k).run(.max, excluded)
  }
  let mostScored = 2 * k + items.rows / BatchBlocking.itemsPerScore
  return QuantizedBatch<Int16>(rows: rows, queries: queries, queryRows: queryRows, k: k).run(mostScored, excluded)
}

/// Whether rounding the rows first is the faster way: the processor multiplies integers faster than floats, and there is
/// enough to do.
private func roundingPays(queries: Int, items: Matrix, k: Int) -> Bool {
  QuantizedPrecision.words.isSupported && queries >= 16 && items.rows >= 2048
    && k <= min(items.rows / 16, BatchBlocking.largestRoundedK) && QuantizedRows.widths.contains(items.columns)
}

/// The k best of each query by float products alone; the contract of `batchTopK`.
/// - Precondition: as `batchTopK`, and `1 <= k <= items.rows`.
func floatTopK(
  _ queries: Matrix, _ queryRows: [Int32], _ items: Matrix, _ k: Int, _ excluded: (Int32) -> ArraySlice<Int32>
) -> [[ScoredIndex]] {
  if queryRows.count < BatchBlocking.fewestQueries {
    return queryRows.map { row in
      singleTopK(query: queries.row(Int(row)), items: items, k: k, excluded: excluded(row))
    }
  }
  return batch(queries, queryRows, items, k, excluded)
}

/// One query against all items, in parallel over blocks of items whose selections are merged in order.
private func singleTopK(
  query: UnsafePointer<Float>, items: Matrix, k: Int, excluded: ArraySlice<Int32>
) -> [ScoredIndex] {
  let table = kernels
  let itemsPerBlock = max(selectionWidth, min(64 * selectionWidth, (1 << 20) / max(1, items.columns)))
  let blocks = (items.rows + itemsPerBlock - 1) / itemsPerBlock
  let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: (blocks + 1) * k)
  let counts = UnsafeMutablePointer<Int>.allocate(capacity: blocks)
  defer {
    keys.deallocate()
    counts.deallocate()
  }
  parallelFor(blocks) { block in
    var selection = Selection(keys: keys + block * k, capacity: k)
    let scratch = SelectionScratch(width: selectionWidth)
    let end = min(items.rows, (block + 1) * itemsPerBlock)
    var cursor = excluded.startIndex
    for start in stride(from: block * itemsPerBlock, to: end, by: selectionWidth) {
      let width = min(selectionWidth, end - start)
      table.scoreRows(width, items.columns, query, items.row(start), scratch.scores, GemmBlocking.depth)
      cursor = firstPosition(in: excluded, from: cursor, notBelow: start)
      cursor = maskExcluded(excluded, from: cursor, in: scratch.scores, start: start, width: width)
      selection.add(scratch.scores, count: width, firstIndex: start, scratch)
    }
    counts[block] = selection.count
  }
  var result = Selection(keys: keys + blocks * k, capacity: k)
  for block in 0..<blocks {
    result.merge(Selection(keys: keys + block * k, capacity: k, count: counts[block]))
  }
  return result.sorted()
}

/// Blocks of queries against chunks of packed items.
private func batch(
  _ queries: Matrix, _ queryRows: [Int32], _ items: Matrix, _ k: Int, _ excluded: (Int32) -> ArraySlice<Int32>
) -> [[ScoredIndex]] {
  let table = kernels
  let width = items.columns
  let passes = max(1, (width + GemmBlocking.depth - 1) / GemmBlocking.depth)
  let chunkItems = min(
    GemmBlocking.roundUp(items.rows, to: selectionWidth),
    max(1, BatchBlocking.packedFloats / max(1, width) / selectionWidth) * selectionWidth)
  let packed = Matrix.uninitialized(rows: chunkItems / 16, columns: 16 * width)
  let queriesPerBlock = BatchBlocking.queries(of: queryRows.count)
  let blocks = (queryRows.count + queriesPerBlock - 1) / queriesPerBlock
  let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: queryRows.count * k)
  let counts = UnsafeMutablePointer<Int>.allocate(capacity: queryRows.count)
  counts.initialize(repeating: 0, count: queryRows.count)
  defer {
    keys.deallocate()
    counts.deallocate()
  }
  for chunkStart in stride(from: 0, to: items.rows, by: chunkItems) {
    let chunkEnd = min(items.rows, chunkStart + chunkItems)
    let tiles = (chunkEnd - chunkStart + selectionWidth - 1) / selectionWidth
    // A tile's panels of one pass lie together: pass p of tile t starts at t * selectionWidth * width + ...
    parallelFor(tiles * passes) { block in
      let start = block / passes * selectionWidth
      let count = min(selectionWidth, chunkEnd - chunkStart - start)
      let passStart = block % passes * GemmBlocking.depth
      let depth = min(GemmBlocking.depth, width - passStart)
      table.packRight(
        depth, count, items.row(chunkStart + start) + passStart, width, true,
        packed.pointer + (start * width + passStart * GemmBlocking.roundUp(count, to: 16)))
    }
    parallelFor(blocks) { block in
      let first = block * queriesPerBlock
      let rows = min(queriesPerBlock, queryRows.count - first)
      let scratch = SelectionScratch(width: selectionWidth)
      let scores = Matrix.uninitialized(rows: rows, columns: selectionWidth)
      let gathered = Matrix.uninitialized(rows: rows, columns: width)
      let packedQueries = Matrix.uninitialized(rows: GemmBlocking.roundUp(rows, to: 6), columns: width)
      for row in 0..<rows {
        gathered.row(row).update(from: queries.row(Int(queryRows[first + row])), count: width)
      }
      for pass in 0..<passes {
        let passStart = pass * GemmBlocking.depth
        table.packLeft(
          rows, min(GemmBlocking.depth, width - passStart), gathered.pointer + passStart, width, false,
          packedQueries.pointer + passStart * packedQueries.rows)
      }
      let exclusions = (0..<rows).map { excluded(queryRows[first + $0]) }
      var cursors = exclusions.map { firstPosition(in: $0, from: $0.startIndex, notBelow: chunkStart) }
      for tile in 0..<tiles {
        let start = tile * selectionWidth
        let count = min(selectionWidth, chunkEnd - chunkStart - start)
        for pass in 0..<passes {
          let passStart = pass * GemmBlocking.depth
          let depth = min(GemmBlocking.depth, width - passStart)
          table.gemmBlock(
            rows, count, depth, packedQueries.pointer + passStart * packedQueries.rows,
            packed.pointer + (start * width + passStart * GemmBlocking.roundUp(count, to: 16)), 16 * depth,
            scores.pointer, selectionWidth, 1, pass > 0)
        }
        for row in 0..<rows {
          let line = scores.row(row)
          cursors[row] = maskExcluded(
            exclusions[row], from: cursors[row], in: line, start: chunkStart + start, width: count)
          var selection = Selection(keys: keys + (first + row) * k, capacity: k, count: counts[first + row])
          selection.add(line, count: count, firstIndex: chunkStart + start, scratch)
          counts[first + row] = selection.count
        }
      }
    }
  }
  var result = [[ScoredIndex]](repeating: [], count: queryRows.count)
  result.withUnsafeMutableBufferPointer { buffer in
    let target = buffer
    parallelRanges(queryRows.count, blockSize: 256) { range in
      for row in range { target[row] = Selection(keys: keys + row * k, capacity: k, count: counts[row]).sorted() }
    }
  }
  return result
}
