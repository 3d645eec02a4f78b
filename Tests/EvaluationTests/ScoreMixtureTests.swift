// Mixtures of scores measured in one pass are the lists that a model of the added scores gives.

import Evaluation
import Numerics
import Testing

@Suite struct ScoreMixtureTests {
  @Test func everyWeightingRanksAsTheSumOfItsScores() {
    var stream = RandomStream(seed: 3, purpose: .test)
    func normal(_ rows: Int, _ columns: Int) -> Matrix {
      let matrix = Matrix(rows: rows, columns: columns)
      for index in 0..<matrix.count { matrix.pointer[index] = Float(stream.normal()) }
      return matrix
    }
    let (users, items) = (300, 70)
    let sides = [5, 3].map { (users: normal(users, $0), items: normal(items, $0)) }
    let training = CSRMatrix(
      rows: users, columns: items, entries: (0..<900).map { (Int32($0 * 7919 % users), Int32($0 * 104_729 % items)) })
    let relevant = CSRMatrix(
      rows: users, columns: items, entries: (0..<500).map { (Int32($0 * 31 % users), Int32($0 * 17 % items)) })
    let ranking = FullRanking(training: training, relevant: relevant)
    let weightings: [[Float]] = [[1, 0], [0, 1], [1, 0.25], [0.5, 2]]
    let found = ranking.lists(
      mixing: sides.map { InnerProductScorer(users: $0.users, items: $0.items) }, weightings: weightings)
    for (weights, lists) in zip(weightings, found) {
      #expect(lists.count == ranking.evaluatedUsers.count)
      for (user, list) in zip(ranking.evaluatedUsers, lists) {
        let seen = Set(training.row(Int(user)))
        func score(_ item: Int) -> Double {
          zip(sides, weights).reduce(0.0) { sum, side in
            sum + Double(side.1)
              * (0..<side.0.users.columns).reduce(0.0) {
                $0 + Double(side.0.users[Int(user), $1]) * Double(side.0.items[item, $1])
              }
          }
        }
        let scores = (0..<items).map(score)
        let expected = (0..<items).filter { !seen.contains(Int32($0)) }.sorted { scores[$0] > scores[$1] }.prefix(20)
        #expect(list == expected.map { Int32($0) })
      }
    }
  }
}
