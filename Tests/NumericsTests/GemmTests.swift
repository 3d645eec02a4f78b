// Dense products against a Double reference, at both levels through the blocks and at the selected one through `gemm`.

import Numerics
import Testing

@Suite(.serialized) struct GemmTests {
  /// A shape with its transposition flags.
  struct Shape: Sendable, CustomTestStringConvertible {
    var m: Int
    var n: Int
    var k: Int
    var testDescription: String { "\(m)x\(n)x\(k)" }
  }

  static let shapes: [Shape] =
    [
      (1, 1, 1), (1, 17, 3), (5, 15, 4), (6, 16, 8), (7, 17, 9), (12, 33, 31), (13, 1, 50), (1, 40, 385), (97, 50, 384),
      (100, 100, 769), (50, 130, 33), (32, 32, 2048), (33, 31, 4097), (3, 5, 40_000), (200, 7, 20), (6, 16, 0),
      (32, 784, 70), (25, 1000, 33), (8, 20_000, 3),
    ].map { Shape(m: $0.0, n: $0.1, k: $0.2) }

  private func filled(_ rows: Int, _ columns: Int, _ salt: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: Distribution.uniform.values(rows * columns, salt: salt))
  }

  @Test(arguments: shapes) func productMatchesDoubleInEveryTransposition(_ shape: Shape) {
    for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
      for (accumulate, alpha) in [(false, Float(1)), (true, 1), (false, -0.5), (true, 2.5)] {
        let a = transposeA ? filled(shape.k, shape.m, 1) : filled(shape.m, shape.k, 1)
        let b = transposeB ? filled(shape.n, shape.k, 2) : filled(shape.k, shape.n, 2)
        let c = filled(shape.m, shape.n, 3)
        let before = c.copy()
        gemm(a, transposeA: transposeA, b, transposeB: transposeB, into: c, accumulate: accumulate, alpha: alpha)
        var worst = Worst()
        for i in 0..<shape.m {
          for j in 0..<shape.n {
            var exact = 0.0
            var magnitude = 0.0
            for p in 0..<shape.k {
              let left = Double(transposeA ? a.pointer[p * shape.m + i] : a.pointer[i * shape.k + p])
              let right = Double(transposeB ? b.pointer[j * shape.k + p] : b.pointer[p * shape.n + j])
              exact += left * right
              magnitude += (left * right).magnitude
            }
            exact *= Double(alpha)
            magnitude *= Double(alpha.magnitude)
            if accumulate {
              exact += Double(before[i, j])
              magnitude += Double(before[i, j].magnitude)
            }
            let bound = gamma(min(shape.k, 2048) + 40) * magnitude
            worst.note((Double(c[i, j]) - exact).magnitude / max(bound, 1e-30), "\(i) \(j) \(transposeA) \(transposeB)")
          }
        }
        #expect(worst.value <= 1, "\(worst.place)")
      }
    }
  }

  @Test(arguments: shapes) func bitsDoNotDependOnTheThreadCount(_ shape: Shape) {
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let a = filled(shape.m, shape.k, 1)
    let b = filled(shape.n, shape.k, 2)
    var reference: [Float] = []
    for count in [1, 2, 3, 8] {
      Parallelism.threadCount = count
      let c = product(a, b, transposeB: true)
      if count == 1 { reference = c.values }
      #expect(c.values.elementsEqual(reference) { $0.bitPattern == $1.bitPattern })
    }
    let serial = Matrix(rows: shape.m, columns: shape.n)
    gemmSerial(
      m: shape.m, n: shape.n, k: shape.k, a: a.pointer, lda: shape.k, b: b.pointer, ldb: shape.k, transposeB: true,
      c: serial.pointer, ldc: shape.n)
    #expect(serial.values == reference)
  }

  @Test(arguments: shapes.filter { $0.k > 0 }) func everyElementIsInOneFinishedBlock(_ shape: Shape) {
    let a = filled(shape.m, shape.k, 1)
    let b = filled(shape.k, shape.n, 2)
    let c = Matrix(rows: shape.m, columns: shape.n)
    gemm(a, b, into: c) { block, rows, firstColumn, columns in
      for row in 0..<rows {
        for column in 0..<columns { block[row * shape.n + column] += Float(1000 + firstColumn + column) }
      }
    }
    let plain = product(a, b)
    for row in 0..<shape.m {
      for column in 0..<shape.n { #expect(c[row, column] == plain[row, column] + Float(1000 + column)) }
    }
  }

  @Test func leadingDimensionsSelectPartsOfMatrices() {
    let whole = filled(40, 50, 1)
    let other = filled(50, 60, 2)
    let target = Matrix(rows: 40, columns: 60)
    target.fill(7)
    // Rows 3 ..< 20, inner 4 ..< 30, columns 5 ..< 27.
    gemm(
      m: 17, n: 22, k: 26, a: whole.row(3) + 4, lda: 50, b: other.row(4) + 5, ldb: 60, c: target.row(3) + 5, ldc: 60)
    for i in 0..<40 {
      for j in 0..<60 {
        if (3..<20).contains(i) && (5..<27).contains(j) {
          let exact = (4..<30).reduce(0.0) { $0 + Double(whole[i, $1]) * Double(other[$1, j]) }
          #expect((Double(target[i, j]) - exact).magnitude < 1e-5)
        } else {
          #expect(target[i, j] == 7)
        }
      }
    }
  }

  /// Both levels, with operands that end at an unreadable page.
  @Test(arguments: supportedLevels) func packingReadsNothingPastTheOperands(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for (rows, depth) in [(1, 1), (5, 7), (6, 4), (7, 9), (16, 8), (17, 31), (35, 33)] {
      let values = Distribution.uniform.values(rows * depth)
      let buffer = GuardedFloats(capacity: rows * depth)
      let source = buffer.place(values, .end)
      let left = GuardedFloats(capacity: (rows + 5) / 6 * 6 * depth)
      let right = GuardedFloats(capacity: (rows + 15) / 16 * 16 * depth)
      for transposed in [false, true] {
        let stride = transposed ? rows : depth
        let packedLeft = left.row((rows + 5) / 6 * 6 * depth, .end)
        table.packLeft(rows, depth, source, stride, transposed, packedLeft)
        let packedRight = right.row((rows + 15) / 16 * 16 * depth, .end)
        table.packRight(depth, rows, source, stride, !transposed, packedRight)
        for row in 0..<(rows + 15) / 16 * 16 {
          for step in 0..<depth {
            let expected = row < rows ? values[transposed ? step * rows + row : row * depth + step] : 0
            if row < (rows + 5) / 6 * 6 { #expect(packedLeft[row / 6 * 6 * depth + 6 * step + row % 6] == expected) }
            #expect(packedRight[row / 16 * 16 * depth + 16 * step + row % 16] == expected)
          }
        }
      }
    }
  }

  /// A and the transpose of B in the panels of the tile kernels.
  private func packed(_ table: KernelTable, _ a: Matrix, _ b: Matrix) -> (Matrix, Matrix) {
    let left = Matrix(rows: (a.rows + 5) / 6 * 6, columns: a.columns)
    let right = Matrix(rows: (b.rows + 15) / 16 * 16, columns: b.columns)
    table.packLeft(a.rows, a.columns, a.pointer, a.columns, false, left.pointer)
    table.packRight(b.columns, b.rows, b.pointer, b.columns, true, right.pointer)
    return (left, right)
  }

  @Test(arguments: supportedLevels) func blocksHaveTheBitsOfFusedSumsInOrder(_ level: SIMDLevel) {
    // The baseline of x86-64 multiplies and adds in two roundings.
    guard level != .baseline else { return }
    let table = KernelTable.table(level)
    // The first holds twelve whole tiles of twelve rows and a rest, with steps left when all lines have been asked for.
    for (m, n, k) in [(150, 40, 448), (23, 80, 130), (12, 33, 41), (25, 64, 3)] {
      let a = filled(m, k, 1)
      let b = filled(n, k, 2)
      let (packedA, packedB) = packed(table, a, b)
      var sums = [Float](repeating: 0, count: m * n)
      for i in 0..<m {
        for j in 0..<n {
          for p in 0..<k { sums[i * n + j] = sums[i * n + j].addingProduct(a[i, p], b[j, p]) }
        }
      }
      for accumulate in [false, true] {
        let expected = sums.map { accumulate ? Float(1).addingProduct(-0.75, $0) : -0.75 * $0 }
        let block = Matrix(rows: m, columns: n, values: [Float](repeating: 1, count: m * n))
        table.gemmBlock(m, n, k, packedA.pointer, packedB.pointer, 16 * k, block.pointer, n, -0.75, accumulate)
        #expect(block.values.elementsEqual(expected) { $0.bitPattern == $1.bitPattern }, "\(m) \(n) \(k)")
        let strided = Matrix(rows: m, columns: n, values: [Float](repeating: 1, count: m * n))
        table.stridedBlock(m, n, k, a.pointer, k, 1, packedB.pointer, strided.pointer, n, accumulate)
        let plain = sums.map { accumulate ? 1 + $0 : $0 }
        #expect(strided.values.elementsEqual(plain) { $0.bitPattern == $1.bitPattern }, "\(m) \(n) \(k)")
      }
    }
  }

  @Test(arguments: supportedLevels) func blocksAreRightAtEveryEdge(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for m in [1, 5, 6, 7, 13, 26] {
      for n in [1, 15, 16, 17, 32, 40, 80] {
        for k in [0, 1, 3, 4, 5, 64, 130] {
          let a = filled(m, k, 1)
          let b = filled(n, k, 2)
          let (packedA, packedB) = packed(table, a, b)
          let buffer = GuardedFloats(capacity: m * n)
          let c = buffer.place([Float](repeating: 1, count: m * n), .end)
          table.gemmBlock(m, n, k, packedA.pointer, packedB.pointer, 16 * k, c, n, 2, true)
          var worst = Worst()
          for i in 0..<m {
            for j in 0..<n {
              let exact = 1 + 2 * (0..<k).reduce(0.0) { $0 + Double(a[i, $1]) * Double(b[j, $1]) }
              let scale = 1 + 2 * (0..<k).reduce(0.0) { $0 + (Double(a[i, $1]) * Double(b[j, $1])).magnitude }
              worst.note((Double(c[i * n + j]) - exact).magnitude / (gamma(k + 3) * scale), "\(i) \(j)")
            }
          }
          #expect(worst.value <= 1, "\(m) \(n) \(k): \(worst.place)")
        }
      }
    }
  }
}
