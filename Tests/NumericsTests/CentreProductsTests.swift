// The nearest centre by products against the nearest centre by differences: the same label in every row.

import Glibc
import Numerics
import Testing

/// Rows and centres that are easy or hard to tell apart.
enum CentreExample: CaseIterable, Sendable {
  case uniform, logNormal, large, small, ties, between, collapsed, overflowing, notFinite

  /// `[n, width]` rows and `[k, width]` centres.
  func matrices(_ n: Int, _ k: Int, _ width: Int) -> (rows: Matrix, centres: Matrix) {
    func draw(_ distribution: Distribution) -> (rows: Matrix, centres: Matrix) {
      (
        Matrix(rows: n, columns: width, values: distribution.values(n * width)),
        Matrix(rows: k, columns: width, values: distribution.values(k * width, salt: 1))
      )
    }
    let (rows, centres) = draw(.uniform)
    switch self {
    case .uniform: break
    case .logNormal: return draw(.logNormal)
    case .large: return draw(.large)
    case .small: return draw(.small)
    case .ties:
      // Whole numbers in a small box: sums are exact and many distances equal.
      for index in 0..<rows.count { rows.pointer[index] = (2 * rows.pointer[index]).rounded() }
      for index in 0..<centres.count { centres.pointer[index] = (2 * centres.pointer[index]).rounded() }
    case .between:
      // Each row lies by two centres' middle, nearer to one by 1e-9 to 1e-4 of their distance.
      var stream = RandomStream(seed: 5, purpose: .test)
      for row in 0..<n {
        let first = stream.below(k)
        let second = stream.below(k)
        let share = 0.5 + Double(stream.uniform() - 0.5) * pow(10, Double(-4 - stream.below(6)))
        for column in 0..<width {
          let from = Double(centres[first, column])
          rows[row, column] = Float(from + share * (Double(centres[second, column]) - from))
        }
      }
    case .collapsed:
      // One direction and a little noise: the norms are a thousand times the distances.
      for index in 0..<rows.count { rows.pointer[index] = 1 + 1e-3 * rows.pointer[index] }
      for index in 0..<centres.count { centres.pointer[index] = 1 + 1e-3 * centres.pointer[index] }
    case .overflowing:
      for index in 0..<rows.count { rows.pointer[index] *= 3e19 }
      for index in 0..<centres.count { centres.pointer[index] *= 3e19 }
    case .notFinite:
      for row in stride(from: 3, to: n, by: 20) { rows[row, row % width] = row % 3 == 0 || n < 600 ? .nan : .infinity }
      if k > 2 && k % 2 == 0 { centres[2, 0] = .nan }
      if k > 7 && k % 2 == 0 { centres[7, width - 1] = -.infinity }
    }
    return (rows, centres)
  }
}

@Suite struct CentreProductsTests {
  @Test(arguments: supportedLevels, CentreExample.allCases) func labelsAreThoseOfDifferences(
    _ level: SIMDLevel, _ example: CentreExample
  ) {
    let table = KernelTable.table(level)
    var wrong = Worst()
    for n in [1, 15, 16, 17, 63, 64, 65, 130, 640] {
      for k in [1, 2, 3, 4, 5, 8, 12, 13, 15, 16, 17, 19, 64] {
        for width in [1, 7, 32, 33] {
          let (rows, centres) = example.matrices(n, k, width)
          let result = both(table, rows, centres)
          let differing = zip(result.products, result.differences).filter { $0 != $1 }.count
          wrong.note(Double(differing), "\(n) x \(width), \(k) centres")
        }
      }
    }
    #expect(wrong.value == 0, "\(wrong.place)")
  }

  /// Otherwise the test above would compare differences with themselves.
  @Test(arguments: supportedLevels) func productsDecideAlmostEverywhere(_ level: SIMDLevel) {
    let (rows, centres) = CentreExample.uniform.matrices(4096, 64, 32)
    let result = both(KernelTable.table(level), rows, centres)
    #expect(result.products == result.differences)
    #expect(result.repeated < 4096 / 10)
  }

  @Test(arguments: supportedLevels) func rowsThatProductsCannotTellApartGoByDifferences(_ level: SIMDLevel) {
    let (rows, centres) = CentreExample.collapsed.matrices(4096, 64, 32)
    let result = both(KernelTable.table(level), rows, centres)
    #expect(result.products == result.differences)
    // All that comes after the first panels: they are not done twice.
    #expect(result.repeated > 3500)
  }

  @Test(arguments: supportedLevels) func theLargestSquareIsThatOfTheLongestRow(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for n in [1, 16, 40] {
      for width in [1, 2, 7, 32] {
        let x = Matrix(rows: n, columns: width, values: Distribution.logNormal.values(n * width))
        if n == 40 { x[20, 0] = .nan }
        let packed = Packed(table, x)
        let squares = (0..<n).map { row in
          (0..<width).reduce(0.0) { $0 + Double(x[row, $1]) * Double(x[row, $1]) }
        }
        let exact = squares.filter { !$0.isNaN }.max() ?? 0
        let value = Double(table.largestPanelSquare((n + 15) / 16, width, packed.pointer))
        #expect((value - exact).magnitude <= gamma(width + 1) * exact)
      }
    }
  }

  @Test func lloydGivesTheLabelsOfDifferences() {
    for example in CentreExample.allCases {
      let (rows, centres) = example.matrices(1000, 12, 20)
      let result = KMeans.lloyd(x: rows, start: centres, iterations: 4)
      #expect(result.labels == KMeans.nearest(x: rows, centres: result.centres).labels, "\(example)")
    }
  }

  @Test func theMarginIsInfiniteWhereItProvesNothing() {
    let centres = Matrix(rows: 1, columns: 2, values: [1, 2])
    #expect(CentreProducts(centres: centres, largestRowSquare: 4).margin < 1e-4)
    #expect(CentreProducts(centres: centres, largestRowSquare: 0).margin > 0)
    #expect(CentreProducts(centres: centres, largestRowSquare: .infinity).margin == .infinity)
    #expect(CentreProducts(centres: centres, largestRowSquare: 1e37).margin == .infinity)
    for values: [Float] in [
      [1, .nan, 0, 0, 0, 0], [9, 9, .nan, 0, 1, 1], [9, 9, 1, 1, .nan, 0], [.infinity, 0, .nan, 0, 1, 1],
    ] {
      let broken = Matrix(rows: 3, columns: 2, values: values)
      #expect(CentreProducts(centres: broken, largestRowSquare: 4).margin == .infinity)
    }
    #expect(CentreProducts(centres: Matrix(rows: 1, columns: 1 << 23), largestRowSquare: 4).margin == .infinity)
  }
}

/// Rows packed in panels that end at an unreadable page.
private struct Packed {
  let memory: GuardedFloats
  let pointer: UnsafeMutablePointer<Float>

  init(_ table: KernelTable, _ x: Matrix) {
    let count = (x.rows + 15) / 16 * 16 * x.columns
    memory = GuardedFloats(capacity: count)
    pointer = memory.row(count, .end)
    table.packRight(x.columns, x.rows, x.pointer, x.columns, true, pointer)
  }
}

/// The labels by products and by differences, and how many rows the former left to differences.
private func both(
  _ table: KernelTable, _ rows: Matrix, _ centres: Matrix
) -> (products: [Int32], differences: [Int32], repeated: Int) {
  let packed = Packed(table, rows)
  let square = table.largestPanelSquare((rows.rows + 15) / 16, rows.columns, packed.pointer)
  let products = CentreProducts(centres: centres, largestRowSquare: square)
  let groups = GuardedFloats(capacity: products.groups.count)
  let guarded = groups.row(products.groups.count, .end)
  guarded.update(from: products.groups.pointer, count: products.groups.count)
  // One more label than rows, which must stay.
  var labels = [Int32](repeating: -7, count: rows.rows + 1)
  var others = labels
  var work = [Float](repeating: -1, count: rows.rows + 1)
  var distances = work
  labels.withUnsafeMutableBufferPointer { labels in
    guard let labels = labels.baseAddress else { return }
    table.nearestCentreByProducts(
      rows.rows, rows.columns, packed.pointer, guarded, centres.pointer, centres.rows, products.margin, rows.pointer,
      labels, &work)
  }
  others.withUnsafeMutableBufferPointer { others in
    guard let others = others.baseAddress else { return }
    table.nearestCentre(
      rows.rows, rows.columns, packed.pointer, centres.pointer, centres.rows, others, &distances)
  }
  // Distances are never negative: what is, was not written.
  return (labels, others, work.filter { !($0 < 0) }.count)
}
