// The ridge probe and the measures of agreement on spaces whose relation is known.

import Evaluation
import Numerics
import Testing

@Suite struct RidgeProbeTests {
  private func normal(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, purpose: .test)
    return Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in Float(stream.normal()) })
  }

  private let degrees = (0..<400).map { Int32(1 + $0 % 50) }

  @Test func aLinearMapIsFoundWhole() throws {
    let text = normal(400, 20, seed: 1)
    let probe = try #require(RidgeProbe(text: text, vectors: product(text, normal(20, 8, seed: 2)), degrees: degrees))
    #expect(probe.determination > 0.999 && probe.neighbourOverlap > 0.95)
    #expect(try #require(probe.tailDetermination) > 0.999)
    #expect(probe.heldOutItems == 200 && (40...90).contains(probe.tailItems))
  }

  @Test func unrelatedVectorsAreNotPredicted() throws {
    let probe = try #require(
      RidgeProbe(text: normal(400, 20, seed: 1), vectors: normal(400, 8, seed: 3), degrees: degrees))
    #expect(probe.determination < 0.05)
    #expect((probe.neighbourOverlap - probe.chanceOverlap).magnitude < 0.03)
    #expect((probe.chanceOverlap - 10.0 / 199).magnitude < 1e-12)
  }

  @Test func halfOfTheVarianceIsHalfPredicted() throws {
    let text = normal(400, 12, seed: 1)
    let vectors = normal(400, 12, seed: 9)
    vectors.add(text)
    let probe = try #require(RidgeProbe(text: text, vectors: vectors, degrees: degrees))
    #expect((0.38...0.56).contains(probe.determination))
  }

  @Test func itemsWithoutInteractionsTakeNoPart() throws {
    let text = normal(400, 6, seed: 1)
    let vectors = product(text, normal(6, 4, seed: 2))
    var some = degrees
    for item in 0..<200 {
      some[item] = 0
      vectors[item, 0] = 1e6
    }
    let probe = try #require(RidgeProbe(text: text, vectors: vectors, degrees: some))
    #expect(probe.heldOutItems == 100 && probe.determination > 0.999)
    #expect(RidgeProbe(text: text, vectors: vectors, degrees: [Int32](repeating: 0, count: 400)) == nil)
  }

  @Test func constantSpacesDoNotDivideByZero() throws {
    let probe = try #require(
      RidgeProbe(
        text: Matrix(rows: 60, columns: 5), vectors: Matrix(rows: 60, columns: 3),
        degrees: [Int32](repeating: 2, count: 60)))
    #expect(probe.determination == 0 && probe.neighbourOverlap.isFinite)
    #expect(centredKernelAlignment(Matrix(rows: 9, columns: 2), normal(9, 2, seed: 1)) == nil)
  }

  @Test func agreementDoesNotChangeWithRotationAndScale() throws {
    let x = normal(300, 2, seed: 4)
    let rotated = product(x, Matrix(rows: 2, columns: 2, values: [0.6, -0.8, 0.8, 0.6]))
    rotated.scale(by: 7)
    #expect(try #require(centredKernelAlignment(x, rotated)) > 0.99999)
    let unrelated = try #require(centredKernelAlignment(x, normal(300, 2, seed: 5)))
    #expect(unrelated < 0.1)
    let rows = (0..<300).map { Int32($0) }
    #expect(NeighbourOverlap(x, rotated, rows: rows).mean > 0.97)
    #expect(NeighbourOverlap(x, x, rows: [3, 7]).shares == [1, 1])
    #expect(NeighbourOverlap(x, x, rows: []).mean == 0)
    #expect(NeighbourOverlap(x.rows(0..<1), x.rows(0..<1), rows: [0]).shares.isEmpty)
  }

  @Test func neighbourOverlapIsTheBruteForceCount() {
    let (x, y) = (normal(40, 3, seed: 6), normal(40, 5, seed: 7))
    func nearest(_ space: Matrix, _ row: Int) -> Set<Int> {
      func cosine(_ a: Int, _ b: Int) -> Double {
        var (dot, left, right) = (0.0, 0.0, 0.0)
        for column in 0..<space.columns {
          dot += Double(space[a, column]) * Double(space[b, column])
          left += Double(space[a, column]) * Double(space[a, column])
          right += Double(space[b, column]) * Double(space[b, column])
        }
        return dot / (left * right).squareRoot()
      }
      return Set((0..<40).filter { $0 != row }.sorted { cosine(row, $0) > cosine(row, $1) }.prefix(10))
    }
    let rows: [Int32] = [0, 5, 11, 39]
    let truth = rows.map { Double(nearest(x, Int($0)).intersection(nearest(y, Int($0))).count) / 10 }
    #expect(NeighbourOverlap(x, y, rows: rows).shares == truth)
  }
}
