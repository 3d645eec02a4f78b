// Sparse rows times dense, against a Double reference.

import Numerics
import Testing

@Suite(.serialized) struct SparseProductTests {
  /// A matrix with rows of 0 to 40 entries and values in [-1, 1).
  private func sparse(rows: Int, columns: Int) -> CSRMatrix {
    var stream = RandomStream(seed: 5, purpose: .test, epoch: rows)
    var entries: [(row: Int32, column: Int32)] = []
    for row in 0..<rows where row % 5 != 3 {
      for _ in 0..<stream.below(40) { entries.append((Int32(row), Int32(stream.below(columns)))) }
    }
    let pattern = CSRMatrix(rows: rows, columns: columns, entries: entries)
    let values = Distribution.uniform.values(pattern.entryCount, salt: 9)
    return CSRMatrix(
      rows: rows, columns: columns, rowStarts: pattern.rowStarts, columnIndices: pattern.columnIndices, values: values)
  }

  @Test(arguments: supportedLevels, [1, 5, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 100, 130])
  func kernelMatchesDouble(_ level: SIMDLevel, _ width: Int) {
    let table = KernelTable.table(level)
    let a = sparse(rows: 37, columns: 29)
    let x = Matrix(rows: 29, columns: width, values: Distribution.uniform.values(29 * width))
    let source = GuardedFloats(capacity: x.count)
    let dense = source.place(x.values, .end)
    let target = GuardedFloats(capacity: 37 * width)
    for accumulate in [false, true] {
      let out = target.place([Float](repeating: 0.25, count: 37 * width), .end)
      table.sparseRows(
        a.rowStarts, 0, a.rows, a.columnIndices, a.values, dense, width, out, 1.5,
        accumulate ? UnsafePointer(out) : nil)
      var worst = Worst()
      for row in 0..<37 {
        for column in 0..<width {
          var exact = accumulate ? 0.25 : 0
          var scale = exact
          for entry in a.rowStarts[row]..<a.rowStarts[row + 1] {
            let term = 1.5 * Double(a.values[entry]) * Double(x[Int(a.columnIndices[entry]), column])
            exact += term
            scale += term.magnitude
          }
          let error = (Double(out[row * width + column]) - exact).magnitude
          worst.note(error / max(gamma(a.degree(row) + 3) * scale, 1e-30), "row \(row) column \(column)")
        }
      }
      #expect(worst.value <= 1, "\(worst.place) accumulate \(accumulate)")
    }
  }

  /// LightGCN's propagation on the golden graph, sum over l of A^l x, with and without dropped entries.
  @Test(arguments: ["lightgcn_propagate", "lightgcn_propagate_dropped"])
  func goldenPropagationIsReproduced(_ name: String) throws {
    let users = 24
    let row = try GoldenArray("\(name).row").integers
    let column = try GoldenArray("\(name).col").integers
    let x = try GoldenArray("\(name).x").matrix
    let expected = try GoldenArray("\(name).out.f64").values
    let edges = zip(row, column).flatMap { [($0, $1 + Int32(users)), ($1 + Int32(users), $0)] }
    let pattern = CSRMatrix(rows: x.rows, columns: x.rows, entries: edges.map { (row: $0.0, column: $0.1) })
    let values = (0..<x.rows).flatMap { node in
      pattern.row(node).map { Float(1 / Double(pattern.degree(node) * pattern.degree(Int($0))).squareRoot()) }
    }
    let graph = CSRMatrix(
      rows: x.rows, columns: x.rows, rowStarts: pattern.rowStarts, columnIndices: pattern.columnIndices,
      values: values)
    let dropped = name.hasSuffix("dropped")
    let keep = dropped ? try GoldenArray("\(name).mask").integers.map { UInt8($0) } : values.map { _ in 1 }
    let kept = keep.withUnsafeBufferPointer { $0.baseAddress.map { KeptEntries(graph, where: $0) } }
    guard let kept else { return }
    var layer = x
    let sum = x.copy()
    for _ in 0..<(dropped ? 2 : 3) {
      let next = Matrix(rows: x.rows, columns: x.columns)
      sparseTimesDense(graph, kept, layer, into: next)
      sum.add(next)
      layer = next
    }
    for (value, exact) in zip(sum.values, expected) {
      #expect((Double(value) - exact).magnitude <= 1e-6 * max(1, exact.magnitude))
    }
  }

  @Test(arguments: [0, 1, 700, 5000]) func bitsDoNotDependOnTheThreadCount(_ rows: Int) {
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let a = sparse(rows: rows, columns: 50)
    let x = Matrix(rows: 50, columns: 32, values: Distribution.uniform.values(1600))
    var reference: [Float] = []
    for count in [1, 2, 3, 8] {
      Parallelism.threadCount = count
      let out = Matrix(rows: rows, columns: 32)
      sparseTimesDense(a, x, into: out)
      if count == 1 { reference = out.values }
      #expect(out.values == reference)
    }
  }

  @Test func bordersCoverAllRowsInOrder() {
    let a = sparse(rows: 5000, columns: 50)
    for size in [1, 100, 8192, 1 << 30] {
      let borders = CSRMatrix.balancedRowBorders(rowStarts: a.rowStarts, entriesPerBlock: size)
      #expect(borders.first == 0 && borders.last == 5000)
      #expect(zip(borders, borders.dropFirst()).allSatisfy { $0 < $1 })
    }
    #expect(CSRMatrix(rows: 0, columns: 3, entries: []).rowBorders == [0])
  }

  /// Entries packed together give the bits of zeros in the places of the others.
  @Test(arguments: [1, 2, 8]) func keptEntriesAreThoseWithoutTheOthers(_ threads: Int) {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    for rows in [0, 1, 700, 5000] {
      let a = sparse(rows: rows, columns: 50)
      for width in [9, 32, 64] {
        let x = Matrix(rows: 50, columns: width, values: Distribution.uniform.values(50 * width))
        let base = Matrix(rows: rows, columns: width, values: Distribution.uniform.values(rows * width, salt: 1))
        for keep in [
          (0..<a.entryCount).map { UInt8($0 * 7 % 5 == 0 ? 0 : 1) }, [UInt8](repeating: 0, count: a.entryCount),
          [UInt8](repeating: 1, count: a.entryCount),
        ] {
          let zeros = zip(a.values, keep).map { $0 * Float($1) }
          let expected = Matrix.uninitialized(rows: rows, columns: width)
          sparseTimesDense(a, values: zeros, x, into: expected, startingFrom: base)
          let found = Matrix.uninitialized(rows: rows, columns: width)
          keep.withUnsafeBufferPointer { keep in
            guard let keep = keep.baseAddress else { return }
            sparseTimesDense(a, KeptEntries(a, where: keep), x, into: found, startingFrom: base)
            #expect(found.values == expected.values, "\(rows) rows, width \(width)")
            sparseTimesDense(a, values: zeros, x, into: expected)
            sparseTimesDense(a, KeptEntries(a, where: keep), x, into: found)
            #expect(found.values == expected.values, "\(rows) rows, width \(width), no base")
          }
        }
      }
    }
  }

  /// A + starting rows in one pass is the copy and the addition, to the bit.
  @Test func startingFromABase() {
    let a = CSRMatrix(
      rows: 300, columns: 50, entries: (0..<900).map { (row: Int32($0 * 7 % 300), column: Int32($0 * 11 % 50)) })
    let x = Matrix(rows: 50, columns: 9, values: Distribution.uniform.values(450, salt: 1))
    let base = Matrix(rows: 300, columns: 9, values: Distribution.uniform.values(2700, salt: 2))
    let copied = base.copy()
    sparseTimesDense(a, x, into: copied, accumulate: true)
    let direct = Matrix.uninitialized(rows: 300, columns: 9)
    sparseTimesDense(a, x, into: direct, startingFrom: base)
    #expect(direct.values == copied.values && direct.values != base.values)
    let empty = CSRMatrix(rows: 300, columns: 50, entries: [])
    sparseTimesDense(empty, x, into: direct, startingFrom: base)
    #expect(direct.values == base.values)
  }
}
