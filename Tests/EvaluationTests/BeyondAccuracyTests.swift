// Measures of lists against numbers worked out by hand.

import Evaluation
import Files
import Numerics
import Testing

/// Five users and six items; item degrees in training are 4, 2, 2, 1, 1, 0.
enum FiveUsers {
  static let training = CSRMatrix(
    rows: 5, columns: 6,
    entries: [
      (row: 0, column: 0), (row: 1, column: 0), (row: 2, column: 0), (row: 3, column: 0), (row: 0, column: 1),
      (row: 1, column: 1), (row: 2, column: 2), (row: 3, column: 2), (row: 4, column: 3), (row: 4, column: 4),
    ])
  /// Items 0 to 3 are recommended 1, 3, 3 and 2 times, item 4 once, item 5 never.
  static let lists: [[Int32]] = [[2, 3], [2, 3], [1, 4], [1], [0, 1, 2]]
}

@Suite struct BeyondAccuracyTests {
  @Test func handComputedListsGiveTheirValues() throws {
    let result = BeyondAccuracy(FiveUsers.lists, at: 3, training: FiveUsers.training)
    #expect(result.users == 5)
    #expect(result.coverage == 5.0 / 6)
    // Degrees of the lists: (2,1), (2,1), (2,1), (2), (4,2,2).
    let popularity = 6.5 + 8.0 / 3
    #expect(abs(try #require(result.meanPopularity) - popularity / 5) < 1e-12)
    let one = binaryLogarithm(5)
    let two = binaryLogarithm(2.5)
    let four = binaryLogarithm(1.25)
    let information: [Double] = [(one + two) / 2, (two + one) / 2, (two + one) / 2, two, (four + two + two) / 3]
    #expect(abs(try #require(result.novelty) - information.reduce(0, +) / 5) < 1e-12)
    // Ascending counts 0 1 1 2 3 3: (-5*0 - 3*1 - 1*1 + 1*2 + 3*3 + 5*3) / (6 * 10).
    #expect(abs(try #require(result.gini) - 22.0 / 60) < 1e-12)
    #expect(result.intraListSimilarity == nil)
  }

  @Test func onlyTheTopOfAListCounts() {
    let whole = BeyondAccuracy(FiveUsers.lists.map { Array($0.prefix(1)) }, at: 5, training: FiveUsers.training)
    let top = BeyondAccuracy(FiveUsers.lists, at: 1, training: FiveUsers.training)
    #expect(top.coverage == 0.5 && top.coverage == whole.coverage)
    #expect(top.novelty == whole.novelty && top.gini == whole.gini)
  }

  @Test func anUncountedItemCountsAsOneThatOneUserHas() {
    let cold = BeyondAccuracy([[5]], at: 1, training: FiveUsers.training)
    let rare = BeyondAccuracy([[4]], at: 1, training: FiveUsers.training)
    #expect(cold.novelty == rare.novelty && cold.novelty == binaryLogarithm(5))
    #expect(cold.meanPopularity == 0)
  }

  @Test(arguments: [([3, 3, 3, 3], 0.0), ([0, 0, 0, 7], 0.75), ([5], 0.0), ([1, 3], 0.25)] as [([Int], Double)])
  func giniIsZeroForEqualityAndNearOneForOne(counts: [Int], expected: Double) {
    #expect(BeyondAccuracy.giniIndex(counts) == expected)
  }

  @Test func giniIsTheMeanAbsoluteDifference() throws {
    let counts = [9, 0, 4, 4, 1, 17, 2]
    var sum = 0
    for a in counts { for b in counts { sum += abs(a - b) } }
    let expected = Double(sum) / Double(2 * counts.count * counts.reduce(0, +))
    #expect(abs(try #require(BeyondAccuracy.giniIndex(counts)) - expected) < 1e-12)
  }

  @Test func similarityIsTheMeanCosineOfThePairs() throws {
    let vectors = Matrix(rows: 6, columns: 2, values: [1, 0, 2, 0, 0, 3, 1, 1, -5, 0, 0, 0])
    let lists: [[Int32]] = [[0, 1, 2], [3, 0], [0, 4], [2], [5, 0]]
    let training = FiveUsers.training
    let result = BeyondAccuracy(lists, at: 3, training: training, itemVectors: vectors)
    // Pairs: (1 + 0 + 0) / 3, sqrt(1/2), -1, none, 0.
    let cosines: [Double] = [1.0 / 3, 0.5.squareRoot(), -1, 0]
    let expected = cosines.reduce(0, +) / 4
    #expect(abs(try #require(result.intraListSimilarity) - expected) < 1e-6)
  }

  @Test func nothingGivesNull() {
    let nothing = CSRMatrix(rows: 0, columns: 0, entries: [])
    let none = BeyondAccuracy([], at: 20, training: nothing, itemVectors: Matrix(rows: 0, columns: 3))
    #expect(none.coverage == nil && none.novelty == nil && none.gini == nil && none.intraListSimilarity == nil)
    #expect(none.json.flatNumbers.isEmpty)
    let empty = BeyondAccuracy([[], []], at: 20, training: FiveUsers.training)
    #expect(empty.coverage == 0 && empty.users == 0 && empty.gini == nil)
  }
}
