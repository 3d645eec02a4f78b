// Baselines as runs of an experiment.

import Autodiff
import Baselines
import Evaluation
import Files
import Interactions
import Numerics
import Training

/// Baselines in definitions of runs.
enum BaselineRuns {
  /// What a run of a baseline does.
  /// - Throws: `BaselineError.unknown`, or an `OptionError` for an option that the baseline does not have.
  static func work(
    baseline: ExperimentPlan.Model, cell: [Setting], seed: UInt64
  ) throws -> RunDefinition.Work {
    try work(name: baseline.name, settings: baseline.settings + cell, seed: seed)
  }

  /// What a run of a baseline does, every declared option named.
  static func work(name: String, settings: [Setting], seed: UInt64) throws -> RunDefinition.Work {
    let descriptor = try descriptor(name)
    let options = try options(descriptor, settings)
    return .baseline(name: name, options: options.pairs.map { Setting($0.name, $0.value) }, seed: seed)
  }

  /// The grid that a baseline declares, for plans that have none for it.
  static func declaredGrid(_ name: String) -> [ExperimentPlan.Axis] {
    (BaselineRegistry.named(name)?.tuningGrid ?? []).map { ExperimentPlan.Axis(option: $0.option, values: $0.values) }
  }

  /// Fits a baseline to the training interactions and text of a data set.
  /// - Throws: `BaselineError` or `LinearAlgebraError`.
  static func fit(
    name: String, settings: [Setting], seed: UInt64, to dataSet: DataSet
  ) throws -> FittedBaseline {
    let descriptor = try descriptor(name)
    let problem = BaselineProblem(
      training: dataSet.train,
      // Text derived from items is not the users' own.
      userText: dataSet.userTextIsDerived ? nil : dataSet.userText.map { UnitRows($0).value },
      itemText: dataSet.itemText.map { UnitRows($0).value }, seed: seed)
    return try descriptor.fit(problem, try options(descriptor, settings))
  }

  private static func descriptor(_ name: String) throws(BaselineError) -> BaselineDescriptor {
    guard let descriptor = BaselineRegistry.named(name) else { throw .unknown(name) }
    return descriptor
  }

  private static func options(
    _ descriptor: BaselineDescriptor, _ settings: [Setting]
  ) throws(OptionError) -> OptionValues {
    var options = OptionValues(descriptor.options)
    for setting in settings {
      try options.set(
        setting.name, to: setting.value, declarations: descriptor.options, owner: "baseline '\(descriptor.name)'")
    }
    return options
  }
}

/// score(u, i) = Σ over the user's training items j of w_uj B_ji.
struct ItemWeightScorer: ItemScorer {
  /// `[users, items]`, the histories that score.
  let training: CSRMatrix
  /// B, `[items, items]`.
  let weights: Matrix

  var itemCount: Int { weights.columns }

  func score(_ users: ArraySlice<Int32>, into scores: Matrix) {
    parallelRanges(users.count, blockSize: 8) { range in
      for position in range {
        let user = Int(users[users.startIndex + position])
        let row = scores.row(position)
        row.update(repeating: 0, count: scores.columns)
        for entry in training.rowStarts[user]..<training.rowStarts[user + 1] {
          kernels.axpy(
            training.values[entry], weights.row(Int(training.columnIndices[entry])), row, scores.columns)
        }
      }
    }
  }
}
