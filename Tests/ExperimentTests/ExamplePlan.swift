// Plans and records that several tests use.

import Evaluation
import Experiments
import Files
import Testing

/// A small plan without tuning, and changes of it.
enum ExamplePlan {
  /// Two models, an alignment and its control, two seeds.
  static let json: JSONValue = [
    "schema": "darec/experiment-plan/1",
    "data": [["name": "planted", "options": ["--data", "planted"]]],
    "training": ["epochs": 4, "batch_size": 200, "learning_rate": 0.01],
    "models": ["bprmf"],
    "alignments": ["none", "darec", ["name": "darec", "text_control": "shuffled"]],
    "seeds": [1, 2],
  ]

  /// The plan with some members replaced or added.
  ///
  /// - Parameter members: JSON.
  static func with(_ members: String) -> JSONValue {
    var json = json
    for member in (try? JSONValue.parse(members))?.object ?? [] { json[member.key] = member.value }
    return json
  }

  /// What a data set with text might be.
  static let identity = DataIdentity(
    fingerprint: "0123456789abcdef", textFingerprint: "fedcba9876543210",
    statistics: ["users": 5, "items": 9, "train": 20, "valid": 5, "test": 5])

  /// The schedule of a plan with one data set.
  static func schedule(_ json: JSONValue) throws -> Schedule {
    let plan = try ExperimentPlan(json: json)
    return try Schedule(plan: plan, identities: plan.data.map { _ in identity })
  }

  /// A record of a run that finished with a validation recall, and half of it as NDCG.
  static func record(_ run: PlannedRun, _ schedule: Schedule, validation: Double) throws -> RunRecord {
    let definition = try #require(run.definition)
    return RunRecord(
      id: definition.id, label: run.label(schedule.kinds), definition: definition.json, environment: .null,
      failure: nil,
      results: ["validation": ["recall@20": .number(validation), "ndcg@20": .number(validation / 2)]], costs: [:])
  }
}
