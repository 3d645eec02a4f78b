// What must hold for DaRec's terms without any paper: ranges, invariances, special cases.

import Alignments
import Autodiff
import Numerics
import TestSupport
import Testing

@Suite struct DaRecPropertyTests {
  private let x = randomParameter("x", rows: 90, columns: 8, seed: 1)
  private let y = randomParameter("y", rows: 90, columns: 8, seed: 2)

  @Test func orthogonalityIsZeroForOrthogonalAndOneForEqualPartsWhateverTheirLength() {
    let tape = Tape()
    let left = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 3])
    let right = Matrix(rows: 2, columns: 2, values: [0, 5, 2, 0])
    let orthogonal = tape.orthogonality(
      specific: tape.constant(left), shared: tape.constant(right), name: "o", weight: 1)
    #expect(orthogonal.value == 0)
    let scaled = x.value.copy()
    scaled.scale(by: 7)
    let equal = tape.orthogonality(
      specific: tape.constant(x.value), shared: tape.constant(scaled), name: "o", weight: 1)
    #expect(abs(equal.value - 1) < 1e-12)
  }

  @Test func uniformityIsZeroForEqualRowsAndMinusEightForTwoAntipodes() {
    let tape = Tape()
    let equal = Matrix(rows: 5, columns: 3, values: [Float](repeating: 0.4, count: 15))
    #expect(abs(tape.uniformity(tape.constant(equal), name: "u", weight: 1).value) < 1e-12)
    let antipodes = Matrix(rows: 2, columns: 2, values: [1, 0, -2, 0])
    #expect(abs(tape.uniformity(tape.constant(antipodes), name: "u", weight: 1).value + 8) < 1e-5)
  }

  @Test func uniformityOfOneRowOrNoneIsZero() {
    let tape = Tape()
    for rows in [0, 1] {
      #expect(tape.uniformity(tape.constant(Matrix(rows: rows, columns: 4)), name: "u", weight: 1).value == 0)
    }
    tape.backward()
  }

  @Test func globalStructureIgnoresRotationAndNodeOrder() {
    // A Householder reflection is orthogonal.
    let normal = UnitRows(randomParameter("n", rows: 1, columns: 8, seed: 3).value).value
    let rotation = Matrix(rows: 8, columns: 8)
    for row in 0..<8 {
      for column in 0..<8 { rotation[row, column] = (row == column ? 1 : 0) - 2 * normal[0, row] * normal[0, column] }
    }
    let rotated = product(x.value, rotation)
    let tape = Tape()
    func value(_ a: Matrix, _ b: Matrix) -> Double {
      tape.globalStructure(tape.constant(a), tape.constant(b), cosine: true, scale: .mean, name: "g", weight: 1).value
    }
    #expect(value(x.value, rotated) < 1e-12)
    let order = (0..<Int32(90)).map { ($0 * 37) % 90 }
    let straight = value(x.value, y.value)
    #expect(straight > 0.01)
    #expect(relativeError(value(x.value.gatherRows(order), y.value.gatherRows(order)), straight) < 1e-6)
  }

  @Test func globalStructureEqualsTheDenseDefinition() {
    let a = UnitRows(x.value).value
    let b = UnitRows(y.value).value
    var sum = 0.0
    for row in 0..<90 {
      for column in 0..<90 {
        var difference = 0.0
        for position in 0..<8 {
          difference += Double(a[row, position]) * Double(a[column, position])
          difference -= Double(b[row, position]) * Double(b[column, position])
        }
        sum += difference * difference
      }
    }
    let tape = Tape()
    let value = tape.globalStructure(
      tape.constant(x.value), tape.constant(y.value), cosine: true, scale: .mean, name: "g", weight: 1
    ).value
    #expect(relativeError(value, sum / 8100) < 1e-5)
  }

  @Test func localTermIsZeroForEqualOrthonormalCentresAndIgnoresLabels() {
    let centres: [Double] = [1, 0, 0, 0, 2, 0]
    #expect(LocalStructure(centres, centres, count: 2, width: 3, form: .identity).value < 1e-15)
    // Relabelling: matched pairs are reordered together.
    let left = (0..<12).map { Double(($0 * 7) % 5) + 0.3 }
    let right = (0..<12).map { Double(($0 * 3) % 7) - 0.6 }
    func reordered(_ values: [Double]) -> [Double] { Array(values[8..<12] + values[0..<4] + values[4..<8]) }
    for form in LocalLoss.allCases {
      let straight = LocalStructure(left, right, count: 3, width: 4, form: form).value
      let relabelled = LocalStructure(reordered(left), reordered(right), count: 3, width: 4, form: form).value
      #expect(relativeError(relabelled, straight) < 1e-12)
    }
  }

  @Test func matchingsAreOneToOneAndOptimalIsNeverWorse() {
    for seed in 0..<20 {
      let a = randomParameter("a", rows: 120, columns: 4, seed: UInt64(100 + seed))
      let b = randomParameter("b", rows: 120, columns: 4, seed: UInt64(200 + seed))
      var values: [CentreMatching: Double] = [:]
      for matching in [CentreMatching.greedy, .optimal, .coMembership, .random] {
        var start = CentreStart(
          collaborative: UnitRows(a.value).value.rows(0..<6), language: UnitRows(b.value).value.rows(0..<6))
        let tape = Tape()
        values[matching] =
          tape.localStructure(
            tape.variable(a), tape.variable(b), start: &start, iterations: 3, spherical: true, matching: matching,
            form: .distance, stream: RandomStream(seed: UInt64(seed), purpose: .matching), weight: 1
          ).value
      }
      let optimal = values[.optimal] ?? .infinity
      let greedy = values[.greedy] ?? 0
      // Distances, not their squares, are minimised; on squares the optimum may lose a little, never much.
      #expect(optimal <= greedy * 1.1 + 1e-9)
    }
  }
}
