// Exact top-k over rounded rows against scoring everything.

import Glibc
import Numerics
import Testing

/// The precisions that this processor has products for.
private let supportedPrecisions = [QuantizedPrecision.bytes, .quads, .words].filter { $0.isSupported }

@Suite(.serialized) struct QuantizedTopKTests {
  /// Catalogues that try the bounds, each in its own way.
  enum Catalogue: CaseIterable, Sendable {
    /// Standard normal numbers.
    case normal
    /// Whole numbers: exact products, ties everywhere.
    case whole
    /// One vector with a little noise: scores closer together than rounding can tell apart.
    case alike
    /// Row norms over 24 decades.
    case scales
    /// One large number in each row.
    case peaked
    /// Denormal numbers and zeros.
    case tiny
    /// Numbers far beyond float16.
    case huge

    func matrix(_ rows: Int, _ width: Int, _ salt: Int) -> Matrix {
      var stream = RandomStream(seed: 21, purpose: .test, epoch: rows, step: salt)
      let matrix = Matrix(rows: rows, columns: width)
      let common = (0..<width).map { _ in Float(stream.normal()) }
      for row in 0..<rows {
        let scale = Glibc.pow(10, Float(stream.below(25)) - 12)
        for column in 0..<width {
          let number = Float(stream.normal())
          switch self {
          case .normal: matrix[row, column] = number
          case .whole: matrix[row, column] = Float(stream.below(5)) - 2
          case .alike: matrix[row, column] = common[column] + number * 1e-4
          case .scales: matrix[row, column] = number * scale
          case .peaked: matrix[row, column] = column == row % width ? 40 * number : number * 1e-3
          case .tiny: matrix[row, column] = row % 3 == 0 ? 0 : number * 1e-30 * 1e-11
          case .huge: matrix[row, column] = number * 3e15
          }
        }
      }
      return matrix
    }
  }

  private func best(_ scores: [Float], _ k: Int, _ excluded: Set<Int32>) -> [ScoredIndex] {
    let all = scores.indices.filter { !excluded.contains(Int32($0)) && scores[$0] > -.infinity }
      .map { ScoredIndex(index: Int32($0), score: scores[$0]) }
    return Array(all.sorted { $0.ranksBefore($1) }.prefix(k))
  }

  private func cosine(_ query: UnsafePointer<Float>, _ row: UnsafePointer<Float>, _ width: Int) -> Float {
    let norm = kernels.sumOfSquares(query, width).squareRoot() * kernels.sumOfSquares(row, width).squareRoot()
    return norm > 0 ? Float(Double(kernels.dot(query, row, width)) / norm) : -.infinity
  }

  @Test(arguments: QuantizedTopKTests.Catalogue.allCases, [1, 15, 33, 1025, 3000])
  func oneQueryEqualsScoringEverything(_ catalogue: Catalogue, _ count: Int) throws {
    for width in [4, 5, 31, 64, 256] {
      let items = catalogue.matrix(count, width, 1)
      let queries = catalogue.matrix(3, width, 2)
      let rows = try #require(QuantizedRows(items))
      for query in 0..<3 {
        let vector = UnsafePointer(queries.row(query))
        let excluded = query == 1 ? (0..<Int32(count)).filter { $0 % 7 < 3 } : []
        for measure in [RowMeasure.product, .cosine] {
          let scores = (0..<count).map { row in
            measure == .product
              ? kernels.dot(vector, items.row(row), width) : cosine(vector, items.row(row), width)
          }
          let sorted = best(scores, 200, Set(excluded))
          for k in [1, 20, 200] {
            let found = rows.best(for: vector, by: measure, k: k, excluding: excluded) { scores[$0] }
            if let found {
              #expect(found == Array(sorted.prefix(k)), "\(catalogue) \(count) x \(width), \(measure), \(k)")
            } else {
              // Only a query without direction is given back here.
              #expect(catalogue == .tiny, "\(catalogue) \(count) x \(width)")
            }
          }
        }
      }
    }
  }

  @Test func aPartOfAMatrixIsACatalogue() throws {
    let items = Catalogue.normal.matrix(3000, 20, 1)
    let rows = try #require(QuantizedRows(items, rows: 700..<2900))
    let vector = UnsafePointer(items.row(3))
    let scores = (0..<2200).map { kernels.dot(vector, items.row(700 + $0), 20) }
    #expect(rows.best(for: vector, by: .product, k: 30, excluding: []) { scores[$0] } == best(scores, 30, []))
    #expect(rows.count == 2200 && rows.byteCount < 2200 * 40)
  }

  @Test func whatCannotBeBoundedIsRefused() {
    #expect(QuantizedRows(Matrix(rows: 0, columns: 8)) == nil)
    #expect(QuantizedRows(Matrix(rows: 9, columns: 3)) == nil)
    #expect(QuantizedRows(Matrix(rows: 9, columns: 257)) == nil)
    #expect(QuantizedRows(Matrix(rows: 9, columns: 512), rows: nil, precision: .words) != nil)
    #expect(QuantizedRows(Matrix(rows: 9, columns: 513), rows: nil, precision: .words) == nil)
    for bad in [Float.nan, .infinity, -.infinity, 1e30] {
      let matrix = Matrix(rows: 40, columns: 8)
      matrix[17, 3] = bad
      #expect(QuantizedRows(matrix) == nil)
    }
    let rows = QuantizedRows(Catalogue.normal.matrix(40, 8, 1))
    for bad in [Float.nan, .infinity, 1e30, 0] {
      let query = [Float](repeating: bad, count: 8)
      #expect(rows?.best(for: query, by: .product, k: 3, excluding: []) { Float($0) } == nil)
    }
  }

  @Test func tiesByTheThousandAreGivenBack() throws {
    let items = Matrix(rows: 20_000, columns: 8)
    items.fill(1)
    let rows = try #require(QuantizedRows(items))
    #expect(rows.best(for: items.row(0), by: .product, k: 3, excluding: []) { _ in 8 } == nil)
  }

  @Test(arguments: [1, 2, 3, 8]) func threadsAndEarlyEndsChangeNothing(_ threads: Int) throws {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    // Norms fall steeply, so that most chunks are never read.
    let items = Catalogue.normal.matrix(60_000, 16, 1)
    var stream = RandomStream(seed: 5, purpose: .test)
    for row in 0..<items.rows {
      kernels.scale(Float(Glibc.exp(stream.normal())), items.row(row), items.row(row), items.columns)
    }
    let rows = try #require(QuantizedRows(items))
    for query in 0..<8 {
      let vector = UnsafePointer(items.row(query * 11))
      for measure in [RowMeasure.product, .cosine] {
        let scores = (0..<items.rows).map { row in
          measure == .product ? kernels.dot(vector, items.row(row), 16) : cosine(vector, items.row(row), 16)
        }
        let found = rows.best(for: vector, by: measure, k: 50, excluding: [Int32(query)]) { scores[$0] }
        #expect(found == best(scores, 50, [Int32(query)]))
      }
    }
  }

  /// Alone, queries are answered by float products; together, over rounded rows.
  @Test(arguments: QuantizedTopKTests.Catalogue.allCases) func aBatchEqualsItsQueriesAlone(_ catalogue: Catalogue) {
    for (width, k) in [(4, 20), (33, 100), (250, 1)] {
      let items = catalogue.matrix(2100, width, 1)
      let queries = catalogue.matrix(40, width, 2)
      let rows = (0..<40).map { Int32($0) }
      let excluded: (Int32) -> ArraySlice<Int32> = { row in
        row % 2 == 0 ? [] : (0..<Int32(2100)).filter { ($0 &* 31 &+ row) % 5 == 0 }[...]
      }
      let together = batchTopK(queries: queries, queryRows: rows, items: items, k: k, excluded: excluded)
      for row in rows {
        let alone = batchTopK(queries: queries, queryRows: [row], items: items, k: k, excluded: excluded)
        #expect(alone == [together[Int(row)]], "\(catalogue) \(width) \(k), query \(row)")
      }
    }
  }
}

extension QuantizedTopKTests {
  /// Each rounding by itself, on queries that it does not give back, at widths around those of its groups of columns.
  @Test(
    arguments: supportedPrecisions, QuantizedTopKTests.Catalogue.allCases)
  func everyPrecisionIsExact(_ precision: QuantizedPrecision, _ catalogue: Catalogue) {
    var answered = 0
    var answeredWide = 0
    let widths = [4, 5, 6, 7, 30, 64, 127] + (precision == .words ? [448, 512] : [])
    for width in widths {
      let items = catalogue.matrix(3000, width, 1)
      let queries = catalogue.matrix(20, width, 2)
      let rows = (0..<20).map { Int32($0) }
      let excluded: (Int32) -> ArraySlice<Int32> = { row in
        row % 2 == 0 ? [] : (0..<Int32(3000)).filter { ($0 &* 31 &+ row) % 5 == 0 }[...]
      }
      let found = roundedTopK(
        precision, queries: queries, queryRows: rows, items: items, k: 10, excluded: excluded)
      for row in rows {
        guard let results = found[Int(row)] else { continue }
        let alone = batchTopK(queries: queries, queryRows: [row], items: items, k: 10, excluded: excluded)
        #expect(alone == [results], "\(precision) \(catalogue) \(width), query \(row)")
        answered += 1
        answeredWide += width > 256 ? 1 : 0
      }
    }
    // Numbers too small for floats to hold their squares are given back, as are scores too alike for bytes.
    let isHopeless = catalogue == .tiny || catalogue == .alike
    #expect(answered - answeredWide >= 100 || isHopeless, "\(answered) of \(20 * widths.count) answered")
    // Wide rows with one large number each have hardly a column in common: rounding cannot order what is left.
    let isWideHopeless = isHopeless || catalogue == .peaked || precision != .words
    #expect(answeredWide >= 28 || isWideHopeless, "\(answeredWide) of 40 wide ones answered")
  }

  /// Some queries at once over words, with the scores that `dot` gives one by one.
  @Test(.enabled(if: QuantizedPrecision.words.isSupported), arguments: QuantizedTopKTests.Catalogue.allCases)
  func queriesTogetherAreScoredAsByDot(_ catalogue: Catalogue) throws {
    for (width, count, k) in [(5, 900, 10), (100, 2100, 1), (448, 1500, 90), (512, 1100, 3)] {
      // The catalogue is the last rows of a matrix.
      let items = catalogue.matrix(count + 7, width, 1)
      let queries = catalogue.matrix(21, width, 2)
      for column in 0..<width { (queries[19, column], queries[20, column]) = (0, .nan) }
      var excluded = [[Int32]](repeating: [], count: 21)
      for query in stride(from: 1, to: 19, by: 2) {
        excluded[query] = (0..<Int32(count)).filter { ($0 &* 31 &+ Int32(query)) % 5 == 0 }
      }
      excluded[2] = (0..<Int32(count)).map { $0 }
      excluded[4] = (0..<Int32(count)).filter { $0 != 700 && $0 != 3 }
      excluded[6] = [5, 5, -1, Int32(count), 9]
      guard let rows = QuantizedRows(items, rows: 7..<count + 7, precision: .words) else {
        Issue.record("the rows of \(catalogue) can be rounded")
        continue
      }
      let (found, _) = rows.best(forEach: queries, k: k, excluding: excluded)
      #expect(found[19] == nil && found[20] == nil, "neither zero nor NaN has a direction")
      if catalogue == .normal || catalogue == .whole { #expect(found[..<19].allSatisfy { $0 != nil }) }
      for query in 0..<19 {
        guard let results = found[query] else { continue }
        let scores = (0..<count).map { kernels.dot(queries.row(query), items.row($0 + 7), width) }
        #expect(results.elementsEqual(best(scores, k, Set(excluded[query]))), "\(catalogue) \(width), query \(query)")
      }
    }
  }

  /// Later blocks guess from earlier ones what their queries will reach.
  ///
  /// Here the first queries point at items and reach much more than the others: one in `share` of those guesses wrongly and
  /// is scanned again, few or so many that guessing ends.
  @Test(arguments: [2, 5, 40]) func aWrongGuessChangesNothing(_ share: Int) {
    let items = Catalogue.normal.matrix(4000, 24, 1)
    let queries = Catalogue.normal.matrix(300, 24, 2)
    for query in 0..<300 where query < 48 || query % share != 0 {
      for column in 0..<24 { queries[query, column] = items[query * 13, column] * Float(1 + query % 5) }
    }
    let excluded: (Int32) -> ArraySlice<Int32> = { row in
      // One query has nothing left, another less than it asks for.
      row == 70 ? ArraySlice(0..<4000) : row == 71 ? ArraySlice(7..<4000) : [3, row * 13]
    }
    let found = batchTopK(
      queries: queries, queryRows: (0..<300).map { Int32($0) }, items: items, k: 25, excluded: excluded)
    for query in 0..<300 {
      let alone = batchTopK(queries: queries, queryRows: [Int32(query)], items: items, k: 25, excluded: excluded)
      #expect(found[query] == alone[0], "query \(query)")
    }
    #expect(found[70].isEmpty && found[71].count == 7)
  }

  /// Items of which thousands reach what earlier queries reached: more than there is room for.
  @Test func moreThanThereIsRoomForChangesNothing() {
    // One thread: the last block has a guess.
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = 1
    let items = Catalogue.normal.matrix(6000, 16, 1)
    for row in 0..<3000 { for column in 0..<16 { items[row, column] = column == 3 ? 9 : items[row, column] * 1e-3 } }
    let queries = Catalogue.normal.matrix(120, 16, 2)
    for query in 60..<120 { for column in 0..<16 { queries[query, column] = column == 3 ? Float(query) : 0 } }
    let found = batchTopK(queries: queries, queryRows: (0..<120).map { Int32($0) }, items: items, k: 10)
    for query in 0..<120 {
      let alone = batchTopK(queries: queries, queryRows: [Int32(query)], items: items, k: 10)
      #expect(found[query] == alone[0], "query \(query)")
    }
  }

  @Test(arguments: supportedLevels) func keysHaveTheirPlaces(_ level: SIMDLevel) {
    var stream = RandomStream(seed: 3, purpose: .test)
    for count in [1, 7, 8, 9, 40, 96] {
      let room = (count + 7) & ~7
      let keys = (0..<room).map { _ in UInt64(stream.below(1 << 20)) << 44 | UInt64(stream.below(1 << 30)) }
      var ranks = [Int64](repeating: -1, count: room)
      KernelTable.table(level).rankKeys(keys, count, &ranks)
      let sorted = keys[0..<count].sorted(by: >)
      for place in 0..<count { #expect(sorted[Int(ranks[place])] == keys[place], "\(count) \(place)") }
    }
  }
}

@Suite struct IntegerKernelTests {
  @Test(arguments: supportedLevels) func scansFindWhatQualifies(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for count in stride(from: 0, through: 160, by: 32) {
      var stream = RandomStream(seed: 2, purpose: .test, epoch: count)
      let shorts = (0..<count).map { _ in Int16(truncatingIfNeeded: Int(stream.below(65_536))) }
      let integers = (0..<count).map { _ in Int32(stream.below(2_000_000)) - 1_000_000 }
      var found = [Int32](repeating: 0, count: count + 1)
      for threshold in [Int16.min, -20_000, 0, 31_000, .max] {
        let number = table.shortScan(shorts, count, threshold, &found)
        #expect(Array(found[0..<number]) == shorts.indices.filter { shorts[$0] >= threshold }.map(Int32.init))
        let limit = Int32(threshold) * 30
        let other = table.integerScan(integers, count, limit, &found)
        #expect(Array(found[0..<other]) == integers.indices.filter { integers[$0] >= limit }.map(Int32.init))
      }
      for groups in [1, 3, 8] {
        var short = [Int16](repeating: 1, count: 128)
        var integer = [Int32](repeating: 1, count: 128)
        table.shortGroupMaxima(shorts, count, groups, &short)
        table.integerGroupMaxima(integers, count, groups, &integer)
        for set in 0..<16 * groups {
          let members = stride(from: set, to: count, by: 16 * groups)
          #expect(short[set] == members.map { shorts[$0] }.max() ?? .min)
          #expect(integer[set] == members.map { integers[$0] }.max() ?? .min)
        }
      }
    }
  }

  @Test(arguments: supportedLevels) func extentsAreThoseOfTheRows(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for width in kernelLengths {
      let values = Distribution.logNormal.values(3 * width)
      let buffer = GuardedFloats(capacity: max(1, 3 * width))
      var squares = [Float](repeating: -1, count: 3)
      var largest = [Float](repeating: -1, count: 3)
      table.rowExtents(3, width, buffer.place(values, .end), &squares, &largest)
      for row in 0..<3 {
        let numbers = values[row * width..<(row + 1) * width]
        let truth = numbers.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(Double(squares[row]) - truth) <= truth * 1e-6)
        #expect(largest[row] == numbers.map(\.magnitude).max() ?? 0)
      }
    }
  }

  /// Rounding, layout and product together: the sum of the rounded numbers' products, modulo the width of the sum.
  @Test(arguments: supportedLevels) func productsAreThoseOfTheRoundedNumbers(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for width in Array(1...40) + [64, 65] {
      let steps = (width + 1) / 2
      let x = Distribution.uniform.values(40 * width)
      let query = (0..<width).map { Int32($0 * 37 % 181) - 90 }
      for rows in [1, 5, 16, 31, 32] {
        let order = (0..<rows).map { Int32(($0 * 7) % 40) }
        let rounded = order.map { row in
          (0..<width).map { (x[Int(row) * width + $0] * 120).rounded(.toNearestOrEven) }
        }
        let sums = rounded.map { zip($0, query).reduce(0) { $0 + Int($1.0) * Int($1.1) } }
        let buffer = GuardedFloats(capacity: 40 * width)
        let source = buffer.place(x, .end)
        var squares = [Float](repeating: 0, count: 32)
        var bytes = [Int16](repeating: 99, count: 32 * steps)
        table.quantizeBytePanel(rows, width, source, order, 120, &bytes, &squares)
        for row in 0..<rows {
          let truth = (0..<width).reduce(0.0) { total, column in
            let value = Double(x[Int(order[row]) * width + column] * 120)
            return total + (value - value.rounded(.toNearestOrEven)) * (value - value.rounded(.toNearestOrEven))
          }
          #expect(abs(Double(squares[row]) - truth) < 1e-4 * (1 + truth))
        }
        func twice(_ value: Int32) -> Int32 {
          Int32(truncatingIfNeeded: (UInt32(bitPattern: value) & 0xFFFF) &* 0x10001)
        }
        var factors: [Int32] = [0]
        var start: Int32 = 0
        for step in 0..<steps {
          let lower = query[2 * step]
          let upper = 2 * step + 1 < width ? query[2 * step + 1] : 0
          start -= 128 * (lower + upper)
          factors += [twice(lower), twice(upper - 256 * lower)]
        }
        factors[0] = twice(start)
        var out = [Int16](repeating: 0, count: 32)
        table.byteProduct(1, steps, bytes, factors, &out)
        for row in 0..<32 {
          #expect(out[row] == (row < rows ? Int16(truncatingIfNeeded: sums[row]) : 0), "\(width) \(rows) \(row)")
        }
        guard level != .baseline else { continue }
        // Queries of a tile are coarser: two products with 64 fit sixteen bits, two with 65 may not.
        let coarse = query.map { max(-64, min(64, $0)) }
        let coarseSums = rounded.map { zip($0, coarse).reduce(0) { $0 + Int($1.0) * Int($1.1) } }
        var tileFactors: [Int32] = []
        for row in 0...steps {
          let first = row == 0 ? 0 : coarse[2 * row - 2]
          let second = row == 0 || 2 * row - 1 >= width ? 0 : coarse[2 * row - 1]
          let factor = row == 0 ? twice(-128 * coarse.reduce(0, +)) : twice(first & 0xFF | second << 8)
          tileFactors += [factor, 0, factor, factor, 0, factor]
        }
        var tile = [Int16](repeating: 7, count: 6 * 32)
        table.byteTileProduct(1, Int64(steps), bytes, tileFactors, &tile, 32)
        for row in 0..<32 {
          let sum = row < rows ? Int16(truncatingIfNeeded: coarseSums[row]) : 0
          #expect((0..<6).map { tile[32 * $0 + row] } == [sum, 0, sum, sum, 0, sum], "\(width) \(rows) \(row)")
        }
        var quads = [Int32](repeating: 99, count: 32 * ((width + 3) / 4))
        table.quantizeQuadPanel(rows, width, source, order, 120, &quads, &squares)
        if let product = table.quadTileProduct {
          var quadFactors: [Int32] = []
          for step in -1..<(width + 3) / 4 {
            let columns = step < 0 ? [] : Array(query[4 * step..<min(width, 4 * step + 4)])
            let factor =
              step < 0
              ? -128 * query.reduce(0, +)
              : columns.enumerated().reduce(0) { $0 | ($1.element & 0xFF) << Int32(8 * $1.offset) }
            quadFactors += [factor, 0, factor, factor, 0, factor]
          }
          product(1, Int64((width + 3) / 4), quads, quadFactors, &tile, 32)
          for row in 0..<32 {
            let eighth = row < rows ? Int16(Int(sums[row]) >> 3) : 0
            #expect(
              (0..<6).map { tile[32 * $0 + row] } == [eighth, 0, eighth, eighth, 0, eighth], "\(width) \(rows) \(row)")
          }
        }
        guard rows <= 16 else { continue }
        var words = [Int32](repeating: 99, count: 16 * steps)
        table.quantizeWordPanel(rows, width, source, order, 120, &words, &squares)
        let pairs = (0..<steps).flatMap { step -> [Int32] in
          let upper = 2 * step + 1 < width ? query[2 * step + 1] : 0
          let pair = query[2 * step] & 0xFFFF | upper << 16
          return [pair, 0, pair, pair, 0, pair]
        }
        var results = [Int32](repeating: 7, count: 6 * 16)
        table.wordTileProduct(1, Int64(steps), words, pairs, &results, 16)
        for row in 0..<16 {
          let sum = row < rows ? Int32(sums[row]) : 0
          #expect((0..<6).map { results[16 * $0 + row] } == [sum, 0, sum, sum, 0, sum], "\(width) \(rows) \(row)")
        }
      }
    }
  }
}
