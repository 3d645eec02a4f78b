// Fits of how things grow, against laws that are known.

import Benchmarks
import Testing

@Suite struct PowerLawTests {
  @Test func aPowerIsFound() throws {
    let law = try #require(PowerLaw([1.0, 2, 4, 8].map { (x: $0, y: 3 * $0 * $0.squareRoot()) }))
    #expect(abs(law.exponent - 1.5) < 1e-12 && abs(law.factor - 3) < 1e-12)
    #expect(abs(law.value(at: 16) - 192) < 1e-9)
  }

  @Test func aLineIsFound() throws {
    let line = try #require(StraightLine([(x: 1, y: 5), (x: 2, y: 7), (x: 4, y: 11)]))
    #expect(abs(line.slope - 2) < 1e-12 && abs(line.intercept - 3) < 1e-12 && abs(line.value(at: 100) - 203) < 1e-9)
  }

  @Test func noiseIsShared() throws {
    // Normal equations by hand: means 2 and 3, sums of squares 2 and products 3.
    let line = try #require(StraightLine([(x: 1, y: 2), (x: 2, y: 2), (x: 3, y: 5)]))
    #expect(abs(line.slope - 1.5) < 1e-12 && abs(line.intercept) < 1e-12)
  }

  @Test func whatCannotBeFittedIsNot() {
    #expect(PowerLaw([]) == nil && PowerLaw([(x: 1, y: 1)]) == nil && PowerLaw([(x: 1, y: 1), (x: 1, y: 2)]) == nil)
    #expect(PowerLaw([(x: 1, y: 0), (x: 2, y: 1)]) == nil && PowerLaw([(x: 1, y: .nan), (x: 2, y: 1)]) == nil)
    #expect(StraightLine([(x: 3, y: 1)]) == nil)
  }
}
