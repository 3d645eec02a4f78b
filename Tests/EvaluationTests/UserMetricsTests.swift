// Per-user metrics, their means, and the two ways to ranked lists.

import Evaluation
import Numerics
import TestSupport
import Testing

@Suite struct UserMetricsTests {
  @Test func meansAreTheSumsInUserOrder() throws {
    let example = RandomExample(users: 137, items: 61, state: 1)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let lists = ranking.lists(users: example.userVectors, items: example.itemVectors)
    let metrics = ranking.userMetrics(lists)
    let report = ranking.evaluate(users: example.userVectors, items: example.itemVectors)
    #expect(metrics.users == ranking.evaluatedUsers)
    #expect(metrics.names.count == 18)
    for (name, value) in report.values {
      var sum = 0.0
      for (user, list) in zip(ranking.evaluatedUsers, lists) {
        let hits = list.map { example.relevant.contains(row: Int(user), column: $0) }
        sum += name.metric.value(hits: hits, at: name.cutoff, relevant: example.relevant.degree(Int(user)))
      }
      #expect(value == sum / Double(metrics.users.count))
      #expect(metrics.mean(name.metric, at: name.cutoff) == value)
    }
  }

  @Test func aSampleOfUsersIsRankedAsAmongAll() throws {
    let example = RandomExample(users: 137, items: 61, state: 5)
    let all = FullRanking(training: example.training, relevant: example.relevant)
    let everybody = all.userMetrics(all.lists(users: example.userVectors, items: example.itemVectors))
    func sampled(_ count: Int, seed: UInt64) -> FullRanking {
      FullRanking(
        training: example.training, relevant: example.relevant, sample: UserSample(count: count, seed: seed))
    }
    let ranking = sampled(20, seed: 3)
    #expect(ranking.evaluatedUsers.count == 20 && ranking.evaluatedUsers == sampled(20, seed: 3).evaluatedUsers)
    #expect(ranking.evaluatedUsers == ranking.evaluatedUsers.sorted())
    #expect(Set(ranking.evaluatedUsers).isSubset(of: all.evaluatedUsers))
    #expect(ranking.evaluatedUsers != sampled(20, seed: 4).evaluatedUsers)
    let metrics = ranking.userMetrics(ranking.lists(users: example.userVectors, items: example.itemVectors))
    let (part, whole) = (try #require(metrics.values(.recall, at: 20)), try #require(everybody.values(.recall, at: 20)))
    for (user, value) in zip(metrics.users, part) {
      #expect(value == whole[try #require(everybody.users.firstIndex(of: user))])
    }
    #expect(sampled(10_000, seed: 3).evaluatedUsers == all.evaluatedUsers)
    #expect(UserSample(count: 0, seed: 1) == nil)
  }

  @Test(arguments: [1, 5, 20, 500])
  func listsAreThoseOfABruteForceSort(depth: Int) {
    let example = RandomExample(users: 40, items: 90, state: 2)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let lists = ranking.lists(users: example.userVectors, items: example.itemVectors, depth: depth)
    for (user, list) in zip(ranking.evaluatedUsers, lists) {
      let scores = example.scores(of: Int(user))
      let expected = (0..<Int32(90)).filter { !example.training.contains(row: Int(user), column: $0) }
        .sorted { (scores[Int($0)], $1) > (scores[Int($1)], $0) }
      #expect(list == Array(expected.prefix(depth)))
    }
  }

  @Test func aScorerGivesTheListsOfTheInnerProduct() {
    let example = RandomExample(users: 700, items: 50, state: 3)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let scorer = InnerProductScorer(users: example.userVectors, items: example.itemVectors)
    #expect(ranking.lists(scorer) == ranking.lists(users: example.userVectors, items: example.itemVectors))
    #expect(ranking.lists(scorer, depth: 3).allSatisfy { $0.count == 3 })
    let report = ranking.evaluate(users: example.userVectors, items: example.itemVectors)
    #expect(ranking.evaluate(scorer).values.map(\.value) == report.values.map(\.value))
  }

  @Test func equalScoresRankByIndex() {
    let training = CSRMatrix(rows: 1, columns: 6, entries: [(row: 0, column: 1)])
    let relevant = CSRMatrix(rows: 1, columns: 6, entries: [(row: 0, column: 5)])
    let ranking = FullRanking(training: training, relevant: relevant)
    let zeros = InnerProductScorer(users: Matrix(rows: 1, columns: 2), items: Matrix(rows: 6, columns: 2))
    #expect(ranking.lists(zeros, depth: 4) == [[0, 2, 3, 4]])
  }

  @Test func emptyInputsGiveEmptyResults() {
    for (rows, columns) in [(0, 0), (3, 0), (0, 4), (3, 4)] {
      let nothing = CSRMatrix(rows: rows, columns: columns, entries: [])
      let ranking = FullRanking(training: nothing, relevant: nothing)
      let scorer = InnerProductScorer(users: Matrix(rows: rows, columns: 2), items: Matrix(rows: columns, columns: 2))
      #expect(ranking.lists(scorer).isEmpty)
      #expect(ranking.userMetrics([]).report.users == 0)
      #expect(ranking.userMetrics([]).mean(.recall, at: 20) == nil)
    }
  }

  @Test func restrictedUsersKeepTheirValues() throws {
    let example = RandomExample(users: 30, items: 40, state: 4)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let metrics = ranking.userMetrics(ranking.lists(users: example.userVectors, items: example.itemVectors))
    let part = metrics.restricted(to: [0, 3, 7])
    let whole = try #require(metrics.values(.ndcg, at: 10))
    #expect(part.values(.ndcg, at: 10) == [whole[0], whole[3], whole[7]])
    #expect(part.users == [metrics.users[0], metrics.users[3], metrics.users[7]])
  }
}
