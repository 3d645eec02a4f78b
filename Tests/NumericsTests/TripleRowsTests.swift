// Kernels over (user, positive, negative) triples against the same sums row by row.

import Numerics
import Testing

@Suite struct TripleRowsTests {
  /// 40 triples of 6 users and 9 items, so that rows repeat and stand in the triples just behind.
  private let users = (0..<40).map { Int32($0 * 5 % 6) }
  private let positives = (0..<40).map { Int32($0 * 7 % 9) }
  private let negatives = (0..<40).map { (triple: Int) -> Int32 in
    let shift = 1 + triple % 3
    return Int32((7 * triple + shift) % 9)
  }

  @Test(arguments: supportedLevels) func productsHaveTheBitsOfDot(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for width in [1, 15, 16, 17, 32, 64, 100] {
      for count in [0, 1, 6, 40] {
        let buffer = GuardedFloats(capacity: 15 * width)
        let x = buffer.place(Distribution.uniform.values(15 * width), .end)
        var out = [Float](repeating: 7, count: 2 * count + 1)
        table.tripleProducts(count, users, positives, negatives, 6, x, width, &out)
        for triple in 0..<count {
          let user = x + Int(users[triple]) * width
          #expect(out[2 * triple] == table.dot(user, x + (6 + Int(positives[triple])) * width, width))
          #expect(out[2 * triple + 1] == table.dot(user, x + (6 + Int(negatives[triple])) * width, width))
        }
        #expect(out[2 * count] == 7)
      }
    }
  }

  @Test(arguments: supportedLevels) func gradientHasTheBitsOfOneRowAfterTheOther(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let factors = Distribution.uniform.values(40, salt: 3)
    for width in [1, 15, 16, 17, 32, 64, 100] {
      for (first, columns) in [(0, width), (width / 3, width - width / 3), (0, (width + 1) / 2)] {
        let buffer = GuardedFloats(capacity: 15 * width)
        let x = buffer.place(Distribution.uniform.values(15 * width), .end)
        let start = Distribution.uniform.values(15 * width, salt: 2)
        let gradient = Matrix(rows: 15, columns: width, values: start)
        let expected = Matrix(rows: 15, columns: width, values: start)
        table.tripleGradient(
          40, users, positives, negatives, 6, factors, x, width, gradient.pointer, first, columns)
        for triple in 0..<40 {
          let rows = [Int(users[triple]), 6 + Int(positives[triple]), 6 + Int(negatives[triple])]
          for (target, source, sign) in [(0, 2, 1), (0, 1, -1), (1, 0, -1), (2, 0, 1)] as [(Int, Int, Float)] {
            table.axpy(
              sign * factors[triple], x + (rows[source] * width + first), expected.row(rows[target]) + first, columns)
          }
        }
        #expect(gradient.values == expected.values, "\(width) \(first) \(columns)")
      }
    }
  }
}
