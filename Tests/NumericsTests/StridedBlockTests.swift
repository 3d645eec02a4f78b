// The product with an unpacked left operand against Double, and that it touches no float beyond its operands.

import Numerics
import Testing

@Suite struct StridedBlockTests {
  @Test(arguments: supportedLevels) func staysInsideItsErrorBoundAndItsMemory(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let left = GuardedFloats(capacity: 48 * 40)
    let result = GuardedFloats(capacity: 48 * 40)
    var worst = Worst()
    for m in [1, 2, 5, 6, 7, 13, 48] {
      for n in [1, 8, 15, 16, 17, 33] {
        for k in [1, 3, 8, 19] {
          for transposed in [false, true] {
            for accumulate in [false, true] {
              let a = Distribution.uniform.values(m * k, salt: n)
              let b = Distribution.uniform.values(k * n, salt: m)
              let start = Distribution.uniform.values(m * n, salt: k)
              let panels = (n + 15) / 16
              var packed = [Float](repeating: .nan, count: panels * 16 * k)
              b.withUnsafeBufferPointer { b in
                packed.withUnsafeMutableBufferPointer { packed in
                  guard let source = b.baseAddress, let target = packed.baseAddress else { return }
                  table.packRight(k, n, source, n, false, target)
                }
              }
              // The operand ends at an unreadable page; so does the result.
              let operand = left.place(a, .end)
              let target = result.place(start, .end)
              packed.withUnsafeBufferPointer { packed in
                guard let right = packed.baseAddress else { return }
                table.stridedBlock(
                  m, n, k, operand, transposed ? 1 : k, transposed ? m : 1, right, target, n, accumulate)
              }
              for row in 0..<m {
                for column in 0..<n {
                  var exact = accumulate ? Double(start[row * n + column]) : 0
                  var magnitude = exact.magnitude
                  for step in 0..<k {
                    let term = Double(a[transposed ? step * m + row : row * k + step]) * Double(b[step * n + column])
                    exact += term
                    magnitude += term.magnitude
                  }
                  worst.note(
                    (Double(target[row * n + column]) - exact).magnitude / (gamma(k + 2) * magnitude),
                    "\(m) \(n) \(k) \(transposed) \(accumulate)")
                }
              }
            }
          }
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }
}
