// Smoothed text against the definition, node by node, in Double.

import Numerics
import Testing
import Training

@Suite struct TextSmoothingTests {
  @Test(arguments: [0, 1, 3]) func rowsAreTheUnitSumOfPropagations(hops: Int) {
    let interactions = CSRMatrix(
      rows: 3, columns: 4,
      entries: [(0, 0), (0, 1), (1, 1), (1, 2), (2, 1)].map { (row: Int32($0.0), column: Int32($0.1)) })
    let text = randomParameter("text", rows: 7, columns: 5, seed: 6).value.normalizedRows().matrix
    var adjacency = [[Double]](repeating: [Double](repeating: 0, count: 7), count: 7)
    for user in 0..<3 {
      for item in interactions.row(user) {
        adjacency[user][3 + Int(item)] = 1
        adjacency[3 + Int(item)][user] = 1
      }
    }
    let degree = adjacency.map { $0.reduce(0, +) }
    var layer = (0..<7).map { row in (0..<5).map { Double(text.row(row)[$0]) } }
    var sum = layer
    for _ in 0..<hops {
      layer = (0..<7).map { row in
        (0..<5).map { column in
          (0..<7).reduce(0.0) { total, other in
            adjacency[row][other] == 0
              ? total : total + layer[other][column] / (degree[row] * degree[other]).squareRoot()
          }
        }
      }
      for row in 0..<7 { for column in 0..<5 { sum[row][column] += layer[row][column] } }
    }
    let found = TextSmoothing.smoothed(text, over: interactions, hops: hops)
    for row in 0..<7 {
      let length = sum[row].reduce(0.0) { $0 + $1 * $1 }.squareRoot()
      for column in 0..<5 { #expect(abs(Double(found.row(row)[column]) - sum[row][column] / length) < 1e-5) }
    }
    // Nobody has touched the last item: its text is its own.
    #expect((0..<5).allSatisfy { abs(found.row(6)[$0] - text.row(6)[$0]) < 1e-6 })
  }
}
