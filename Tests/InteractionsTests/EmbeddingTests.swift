// Derived user embeddings against a plain reference.

import Interactions
import Numerics
import Testing

@Suite struct EmbeddingTests {
  @Test func derivedEmbeddingsAreNormalisedMeans() {
    var stream = RandomStream(seed: 5, purpose: .test)
    let items = Matrix(rows: 40, columns: 7, values: (0..<280).map { _ in Float(stream.normal()) })
    let training = CSRMatrix(
      rows: 200, columns: 40, entries: (0..<600).map { _ in (Int32(stream.below(150)), Int32(stream.below(40))) })
    let users = meanItemEmbeddings(training: training, items: items)
    for user in 0..<200 {
      let row = training.row(user)
      var mean = (0..<7).map { column in
        row.reduce(0.0) { $0 + Double(items[Int($1), column]) } / Double(max(1, row.count))
      }
      let norm = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if norm > 0 { mean = mean.map { $0 / norm } }
      for column in 0..<7 { #expect(abs(Double(users[user, column]) - mean[column]) < 1e-6) }
    }
  }

  @Test func meansThatCancelAreZeroRows() {
    let items = Matrix(rows: 2, columns: 2, values: [1, -2, -1, 2])
    let training = CSRMatrix(rows: 2, columns: 2, entries: [(0, 0), (0, 1)])
    #expect(meanItemEmbeddings(training: training, items: items).values == [0, 0, 0, 0])
  }
}
