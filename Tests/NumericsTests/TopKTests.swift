// Exact top-k against sorting everything.

import Numerics
import Testing

@Suite(.serialized) struct TopKTests {
  private func bruteForce(_ scores: [Float], _ k: Int, _ excluded: [Int32]) -> [ScoredIndex] {
    let hidden = Set(excluded)
    let all = scores.indices.filter { !hidden.contains(Int32($0)) && scores[$0] > -.infinity }
      .map { ScoredIndex(index: Int32($0), score: scores[$0]) }
    return Array(all.sorted { $0.ranksBefore($1) }.prefix(max(0, k)))
  }

  @Test func goldenTiesGoToTheLowerIndex() throws {
    let scores = try GoldenArray("topk_ties.scores").matrix
    let expected = try GoldenArray("topk_ties.top10").integers
    for row in 0..<scores.rows {
      let found = topK(of: scores.row(row), count: scores.columns, k: 10).map(\.index)
      #expect(found == Array(expected[row * 10..<row * 10 + 10]))
    }
  }

  /// Scores drawn from few values, so that ties are everywhere, with NaN and infinities among them.
  @Test(arguments: [0, 1, 2, 15, 16, 17, 100, 640, 2048, 2049, 10_000]) func selectionEqualsSorting(_ count: Int) {
    for round in 0..<6 {
      var stream = RandomStream(seed: 3, purpose: .test, epoch: count, step: round)
      let levels = round % 2 == 0 ? 7 : 1_000_000
      var scores = (0..<count).map { _ in Float(stream.below(levels)) - 3 }
      for index in scores.indices where round >= 4 && index % 11 == 0 {
        scores[index] = [Float.nan, .infinity, -.infinity, -0.0, 0][index % 5]
      }
      let excluded = (0..<Int32(count)).filter { _ in round % 3 == 1 && stream.below(4) == 0 }
      for k in [0, 1, 5, 20, 100, 500, count, count + 3] {
        let found = topK(of: scores, count: count, k: k, excluding: excluded[...])
        #expect(found == bruteForce(scores, k, excluded), "count \(count) round \(round) k \(k)")
      }
      let everything = (0..<Int32(count)).map { $0 }
      #expect(topK(of: scores, count: count, k: 5, excluding: everything[...]).isEmpty)
    }
  }

  @Test(arguments: [1, 5, 6, 7, 50, 100], [1, 17, 2048, 5000]) func batchEqualsSorting(
    _ queryCount: Int, _ itemCount: Int
  ) {
    for width in [1, 5, 32] {
      // Whole numbers: products are exact, so ties are real and the oracle needs no tolerance.
      let queries = wholeNumbers(queryCount + 3, width, 1)
      let items = wholeNumbers(itemCount, width, 2)
      let rows = (0..<queryCount).map { Int32(($0 * 7) % (queryCount + 3)) }
      let excluded: (Int32) -> ArraySlice<Int32> = { row in
        (0..<Int32(itemCount)).filter { ($0 &* 31 &+ row) % 5 == 0 }[...]
      }
      let found = batchTopK(queries: queries, queryRows: rows, items: items, k: 20, excluded: excluded)
      #expect(found.count == rows.count)
      for (position, row) in rows.enumerated() {
        let scores = (0..<itemCount).map { item in
          (0..<width).reduce(Float(0)) { $0 + queries[Int(row), $1] * items[item, $1] }
        }
        #expect(found[position] == bruteForce(scores, 20, Array(excluded(row))), "query \(position)")
      }
    }
  }

  @Test(arguments: [1, 31, 64, 400, 770]) func aQueryHasTheSameBitsAloneAndInABatch(_ width: Int) {
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let queries = Matrix(rows: 60, columns: width, values: Distribution.uniform.values(60 * width))
    let items = Matrix(rows: 3001, columns: width, values: Distribution.uniform.values(3001 * width, salt: 1))
    let rows = (0..<60).map { Int32($0) }
    Parallelism.threadCount = 1
    let reference = batchTopK(queries: queries, queryRows: rows, items: items, k: 30)
    for count in [2, 3, 8] {
      Parallelism.threadCount = count
      #expect(batchTopK(queries: queries, queryRows: rows, items: items, k: 30) == reference)
    }
    for row in rows.prefix(5) {
      #expect(batchTopK(queries: queries, queryRows: [row], items: items, k: 30) == [reference[Int(row)]])
    }
  }

  @Test(arguments: supportedLevels) func scoreRowsHasTheBitsOfTheProduct(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for rows in [0, 1, 15, 16, 17, 35] {
      for width in [1, 3, 4, 31, 64, 130] {
        let items = Distribution.uniform.values(rows * width)
        let query = Distribution.uniform.values(width, salt: 1)
        let buffer = GuardedFloats(capacity: max(1, rows * width))
        let output = GuardedFloats(capacity: max(1, rows))
        let source = buffer.place(items, .end)
        let out = output.row(rows, .end)
        table.scoreRows(rows, width, query, source, out, 384)
        let packedA = Matrix(rows: 6, columns: width)
        let packedB = Matrix(rows: (rows + 15) / 16 * 16, columns: width)
        let c = Matrix(rows: 1, columns: rows)
        table.packLeft(1, width, query, width, false, packedA.pointer)
        table.packRight(width, rows, source, width, true, packedB.pointer)
        table.gemmBlock(1, rows, width, packedA.pointer, packedB.pointer, 16 * width, c.pointer, rows, 1, false)
        for row in 0..<rows { #expect(out[row].bitPattern == c.pointer[row].bitPattern, "\(rows) \(width)") }
      }
    }
  }

  @Test(arguments: supportedLevels) func chosenRowsHaveTheBitsOfAllRows(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    var stream = RandomStream(seed: 4, purpose: .test, epoch: 0)
    for width in [1, 3, 4, 31, 64, 130] {
      let items = Distribution.uniform.values(40 * width)
      let query = Distribution.uniform.values(width, salt: 1)
      let buffer = GuardedFloats(capacity: 40 * width)
      let source = buffer.place(items, .end)
      var all = [Float](repeating: 0, count: 40)
      table.scoreRows(40, width, query, source, &all, 384)
      for count in [0, 1, 15, 16, 17, 35] {
        // The last row lies at the end of what may be read.
        let chosen = (0..<count).map { $0 == count / 2 ? 39 : Int32(stream.below(40)) }
        let padded = (count + 15) & ~15
        let output = GuardedFloats(capacity: max(1, padded))
        let out = output.row(padded, .end)
        table.scoreChosenRows(count, width, query, source, chosen, out, 384)
        for (place, row) in chosen.enumerated() { #expect(out[place].bitPattern == all[Int(row)].bitPattern) }
      }
    }
  }

  @Test(arguments: supportedLevels) func bestFloorIsReachedByKAndFewMore(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for (salt, distribution) in [Distribution.uniform, .logNormal, .uniform].enumerated() {
      for count in [0, 1, 2, 15, 16, 17, 40, 113, 1000] {
        var values = distribution.values(count, salt: salt)
        // The last kind has ties: every value stands for about a tenth of them.
        if salt == 2 { values = values.map { ($0 * 5).rounded() } }
        let buffer = GuardedFloats(capacity: max(1, count))
        let source = buffer.place(values, .end)
        for k in [1, 2, 20, 100] {
          let floor = table.bestFloor(source, count, k, k + 4)
          let reaching = values.filter { $0 >= floor }.count
          #expect(reaching >= min(k, count), "\(count) \(k)")
          #expect((floor == -.infinity) == (count < k), "\(count) \(k)")
          if salt == 0 && count >= k { #expect(reaching <= k + 4, "\(count) \(k)") }
        }
      }
    }
    // A span that Float cannot hold, and one without width: every value stays.
    let wide: [Float] = [-3e38, 3e38, 0, 1]
    #expect(table.bestFloor(wide, 4, 2, 2) == -3e38)
    let flat = [Float](repeating: 1.5, count: 50)
    #expect(table.bestFloor(flat, 50, 7, 7) == 1.5)
  }

  @Test(arguments: supportedLevels) func groupMaximaBoundTheBestScores(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    var maxima = [Float](repeating: 0, count: 128)
    for count in kernelLengths {
      for groups in [1, 2, 8] {
        let buffer = GuardedFloats(capacity: 130)
        let scores = Distribution.uniform.values(count)
        table.groupMaxima(buffer.place(scores, .end), count, groups, &maxima)
        let real = maxima[0..<16 * groups].filter { $0 > -.infinity }
        #expect(real.count == min(count, 16 * groups))
        #expect(real.max() == scores.max())
        #expect(real.allSatisfy { scores.contains($0) })
      }
    }
  }

  private func wholeNumbers(_ rows: Int, _ columns: Int, _ salt: Int) -> Matrix {
    var stream = RandomStream(seed: 8, purpose: .test, step: salt)
    return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in Float(stream.below(7)) - 3 })
  }
}
