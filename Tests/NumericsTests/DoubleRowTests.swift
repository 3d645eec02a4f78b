// Kernels whose arithmetic is in Double, against plain loops.

import Numerics
import Testing

@Suite struct DoubleRowTests {
  @Test(arguments: supportedLevels) func dotInDoubleStaysInsideItsErrorBound(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let left = GuardedFloats(capacity: 130)
    let right = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      let a = distribution.values(count)
      let b = distribution.values(count, salt: 1)
      let result = table.dotInDouble(left.place(a, placement), right.place(b, placement), count)
      // Products of two floats are exact in Double.
      let products = zip(a, b).map { Double($0) * Double($1) }
      let bound = products.map(\.magnitude).reduce(0, +) * Double(count / 32 + 40) * 0x1p-53
      let error = compensatedSum(products + [-result]).magnitude
      worst.note(bound == 0 ? error : error / bound, "\(count) \(placement) \(distribution)")
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test func dotInDoubleHasTheSameBitsAtEveryLevel() {
    for count in [0, 1, 7, 8, 31, 32, 33, 72, 130, 1_536] {
      let a = Distribution.logNormal.values(count)
      let b = Distribution.uniform.values(count, salt: 2)
      let bits = supportedLevels.map { KernelTable.table($0).dotInDouble(a, b, count).bitPattern }
      #expect(Set(bits).count == 1, "\(count)")
    }
  }

  @Test(arguments: supportedLevels) func scaleInDoubleRoundsToDoubleThenToFloat(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffers = (0..<2).map { _ in GuardedFloats(capacity: 130) }
    forEveryRow { count, placement, distribution in
      let x = distribution.values(count)
      let factor = 1.000000123
      let source = buffers[0].place(x, placement)
      let target = buffers[1].place([Float](repeating: .nan, count: count), placement)
      let expected = x.map { Float(Double($0) * factor) }
      table.scaleInDouble(factor, source, target, count)
      #expect((0..<count).allSatisfy { target[$0].bitPattern == expected[$0].bitPattern }, "\(count)")
      table.scaleInDouble(factor, source, source, count)
      #expect((0..<count).allSatisfy { source[$0].bitPattern == expected[$0].bitPattern }, "\(count) in place")
    }
  }

  @Test(arguments: supportedLevels) func aQueryIsRoundedToTheNearestIntegers(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffer = GuardedFloats(capacity: 130)
    for count in kernelLengths {
      for (placement, largest) in zip(Placement.allCases, [127.0, 64, 32_766, 127, 2_000_000_000]) {
        let x = Distribution.uniform.values(count)
        let scale = Double(x.map(\.magnitude).max() ?? 1) / largest
        let room = (count + 7) / 8 * 8
        var integers = [Int32](repeating: -7, count: room + 1)
        let squares = table.roundQuery(buffer.place(x, placement), count, 1 / scale, scale, &integers)
        let expected = x.map { Int32((Double($0) * (1 / scale)).rounded(.toNearestOrEven)) }
        // A value half way between two integers by one rounding of the product may go either way by another.
        #expect(
          (0..<count).allSatisfy { integers[$0] == expected[$0] || isHalfWay(Double(x[$0]) / scale) }, "\(count)")
        #expect(integers[count..<room].allSatisfy { $0 == 0 } && integers[room] == -7)
        let exact = (0..<count).reduce(0.0) { sum, place in
          let error = Double(x[place]) - Double(integers[place]) * scale
          return sum + error * error
        }
        // What remains of numbers that nearly cancel carries the rounding of the product.
        let slack = 1e-9 * exact + Double(count) * (Double(x.map(\.magnitude).max() ?? 0) * 1e-15) * scale
        #expect((squares - exact).magnitude <= slack, "\(count) \(largest)")
      }
    }
  }

  /// Neumaier's sum: what each addition lost is added at the end.
  private func compensatedSum(_ values: [Double]) -> Double {
    var (sum, lost) = (0.0, 0.0)
    for value in values {
      let next = sum + value
      lost += sum.magnitude >= value.magnitude ? (sum - next) + value : (value - next) + sum
      sum = next
    }
    return sum + lost
  }

  private func isHalfWay(_ value: Double) -> Bool {
    ((value - value.rounded(.down)) - 0.5).magnitude < 1e-6
  }
}
