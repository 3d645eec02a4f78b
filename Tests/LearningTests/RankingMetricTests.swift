// Metrics against golden values and a brute-force reading of their definitions.

import Evaluation
import Numerics
import TestSupport
import Testing

@Suite struct RankingMetricTests {
  @Test func matchesGoldenRanking() throws {
    let golden = try Golden("ranking")
    let users = try golden.matrix("users")
    let items = try golden.matrix("items")
    func pairs(_ name: String) throws -> CSRMatrix {
      let flat = try golden.indices(name)
      let entries = stride(from: 0, to: flat.count, by: 2).map { (row: flat[$0], column: flat[$0 + 1]) }
      return CSRMatrix(rows: users.rows, columns: items.rows, entries: entries)
    }
    let report = FullRanking(training: try pairs("seen"), relevant: try pairs("test")).evaluate(
      users: users, items: items)
    for cutoff in [5, 10, 20] {
      let recall = try #require(report.value(.recall, at: cutoff))
      let ndcg = try #require(report.value(.ndcg, at: cutoff))
      #expect(relativeError(recall, golden.value("recall@\(cutoff)")) < 1e-12)
      #expect(relativeError(ndcg, golden.value("ndcg@\(cutoff)")) < 1e-12)
    }
  }

  @Test func handComputedListsGiveTheirValues() {
    // Relevant items at ranks 2 and 3; three relevant items in all.
    let hits = [false, true, true, false]
    #expect(RankingMetric.recall.value(hits: hits, at: 3, relevant: 3) == 2.0 / 3)
    #expect(RankingMetric.precision.value(hits: hits, at: 10, relevant: 3) == 0.2)
    #expect(RankingMetric.hit.value(hits: hits, at: 1, relevant: 3) == 0)
    #expect(RankingMetric.mrr.value(hits: hits, at: 3, relevant: 3) == 0.5)
    #expect(abs(RankingMetric.map.value(hits: hits, at: 3, relevant: 3) - (0.5 + 2.0 / 3) / 3) < 1e-15)
    let ideal = 1 + 1 / binaryLogarithm(3) + 0.5
    #expect(
      abs(RankingMetric.ndcg.value(hits: hits, at: 3, relevant: 3) - (1 / binaryLogarithm(3) + 0.5) / ideal) < 1e-15)
  }

  @Test func recallIsOneWhenAllRelevantAreRanked() {
    #expect(RankingMetric.recall.value(hits: [true, true], at: 20, relevant: 2) == 1)
    #expect(RankingMetric.ndcg.value(hits: [true, true], at: 20, relevant: 2) == 1)
    #expect(RankingMetric.map.value(hits: [true, true], at: 20, relevant: 2) == 1)
  }

  @Test func usersWithoutRelevantItemsAreNotCounted() {
    let training = CSRMatrix(rows: 3, columns: 2, entries: [])
    let relevant = CSRMatrix(rows: 3, columns: 2, entries: [(row: 1, column: 0)])
    let ranking = FullRanking(training: training, relevant: relevant)
    #expect(ranking.evaluatedUsers == [1])
    #expect(ranking.report([[1, 0]]).value(.recall, at: 5) == 1)
  }
}
