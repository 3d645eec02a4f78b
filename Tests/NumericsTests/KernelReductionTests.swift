// Kernels that turn rows into one number, against Double references.

import Glibc
import Numerics
import Testing

@Suite struct KernelReductionTests {
  @Test(arguments: supportedLevels) func dotStaysInsideItsErrorBound(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let left = GuardedFloats(capacity: 130)
    let right = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      let a = distribution.values(count)
      let b = distribution.values(count, salt: 1)
      let result = table.dot(left.place(a, placement), right.place(b, placement), count)
      let exact = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      let magnitude = zip(a, b).reduce(0.0) { $0 + (Double($1.0) * Double($1.1)).magnitude }
      let bound = gamma(count / 64 + 12) * magnitude
      worst.note(
        bound == 0 ? Double(result - 0).magnitude : (Double(result) - exact).magnitude / bound,
        "\(count) \(placement) \(distribution)")
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func dotRowsHasTheBitsOfDot(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for (count, rows) in [(1, 3), (16, 1), (63, 5), (64, 4), (130, 7), (448, 2), (5, 0)] {
      let a = Distribution.uniform.values(count)
      let b = Distribution.logNormal.values(count * rows)
      var out = [Float](repeating: .nan, count: rows + 1)
      table.dotRows(a, b, count, rows, &out)
      for row in 0..<rows {
        let expected = b.withUnsafeBufferPointer { table.dot(a, $0.baseAddress! + row * count, count) }
        #expect(out[row].bitPattern == expected.bitPattern)
      }
      #expect(out[rows].isNaN)
    }
  }

  @Test(arguments: supportedLevels) func dotGridHasTheBitsOfDot(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let left = GuardedFloats(capacity: 5 * 448)
    let right = GuardedFloats(capacity: 7 * 448)
    for count in [1, 15, 16, 17, 63, 64, 65, 80, 96, 127, 130, 448] {
      for (vectors, rows) in [(1, 3), (2, 3), (2, 2), (5, 7), (3, 4), (2, 0), (0, 3)] {
        let a = left.place(Distribution.uniform.values(vectors * count), .end)
        let b = right.place(Distribution.logNormal.values(rows * count, salt: 1), .end)
        let stride = rows + 2
        var out = [Float](repeating: .nan, count: vectors * stride + 1)
        table.dotGrid(a, b, count, vectors, rows, &out, stride)
        for vector in 0..<vectors {
          for row in 0..<rows {
            let expected = table.dot(a + vector * count, b + row * count, count)
            #expect(out[vector * stride + row].bitPattern == expected.bitPattern, "\(count) \(vector) \(row)")
          }
          #expect(out[vector * stride + rows].isNaN && out[vector * stride + rows + 1].isNaN)
        }
      }
    }
  }

  @Test(arguments: supportedLevels) func squaredDistanceStaysInsideItsErrorBound(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let left = GuardedFloats(capacity: 130)
    let right = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      let a = distribution.values(count)
      let b = distribution.values(count, salt: 1)
      let result = table.squaredDistance(left.place(a, placement), right.place(b, placement), count)
      let exact = zip(a, b).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
      let bound = gamma(count / 32 + 14) * exact
      worst.note(
        bound == 0 ? Double(result).magnitude : (Double(result) - exact).magnitude / bound,
        "\(count) \(placement) \(distribution)")
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func sumsStayInsideTheirErrorBounds(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffer = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      let x = distribution.values(count)
      let pointer = buffer.place(x, placement)
      let exact = x.reduce(0.0) { $0 + Double($1) }
      let magnitude = x.reduce(0.0) { $0 + Double($1.magnitude) }
      let exactSquares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      let sum = table.sum(pointer, count)
      let squares = table.sumOfSquares(pointer, count)
      worst.note(
        (sum - exact).magnitude / max(gamma(22) * magnitude, 1e-300), "sum \(count) \(placement) \(distribution)")
      worst.note(
        (squares - exactSquares).magnitude / max(gamma(23) * exactSquares, 1e-300),
        "squares \(count) \(placement) \(distribution)")
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels, [1023, 1024, 1025, 5000, 1_000_003])
  func longSumsDoNotLoseAccuracyWithLength(_ level: SIMDLevel, _ count: Int) {
    let table = KernelTable.table(level)
    let x = Distribution.uniform.values(count).map { $0.magnitude }
    let exact = x.reduce(0.0) { $0 + Double($1) }
    let exactSquares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
    x.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      #expect((table.sum(base, count) - exact).magnitude <= gamma(22) * exact)
      #expect((table.sumOfSquares(base, count) - exactSquares).magnitude <= gamma(23) * exactSquares)
    }
  }

  @Test(arguments: supportedLevels) func maximumIsExact(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffer = GuardedFloats(capacity: 130)
    forEveryRow { count, placement, distribution in
      let x = distribution.values(count)
      #expect(table.maximum(buffer.place(x, placement), count) == (x.max() ?? -.infinity))
    }
  }

  @Test(arguments: supportedLevels) func sumsOfExponentialsMatchDouble(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffer = GuardedFloats(capacity: 130)
    var worst = Worst()
    for count in kernelLengths where count > 0 {
      for placement in Placement.allCases {
        for scale in [Float(1), 30, 200] {
          let x = Distribution.uniform.values(count).map { $0 * scale }
          let pointer = buffer.place(x, placement)
          let shift = Double(x.max() ?? 0)
          let exact = x.reduce(0.0) { $0 + Glibc.exp(Double($1) - shift) }
          let sum = table.scaledExp(pointer, pointer, count, 1, Float(-shift))
          worst.note((sum - exact).magnitude / (exact * 5e-6), "sum \(count) \(placement) \(scale)")
          let written = (0..<count).reduce(0.0) { $0 + Double(pointer[$1]) }
          worst.note((sum - written).magnitude / (written * 5e-6), "written \(count) \(placement) \(scale)")
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
    #expect(table.scaledExp(buffer.row(0, .end), buffer.row(0, .end), 0, 1, 0) == 0)
  }

  @Test(arguments: supportedLevels) func thresholdScanFindsExactlyTheQualifyingIndices(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffer = GuardedFloats(capacity: 130)
    var indices = [Int32](repeating: 0, count: 131)
    for count in kernelLengths {
      for placement in Placement.allCases {
        var x = Distribution.uniform.values(count)
        if count > 3 {
          x[count / 2] = .nan
          x[count - 1] = .infinity
          x[0] = 0.5
        }
        let pointer = buffer.place(x, placement)
        for threshold: Float in [-.infinity, -0.5, 0.5, .infinity] {
          indices[count] = -7
          let found = table.thresholdScan(pointer, count, threshold, &indices)
          #expect(Array(indices[0..<found]) == (0..<count).filter { x[$0] >= threshold }.map { Int32($0) })
          #expect(indices[count] == -7)
        }
      }
    }
  }
}
