// The sampled task: who is drawn, and how ranks become metrics.

import Evaluation
import Files
import Numerics
import TestSupport
import Testing

/// Scores that are given, as of an item-item model.
struct TableScorer: ItemScorer {
  let table: [[Float]]
  var itemCount: Int { table.first?.count ?? 0 }

  func score(_ users: ArraySlice<Int32>, into scores: Matrix) {
    for (row, user) in users.enumerated() {
      for (item, value) in table[Int(user)].enumerated() { scores[row, item] = value }
    }
  }
}

@Suite struct SampledDirectTaskTests {
  @Test func negativesAreDistinctAndInNoSplit() {
    let example = RandomExample(users: 60, items: 300, state: 31)
    let other = RandomExample(users: 60, items: 300, state: 32).training
    let task = SampledDirectTask(
      training: example.training, relevant: example.relevant, others: [other], seed: 4)
    #expect(task.shortUsers == 0)
    for (user, candidates) in zip(task.users, task.candidates) {
      #expect(candidates.count == 100 && Set(candidates).count == 100)
      #expect(example.relevant.contains(row: Int(user), column: candidates[0]))
      #expect(Array(candidates.dropFirst()) == candidates.dropFirst().sorted())
      for item in candidates.dropFirst() {
        #expect(item >= 0 && item < 300)
        #expect([example.training, example.relevant, other].allSatisfy { !$0.contains(row: Int(user), column: item) })
      }
    }
  }

  @Test func positivesAndNegativesAreUniform() {
    // Item 0 is known; items 2 and 5 are relevant; two negatives out of items 1, 3, 4, 6, 7.
    let users = 30_000
    let training = CSRMatrix(rows: users, columns: 8, entries: (0..<Int32(users)).map { (row: $0, column: 0) })
    let pairs = (0..<2 * Int32(users)).map { (row: $0 / 2, column: $0 % 2 == 0 ? Int32(2) : 5) }
    let relevant = CSRMatrix(rows: users, columns: 8, entries: pairs)
    let task = SampledDirectTask(training: training, relevant: relevant, negatives: 2, seed: 1)
    var counts = [Double](repeating: 0, count: 8)
    for item in task.candidates.joined() { counts[Int(item)] += 1 / Double(users) }
    for (item, expected) in [0, 0.4, 0.5, 0.4, 0.4, 0.5, 0.4, 0.4].enumerated() {
      #expect(abs(counts[item] - expected) < 0.015)
    }
  }

  @Test func candidatesDependOnSeedAndUserOnly() {
    let example = RandomExample(users: 40, items: 200, state: 33)
    func drawn(_ seed: UInt64) -> [[Int32]] {
      SampledDirectTask(training: example.training, relevant: example.relevant, seed: seed).candidates
    }
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let first = drawn(1)
    Parallelism.threadCount = 1
    #expect(drawn(1) == first)
    #expect(drawn(2) != first)
  }

  @Test func ranksFollowScoresThenIndices() {
    let nothing = CSRMatrix(rows: 5, columns: 5, entries: [])
    let relevant = CSRMatrix(rows: 5, columns: 5, entries: (0..<5).map { (row: $0, column: 2) })
    let task = SampledDirectTask(training: nothing, relevant: relevant, seed: 1)
    #expect(task.shortUsers == 5)
    let ranks = task.ranks(
      TableScorer(table: [
        [1, 2, 9, 3, 4], [1, 1, 1, 1, 1], [.nan, 5, 3, 3, 4], [0, 0, -.infinity, 0, 0], [0, 0, .nan, 0, 0],
      ]))
    #expect(ranks == [1, 3, 3, nil, nil])
    let metrics = task.userMetrics(ranks)
    #expect(metrics.values(.hit, at: 1) == [1, 0, 0, 0, 0])
    #expect(metrics.values(.hit, at: 5) == [1, 1, 1, 0, 0])
    #expect(metrics.values(.ndcg, at: 10) == [1, 0.5, 0.5, 0, 0])
  }

  @Test func everyNameSaysThatItIsSampled() {
    let example = RandomExample(users: 20, items: 150, state: 34)
    let task = SampledDirectTask(training: example.training, relevant: example.relevant, seed: 1)
    let json = task.json(InnerProductScorer(users: example.userVectors, items: example.itemVectors))
    let names = json.flatNumbers.map(\.name)
    #expect(
      names == [
        "users", "short_users", "sampled-hit@1", "sampled-hit@5", "sampled-hit@10", "sampled-ndcg@5",
        "sampled-ndcg@10",
      ])
  }

  @Test func aUserWithEveryItemHasNoNegatives() {
    let relevant = CSRMatrix(rows: 1, columns: 2, entries: [(row: 0, column: 0), (row: 0, column: 1)])
    let task = SampledDirectTask(
      training: CSRMatrix(rows: 1, columns: 2, entries: []), relevant: relevant, seed: 1)
    #expect(task.candidates.map(\.count) == [1])
    #expect(task.ranks(TableScorer(table: [[0, 0]])) == [1])
    let nothing = CSRMatrix(rows: 0, columns: 0, entries: [])
    let empty = SampledDirectTask(training: nothing, relevant: nothing, seed: 1)
    #expect(empty.users.isEmpty && empty.ranks(TableScorer(table: [])).isEmpty)
  }
}
