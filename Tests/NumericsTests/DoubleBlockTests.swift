// The product in Double against sums in a fixed order, and that it touches nothing beyond its operands.

import Numerics
import Testing

@Suite struct DoubleBlockTests {
  @Test(arguments: supportedLevels) func equalsTheSumsInOrderAndStaysInItsMemory(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let (left, right, result) = (Doubles(capacity: 400), Doubles(capacity: 400), Doubles(capacity: 400))
    var worst = Worst()
    for m in [1, 5, 6, 7, 13] {
      for n in [1, 7, 8, 9, 17] {
        for k in [0, 1, 3, 19] {
          for transposed in [false, true] {
            let a = left.place(m * k, salt: 1)
            let b = right.place(k * n, salt: 2)
            let c = result.place(m * n, salt: 3)
            let start = (0..<m * n).map { c[$0] }
            table.doubleBlock(m, n, k, a, transposed ? 1 : k, transposed ? m : 1, b, c, -1.5)
            for row in 0..<m {
              for column in 0..<n {
                var sum = 0.0
                var magnitude = start[row * n + column].magnitude
                for step in 0..<k {
                  let term = a[transposed ? step * m + row : row * k + step] * b[step * n + column]
                  sum += term
                  magnitude += 1.5 * term.magnitude
                }
                let difference = (c[row * n + column] - (start[row * n + column] - 1.5 * sum)).magnitude
                worst.note(difference / (Double(k + 3) * 0x1p-52 * magnitude), "\(m) \(n) \(k) \(transposed)")
              }
            }
          }
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  /// Doubles that end at an unreadable page.
  private struct Doubles {
    private let memory: GuardedFloats
    init(capacity: Int) { memory = GuardedFloats(capacity: 2 * capacity) }

    func place(_ count: Int, salt: Int) -> UnsafeMutablePointer<Double> {
      let target = UnsafeMutableRawPointer(memory.row(2 * count, .end)).assumingMemoryBound(to: Double.self)
      let values = Distribution.uniform.values(count, salt: salt)
      // Digits that Float does not have.
      for (index, value) in values.enumerated() { target[index] = Double(value) / 3 }
      return target
    }
  }
}
