// What two recommenders add to each other, and the best single weight between them.

import Evaluation
import Files
import Numerics
import TestSupport
import Testing

@Suite struct ComplementarityTests {
  private let relevant = CSRMatrix(
    rows: 3, columns: 8,
    entries: [
      (row: 0, column: 0), (row: 0, column: 1), (row: 1, column: 2), (row: 2, column: 3), (row: 2, column: 4),
    ])

  @Test func handComputedListsGiveTheirValues() throws {
    let ranking = FullRanking(training: CSRMatrix(rows: 3, columns: 8, entries: []), relevant: relevant)
    let result = Complementarity(
      first: [[0, 5], [6, 7], [3, 4]], second: [[1, 0], [2, 5], [4, 7]], ranking, at: 2)
    // Overlaps 1/3, 0, 1/3. Hits: 0 and 4 by both, 3 by the first, 1 and 2 by the second.
    #expect(abs(try #require(result.overlap) - 2.0 / 9) < 1e-12)
    #expect(result.sharedHits == 2 && result.firstOnlyHits == 1 && result.secondOnlyHits == 2)
    #expect(result.uniqueHitShare == 0.6)
    #expect(abs(try #require(result.firstRecall) - 0.5) < 1e-12)
    #expect(abs(try #require(result.secondRecall) - 2.5 / 3) < 1e-12)
    #expect(abs(try #require(result.oracleRecall) - 1) < 1e-12)
    #expect(abs(try #require(result.oracleGain) - 0.5 / 3) < 1e-12)
  }

  @Test func aRecommenderAddsNothingToItself() {
    let example = RandomExample(users: 40, items: 60, state: 41)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let lists = ranking.lists(users: example.userVectors, items: example.itemVectors)
    let result = Complementarity(first: lists, second: lists, ranking)
    #expect(result.overlap == 1 && result.oracleGain == 0 && result.uniqueHitShare == 0)
    #expect(result.firstRecall == ranking.userMetrics(lists).mean(.recall, at: 20))
  }

  @Test func exchangingTheSidesExchangesTheirNumbers() {
    let example = RandomExample(users: 40, items: 60, state: 42)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let first = ranking.lists(users: example.userVectors, items: example.itemVectors)
    let second = ranking.lists(
      InnerProductScorer(users: example.userVectors, items: RandomExample(users: 1, items: 60, state: 43).itemVectors))
    let forward = Complementarity(first: first, second: second, ranking)
    let backward = Complementarity(first: second, second: first, ranking)
    #expect(forward.overlap == backward.overlap && forward.oracleRecall == backward.oracleRecall)
    #expect(forward.firstOnlyHits == backward.secondOnlyHits && forward.firstRecall == backward.secondRecall)
    // Within a list the order says nothing.
    let reversed = Complementarity(first: first.map { $0.reversed() }, second: second, ranking)
    #expect(reversed == forward)
  }

  @Test func emptyInputsGiveNull() {
    let nothing = CSRMatrix(rows: 2, columns: 3, entries: [])
    let ranking = FullRanking(training: nothing, relevant: nothing)
    let result = Complementarity(first: [], second: [], ranking)
    #expect(result.json.flatNumbers.map(\.name) == ["users"])
    let scorer = TableScorer(table: [[1, 2, 3], [1, 2, 3]])
    #expect(ScoreFusion(scorer, scorer).bestWeight(validation: ranking, test: ranking) == nil)
  }
}

@Suite struct ScoreFusionTests {
  /// Random scores with distinct values.
  private func table(users: Int, items: Int, state: UInt64) -> TableScorer {
    var generator = SplitMix(state: state)
    return TableScorer(
      table: (0..<users).map { _ in (0..<items).map { _ in Float(generator.below(1 << 20)) / 1_024 } })
  }

  @Test func listsAreThoseOfTheDefinition() {
    let example = RandomExample(users: 300, items: 40, state: 51)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let (first, second) = (table(users: 300, items: 40, state: 52), table(users: 300, items: 40, state: 53))
    let weights = [0, 0.3, 0.5, 1]
    let lists = ScoreFusion(first, second).lists(ranking, weights: weights, depth: 5)
    for (position, user) in ranking.evaluatedUsers.enumerated() {
      let candidates = (0..<40).filter { !example.training.contains(row: Int(user), column: Int32($0)) }
      func standardized(_ row: [Float]) -> [Double] {
        let values = candidates.map { Double(row[$0]) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return row.map { (Double($0) - mean) / variance.squareRoot() }
      }
      let (left, right) = (standardized(first.table[Int(user)]), standardized(second.table[Int(user)]))
      for (row, weight) in weights.enumerated() {
        let fused = (0..<40).map { weight * left[$0] + (1 - weight) * right[$0] }
        let expected = candidates.sorted { fused[$0] > fused[$1] }.prefix(5).map { Int32($0) }
        #expect(lists[row][position] == expected)
      }
    }
  }

  @Test func theEndsAreTheTwoSides() {
    let example = RandomExample(users: 90, items: 60, state: 54)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let first = InnerProductScorer(users: example.userVectors, items: example.itemVectors)
    let second = table(users: 90, items: 60, state: 55)
    let lists = ScoreFusion(first, second).lists(ranking)
    #expect(lists.count == 11)
    #expect(lists[10] == ranking.lists(first))
    #expect(lists[0] == ranking.lists(second))
  }

  @Test func theWeightIsChosenOnValidationAndReportedOnTest() throws {
    // The first side knows the validation item, the second the test item.
    let nothing = CSRMatrix(rows: 2, columns: 50, entries: [])
    let validation = CSRMatrix(rows: 2, columns: 50, entries: [(row: 0, column: 0), (row: 1, column: 0)])
    let test = CSRMatrix(rows: 2, columns: 50, entries: [(row: 0, column: 49), (row: 1, column: 49)])
    let ascending = (0..<50).map { Float($0) }
    let first = TableScorer(table: [ascending.reversed(), ascending.reversed()])
    let second = TableScorer(table: [ascending, ascending])
    let result = try #require(
      ScoreFusion(first, second).bestWeight(
        validation: FullRanking(training: nothing, relevant: validation),
        test: FullRanking(training: nothing, relevant: test)))
    #expect(result.weight == 1)
    #expect(result.validation.map(\.weight) == ScoreFusion.weights)
    #expect(result.validation.first?.value == 0 && result.validation.last?.value == 1)
    #expect(result.test.mean(.recall, at: 20) == 0)
    #expect(result.json.flatNumbers.first?.name == "weight")
  }

  @Test func constantAndMissingScoresDoNotDisturb() {
    let training = CSRMatrix(rows: 1, columns: 4, entries: [(row: 0, column: 0)])
    let relevant = CSRMatrix(rows: 1, columns: 4, entries: [(row: 0, column: 1)])
    let ranking = FullRanking(training: training, relevant: relevant)
    let constant = TableScorer(table: [[9, 1, 1, 1]])
    let missing = TableScorer(table: [[.infinity, 3, -.infinity, 4]])
    #expect(ScoreFusion(constant, missing).lists(ranking, weights: [0.5]) == [[[3, 1]]])
  }
}
