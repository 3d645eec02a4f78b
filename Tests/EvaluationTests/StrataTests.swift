// Strata of users and items: by hand, and that the parts make up the whole.

import Evaluation
import Files
import Numerics
import Testing

@Suite struct StrataTests {
  @Test func usersAreSplitByTheirTrainingItems() throws {
    let degrees = [0, 5, 6, 10, 11, 20, 21, 30]
    let entries = degrees.enumerated().flatMap { user, degree in
      (0..<degree).map { (row: Int32(user), column: Int32($0)) }
    }
    let training = CSRMatrix(rows: 8, columns: 40, entries: entries)
    // Everybody wants item 39; users of odd index are given it first.
    let relevant = CSRMatrix(rows: 8, columns: 40, entries: (0..<8).map { (row: $0, column: 39) })
    let ranking = FullRanking(training: training, relevant: relevant)
    let lists: [[Int32]] = (0..<8).map { $0 % 2 == 1 ? [39] : [38] }
    let strata = UserDegreeStrata.strata(of: ranking.userMetrics(lists), training: training)
    #expect(strata.map(\.name) == ["<=5", "6-10", "11-20", ">20"])
    #expect(strata.map(\.metrics.users) == [[0, 1], [2, 3], [4, 5], [6, 7]])
    #expect(strata.allSatisfy { $0.metrics.mean(.recall, at: 20) == 0.5 && $0.metrics.mean(.ndcg, at: 20) == 0.5 })
  }

  @Test func itemsAreSplitInThirdsByDegreeAndIndex() {
    let strata = ItemPopularityStrata(training: FiveUsers.training)
    // Degrees 4 2 2 1 1 0: five items that somebody has, so 2, 2 and 1.
    #expect((0..<6).map { strata.name(of: $0) } == ["head", "head", "mid", "mid", "tail", "cold"])
  }

  @Test func recallIsRestrictedToTheItemsOfTheStratum() throws {
    let relevant = CSRMatrix(
      rows: 5, columns: 6,
      entries: [
        (row: 0, column: 2), (row: 0, column: 4), (row: 1, column: 5), (row: 4, column: 0), (row: 4, column: 1),
      ])
    let ranking = FullRanking(training: FiveUsers.training, relevant: relevant)
    #expect(ranking.evaluatedUsers == [0, 1, 4])
    let strata = ItemPopularityStrata(training: FiveUsers.training).strata(of: [[3, 2], [2, 3], [2, 0]], ranking)
    #expect(strata.map(\.name) == ["head", "mid", "tail", "cold"])
    #expect(strata.map(\.items) == [2, 2, 1, 1])
    #expect(strata.map(\.metrics.users) == [[4], [0], [0], [1]])
    #expect(strata.map { $0.metrics.mean(.recall, at: 20) } == [0.5, 1, 0, 0])
    #expect(strata.map(\.placeShare) == [1.0 / 6, 5.0 / 6, 0, 0])
    let ideal = 1 + 1 / binaryLogarithm(3)
    #expect(
      strata.map { $0.metrics.mean(.ndcg, at: 20) } == [1 / binaryLogarithm(3) / ideal, 1 / binaryLogarithm(3), 0, 0])
  }

  @Test func hitsOfAllStrataAreTheHitsOfAll() throws {
    let example = RandomExample(users: 80, items: 70, state: 21)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let lists = ranking.lists(users: example.userVectors, items: example.itemVectors)
    let metrics = ranking.userMetrics(lists)
    var hits = [Int32: Double]()
    let strata = ItemPopularityStrata(training: example.training).strata(of: lists, ranking)
    for stratum in strata {
      let precision = try #require(stratum.metrics.values(.precision, at: 20))
      for (user, value) in zip(stratum.metrics.users, precision) { hits[user, default: 0] += value }
    }
    for (user, value) in zip(metrics.users, try #require(metrics.values(.precision, at: 20))) {
      #expect(abs((hits[user] ?? 0) - value) < 1e-12)
    }
    #expect(abs(strata.compactMap(\.placeShare).reduce(0, +) - 1) < 1e-12)
    let users = UserDegreeStrata.strata(of: metrics, training: example.training)
    #expect(users.reduce(0) { $0 + $1.metrics.users.count } == metrics.users.count)
  }

  @Test func diagnosticsHaveAFixedOrderAndNoNumberThatIsNotFinite() throws {
    let example = RandomExample(users: 30, items: 25, state: 22)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let lists = ranking.lists(users: example.userVectors, items: example.itemVectors)
    let json = ranking.diagnostics(lists, itemVectors: example.itemVectors)
    guard case .object(let members) = json else {
      Issue.record("diagnostics are no object")
      return
    }
    #expect(members.map(\.key) == ["metrics", "beyond_accuracy", "user_degree", "item_popularity"])
    let numbers = json.flatNumbers
    #expect(numbers.first?.name == "metrics.users")
    #expect(numbers.contains { $0.name == "beyond_accuracy.similarity@20" })
    #expect(numbers.contains { $0.name == "item_popularity.tail.recall@20" })
    #expect(numbers.allSatisfy { $0.value.isFinite })
    #expect(try json.serialized(.pretty).isEmpty == false)

    let nothing = CSRMatrix(rows: 0, columns: 0, entries: [])
    let empty = FullRanking(training: nothing, relevant: nothing).diagnostics([])
    #expect(empty.flatNumbers.allSatisfy { $0.value == 0 })
  }
}
