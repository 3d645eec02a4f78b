// Baselines as runs of an experiment.

import Files

/// Baselines in definitions of runs.
enum BaselineRuns {
  /// What a run of a baseline does.
  /// - Throws: `ExperimentError.badPlan` for a name or an option that no baseline has.
  static func work(
    baseline: ExperimentPlan.Model, cell: [Setting], seed: UInt64
  ) throws -> RunDefinition.Work {
    throw ExperimentError.badPlan(member: "$.baselines", reason: "there is no baseline '\(baseline.name)'")
  }
}
