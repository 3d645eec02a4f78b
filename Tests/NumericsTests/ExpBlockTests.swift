// Exponentials of a product, tile by tile, against the product and the exponentials on their own, and against Double.

import Glibc
import Numerics
import Testing

@Suite struct ExpBlockTests {
  private static let shapes: [(m: Int, n: Int, k: Int)] =
    [1, 5, 6, 7, 11, 12, 13, 18, 25].flatMap { m in
      [1, 8, 15, 16, 17, 31, 32, 33, 48, 71].flatMap { n in [1, 3, 8, 33].map { (m, n, $0) } }
    } + [(0, 5, 3), (5, 0, 3), (5, 5, 0), (13, 384, 8), (12, 1024, 3)]

  /// A packed product of random numbers.
  private struct Operands {
    let a: [Float]
    let b: [Float]
    var left: [Float]
    var right: [Float]

    init(_ shape: (m: Int, n: Int, k: Int), _ table: KernelTable) {
      a = Distribution.uniform.values(shape.m * shape.k, salt: shape.n)
      b = Distribution.uniform.values(shape.n * shape.k, salt: shape.m)
      left = [Float](repeating: .nan, count: (shape.m + 5) / 6 * 6 * shape.k)
      right = [Float](repeating: .nan, count: (shape.n + 15) / 16 * 16 * shape.k)
      table.packLeft(shape.m, shape.k, a, shape.k, false, &left)
      table.packRight(shape.k, shape.n, b, shape.k, true, &right)
    }
  }

  /// Everything it reads or writes ends at an unreadable page.
  @Test(arguments: supportedLevels) func hasTheBitsOfProductAndExponentials(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let memory = GuardedFloats(capacity: table.expBlockWork(25))
    let leftMemory = GuardedFloats(capacity: 30 * 33)
    let rightMemory = GuardedFloats(capacity: 384 * 8)
    let result = GuardedFloats(capacity: 13 * 1027)
    for shape in Self.shapes {
      let operands = Operands(shape, table)
      let stride = shape.n + 3
      var plain = [Float](repeating: 0, count: shape.m * stride)
      table.gemmBlock(
        shape.m, shape.n, shape.k, operands.left, operands.right, 16 * shape.k, &plain, stride, 1, false)
      var plainSums: [Double] = []
      plain.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        for row in 0..<shape.m {
          let line = base + row * stride
          plainSums.append(table.scaledExp(line, line, shape.n, 3, -2))
        }
      }
      let left = leftMemory.place(operands.left, .end)
      let right = rightMemory.place(operands.right, .end)
      let work = memory.row(table.expBlockWork(shape.m), .end)
      var sums = [Double](repeating: .nan, count: shape.m + 1)
      // The last row ends where the memory ends: its three floats of distance do not exist.
      let floats = max(0, shape.m * stride - 3)
      let target = result.place([Float](repeating: -7, count: floats), .end)
      table.expBlock(
        shape.m, shape.n, shape.k, left, right, 16 * shape.k, 3, -2, work, &sums, target, stride)
      #expect(sums[..<shape.m].elementsEqual(plainSums) && sums[shape.m].isNaN, "\(shape)")
      var differing = 0
      for index in 0..<floats {
        let expected = index % stride < shape.n ? plain[index] : -7
        if target[index] != expected { differing += 1 }
      }
      #expect(differing == 0, "\(shape)")
      var sumsOnly = [Double](repeating: .nan, count: shape.m)
      table.expBlock(shape.m, shape.n, shape.k, left, right, 16 * shape.k, 3, -2, work, &sumsOnly, nil, 0)
      #expect(sumsOnly.elementsEqual(plainSums), "\(shape)")
    }
  }

  @Test(arguments: supportedLevels) func staysInsideItsErrorBound(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    var worst = Worst()
    for shape in Self.shapes {
      let operands = Operands(shape, table)
      var work = [Float](repeating: 0, count: table.expBlockWork(shape.m))
      var sums = [Double](repeating: 0, count: shape.m)
      var values = [Float](repeating: 0, count: shape.m * shape.n)
      table.expBlock(
        shape.m, shape.n, shape.k, operands.left, operands.right, 16 * shape.k, 3, -2, &work, &sums, &values, shape.n)
      for row in 0..<shape.m {
        var total = 0.0
        for column in 0..<shape.n {
          var inner = 0.0
          var magnitude = 0.0
          for step in 0..<shape.k {
            let term = Double(operands.a[row * shape.k + step]) * Double(operands.b[column * shape.k + step])
            inner += term
            magnitude += term.magnitude
          }
          let exact = Glibc.exp(3 * inner - 2)
          total += exact
          // The rounding of the product and of the exponent, then of the exponential itself.
          let bound = 3 * gamma(shape.k + 2) * (magnitude + 2) + 2 * 1.25e-7
          worst.note(
            (Double(values[row * shape.n + column]) - exact).magnitude / (exact * bound), "\(shape) \(row) \(column)")
        }
        // Without columns both are zero.
        worst.note((sums[row] - total).magnitude / (total * 1e-5 + 1e-300), "sum \(shape) \(row)")
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func keepsWhatIsNotANumberInItsRow(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let shape = (m: 25, n: 71, k: 8)
    var operands = Operands(shape, table)
    // Row 8 is the third of the second panel; step 2 of it.
    operands.left[6 * 8 + 2 * 6 + 2] = .nan
    var work = [Float](repeating: 0, count: table.expBlockWork(shape.m))
    var sums = [Double](repeating: 0, count: shape.m)
    table.expBlock(
      shape.m, shape.n, shape.k, operands.left, operands.right, 16 * shape.k, 3, -2, &work, &sums, nil, 0)
    #expect(sums.indices.filter { sums[$0].isNaN } == [8])
  }
}
