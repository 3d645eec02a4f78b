// The measurement of explanations: what it says of a model whose explanations are identities.

import Engine
import Files
import Numerics
import Testing

@Suite struct ExplanationQualityTests {
  private func measure(_ model: ExampleModel, threads: Int = 2) throws -> JSONValue {
    let usual = Parallelism.threadCount
    Parallelism.threadCount = threads
    defer { Parallelism.threadCount = usual }
    var options = ExplanationQualityOptions()
    options.cases = 30
    options.top = 3
    options.randomSets = 5
    return try #require(
      try model.engine().explanationQuality(options, cancellation: Cancellation()) { _, _ in }.records.first)
  }

  private func mean(_ record: JSONValue, _ name: String) throws -> Double {
    try #require(record["numbers"]?[name]?["mean"]?.double)
  }

  @Test func namedItemsMatterMoreThanRandomOnes() throws {
    let record = try measure(ExampleModel(users: 60, items: 60))
    #expect(try mean(record, "necessity.score_lost.named") > mean(record, "necessity.score_lost.random"))
    #expect(try mean(record, "sufficiency.score_kept.named") > mean(record, "sufficiency.score_kept.random"))
    #expect(try mean(record, "counterfactual.drops_item") == 1)
    #expect(try mean(record, "permuted_history.changed") > 0.5)
    // Random parts agree by chance in both spaces: nothing is shown.
    #expect(try mean(record, "sides.shared_minus_specific").magnitude < 0.2)
    let names = record["numbers"].flatMap { value -> [String]? in
      if case .object(let members) = value { return members.map(\.key) }
      return nil
    }
    #expect(names?.contains("necessity.score_lost.named_minus_by_text") == true)
  }

  @Test func theNumberOfThreadsChangesNothing() throws {
    let model = ExampleModel(users: 40)
    #expect(try measure(model, threads: 1) == measure(model, threads: 4))
  }

  @Test func modelsWithoutTextOrPartsAreMeasuredToo() throws {
    let record = try measure(ExampleModel(attribution: "representation", hasParts: false))
    #expect(record["method"]?.string == "refit")
    #expect(record["numbers"]?["sides.shared_overlap"] == nil)
    #expect(record["numbers"]?["necessity.score_lost.by_text"] == nil)
  }

  @Test func cancellationStopsIt() throws {
    let cancellation = Cancellation()
    cancellation.cancel()
    let engine = try ExampleModel().engine()
    #expect(throws: QueryError.self) {
      try engine.explanationQuality(ExplanationQualityOptions(), cancellation: cancellation) { _, _ in }
    }
  }
}
