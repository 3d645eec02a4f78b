// Controls keep what they say they keep and lose the rest.

import Autodiff
import Numerics
import Testing
import Training

@Suite struct TextControlTests {
  private static let users = 300
  private static let text: Matrix = {
    var stream = RandomStream(seed: 2, purpose: .test)
    let matrix = Matrix(rows: 800, columns: 12)
    for row in 0..<matrix.rows {
      for column in 0..<12 {
        matrix[row, column] = Float(stream.normal()) / Float(column + 1) + (column == 0 ? 1.5 : 0)
      }
    }
    return UnitRows(matrix).value
  }()

  private func sortedRows(_ x: Matrix, _ range: Range<Int>) -> [[Float]] {
    range.map { row in (0..<x.columns).map { x.row(row)[$0] } }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test func shufflingPermutesUsersAmongUsersAndItemsAmongItems() {
    let shuffled = TextControl.shuffled.apply(to: Self.text, users: Self.users, seed: 1)
    for range in [0..<Self.users, Self.users..<800] {
      #expect(sortedRows(shuffled, range) == sortedRows(Self.text, range))
    }
    let kept = (0..<800).count { row in (0..<12).allSatisfy { shuffled.row(row)[$0] == Self.text.row(row)[$0] } }
    #expect(kept < 10)
    #expect(TextControl.shuffled.apply(to: Self.text, users: Self.users, seed: 1).values == shuffled.values)
    #expect(TextControl.shuffled.apply(to: Self.text, users: Self.users, seed: 2).values != shuffled.values)
  }

  @Test func randomVectorsKeepMeanAndCovariance() {
    let random = TextControl.gaussian.apply(to: Self.text, users: Self.users, seed: 1)
    func moments(_ x: Matrix, _ range: Range<Int>) -> (mean: [Double], covariance: [[Double]]) {
      let count = Double(range.count)
      let mean = (0..<12).map { column in range.reduce(0.0) { $0 + Double(x.row($1)[column]) } / count }
      let covariance = (0..<12).map { a in
        (0..<12).map { b in
          range.reduce(0.0) { $0 + (Double(x.row($1)[a]) - mean[a]) * (Double(x.row($1)[b]) - mean[b]) } / count
        }
      }
      return (mean, covariance)
    }
    let range = Self.users..<800
    let (real, found) = (moments(Self.text, range), moments(random, range))
    for a in 0..<12 {
      #expect(abs(real.mean[a] - found.mean[a]) < 0.08)
      // Making the rows unit again moves the spread a little.
      #expect(abs(real.covariance[a][a].squareRoot() - found.covariance[a][a].squareRoot()) < 0.2)
    }
    #expect(sortedRows(random, range) != sortedRows(Self.text, range))
    #expect(random.rowNorms().allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(TextControl.none.apply(to: Self.text, users: Self.users, seed: 1).values == Self.text.values)
  }
}
