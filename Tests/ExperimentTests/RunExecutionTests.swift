// One run: what it measures, and what it must not look at.

import Evaluation
import Experiments
import Files
import Interactions
import Numerics
import TestSupport
import Testing

@Suite struct RunExecutionTests {
  /// Planted data.
  private func dataSet(_ folder: TemporaryFolder) throws -> DataSet {
    var options = PlantedDataOptions()
    options.users = 60
    options.items = 50
    options.interactions = 1_200
    options.replacesFiles = true
    _ = try PlantedData.write(to: folder.path, options: options)
    return try DataSet.load(DataSetOptions(folder: folder.path))
  }

  private func runs(_ dataSet: DataSet, _ plan: JSONValue = ExamplePlan.json) throws -> [PlannedRun] {
    let schedule = try Schedule(plan: try ExperimentPlan(json: plan), identities: [DataIdentity(dataSet)])
    return try schedule.runs(records: [:])
  }

  private func first(_ dataSet: DataSet, _ plan: JSONValue = ExamplePlan.json) throws -> RunDefinition {
    let definition = try runs(dataSet, plan)[0].definition
    return try #require(definition)
  }

  private func third(_ dataSet: DataSet) throws -> RunDefinition {
    let definition = try runs(dataSet)[2].definition
    return try #require(definition)
  }

  private func outcome(_ definition: RunDefinition, _ dataSet: DataSet) throws -> RunExecution.Outcome {
    try RunExecution(definition: definition, dataSet: dataSet, clock: { 0 }).run(started: 0)
  }

  @Test func tuningNeverEvaluatesTheTestSplit() throws {
    let data = try dataSet(try TemporaryFolder())
    var definition = try third(data)
    definition.evaluatesTest = false
    let execution = try RunExecution(definition: definition, dataSet: data, clock: { 0 })
    #expect(execution.problem.test.entryCount == 0 && data.test.entryCount > 0)
    let tuning = try outcome(definition, data)
    #expect(tuning.users == nil)
    let names = tuning.results.object?.map(\.key) ?? []
    #expect(names == ["epochs", "best_epoch", "end", "validation", "curve", "balance"])

    definition.evaluatesTest = true
    let final = try outcome(definition, data)
    #expect(final.results["validation"] == tuning.results["validation"])
    #expect(final.results["curve"] == tuning.results["curve"])
  }

  @Test func aFinalRunMeasuresEverything() throws {
    let data = try dataSet(try TemporaryFolder())
    let final = try outcome(try first(data), data)
    let parts = ["validation", "test", "beyond_accuracy", "user_degree", "item_popularity", "sampled_task", "curve"]
    for part in parts { #expect(final.results[part] != nil, "\(part)") }
    for metric in ["recall", "ndcg", "precision", "hit", "mrr", "map"] {
      for cutoff in [5, 10, 20] { #expect(final.results["test"]?["\(metric)@\(cutoff)"]?.double != nil) }
    }
    let users = try #require(final.users)
    #expect(users.mean(.recall, at: 20) == final.results["test"]?["recall@20"]?.double)
  }

  @Test func theSameDefinitionGivesTheSameResults() throws {
    let data = try dataSet(try TemporaryFolder())
    let definition = try third(data)
    let first = try outcome(definition, data)
    let second = try outcome(try RunDefinition(json: definition.json), data)
    #expect(first.results == second.results && first.users == second.users)
  }

  @Test(arguments: ["popularity", "ease", "text"])
  func baselinesRunLikeModels(name: String) throws {
    let data = try dataSet(try TemporaryFolder())
    let plan = ExamplePlan.with("{\"models\": [], \"baselines\": [\"\(name)\"]}")
    let final = try outcome(try first(data, plan), data)
    #expect((final.results["test"]?["recall@20"]?.double ?? 0) > 0.1)
    #expect(final.users != nil)
  }

  @Test func userMetricsSurviveTheirFile() throws {
    let folder = try TemporaryFolder()
    let data = try dataSet(folder)
    let final = try outcome(try first(data), data)
    let users = try #require(final.users)
    try users.save(to: folder.path + "/users.safetensors")
    let again = try UserMetrics(path: folder.path + "/users.safetensors")
    #expect(again.users == users.users)
    #expect(again.values(.recall, at: 20) == users.values(.recall, at: 20))
    #expect(again.values(.ndcg, at: 20) == users.values(.ndcg, at: 20))
  }

  @Test func otherDataIsRefused() throws {
    let data = try dataSet(try TemporaryFolder())
    var definition = try first(data)
    definition.textFingerprint = "0000000000000000"
    #expect(throws: ExperimentError.self) { try outcome(definition, data) }
  }
}
