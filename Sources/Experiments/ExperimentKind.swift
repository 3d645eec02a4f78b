// The rows of an experiment: a model with an alignment, or a baseline, on one data set.

import Files
import Numerics
import Training

/// One row of the table: what is tuned together, and compared as a whole.
package struct ExperimentKind: Sendable, Equatable {
  /// What is trained or fitted.
  package enum Subject: Sendable, Equatable {
    /// A base model with an alignment.
    case model(ExperimentPlan.Model, ExperimentPlan.Alignment)
    /// A baseline.
    case baseline(ExperimentPlan.Model)
  }

  /// The data set's place in the plan.
  package let dataIndex: Int
  /// The data set.
  package let data: ExperimentPlan.Source
  /// What is trained or fitted.
  package let subject: Subject

  /// Label of the model or the baseline.
  package var model: String {
    switch subject {
    case .model(let model, _), .baseline(let model): return model.label
    }
  }

  /// Label of the alignment; nil for a baseline.
  package var alignment: String? {
    if case .model(_, let alignment) = subject { return alignment.label }
    return nil
  }

  /// What it is on any data: `lightgcn with darec`.
  package var name: String { model + (alignment.map { $0 == "none" ? "" : " with \($0)" } ?? "") }

  /// For messages: `steam: lightgcn with darec`.
  package var text: String { "\(data.name): \(name)" }
}

extension ExperimentPlan {
  /// All rows in the order of the plan: data sets, then models with their alignments, then baselines.
  package var kinds: [ExperimentKind] {
    data.enumerated().flatMap { index, source in
      models.flatMap { model in
        alignments.map { ExperimentKind(dataIndex: index, data: source, subject: .model(model, $0)) }
      } + baselines.map { ExperimentKind(dataIndex: index, data: source, subject: .baseline($0)) }
    }
  }

  /// The cells of the grid that are tried for a row, in their order; one empty cell where nothing is tuned.
  ///
  /// The axes are the model's, then the alignment's; each is found by label or else by registered name. Between the two
  /// a control looks for the label of what it controls, so that both are tuned on the same grid. A baseline without grid
  /// has the one that it declares, without the options that the plan sets. The last axis varies fastest.
  package func cells(of kind: ExperimentKind) throws(ExperimentError) -> [[Setting]] {
    guard let tuning else { return [[]] }
    func axes(_ owners: String...) -> [Axis]? {
      for owner in owners {
        if let grid = tuning.grids.first(where: { $0.owner == owner }) { return grid.axes }
      }
      return nil
    }
    var all: [Axis]
    switch kind.subject {
    case .model(let model, let alignment):
      all = axes(model.label, model.name) ?? []
      let controlled = alignments.first { alignment.isControl(of: $0) } ?? alignment
      for axis in axes(alignment.label, controlled.label, alignment.name ?? "none") ?? [] {
        guard !all.contains(where: { $0.option == axis.option }) else {
          throw .badPlan(
            member: "$.tuning.grids", reason: "both \(model.label) and \(alignment.label) vary '\(axis.option)'")
        }
        all.append(axis)
      }
    case .baseline(let baseline):
      all = axes(baseline.label, baseline.name) ?? BaselineRuns.declaredGrid(baseline.name)
      all.removeAll { axis in baseline.settings.contains { $0.name == axis.option } }
    }
    var count = 1
    for axis in all {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis.values.count)
      guard !overflow, product <= Self.cellLimit else {
        throw .badPlan(member: "$.tuning.grids", reason: "\(kind.text) has more than \(Self.cellLimit) cells")
      }
      count = product
    }
    return Self.chosen(count: count, tuning: tuning).map { index in
      var rest = index
      var cell: [Setting] = []
      for axis in all.reversed() {
        cell.append(Setting(axis.option, axis.values[rest % axis.values.count]))
        rest /= axis.values.count
      }
      return cell.reversed()
    }
  }

  /// Most cells of a grid, tried or not.
  private static let cellLimit = 1_000_000

  /// Indices of the cells that are tried, ascending.
  private static func chosen(count: Int, tuning: Tuning) -> [Int] {
    guard count > tuning.budget else { return Array(0..<count) }
    guard tuning.sampling == .random else { return Array(0..<tuning.budget) }
    var order = Array(0..<count)
    var stream = RandomStream(seed: tuning.seeds.first ?? 0, purpose: .tuning, step: 0)
    order.shuffle(using: &stream)
    return order.prefix(tuning.budget).sorted()
  }

  /// The training configuration of one run of a model.
  ///
  /// The order: the preset, the model's options, the alignment's options, the cell, a sweep's value; then the training
  /// loop's settings in the same order, so that what the plan says of `minimum_epochs` wins over what the alignment
  /// asks for.
  /// - Throws: `ExperimentError.badPlan`, or what is wrong with an option.
  func configuration(
    model: Model, alignment: Alignment, cell: [Setting], seed: UInt64
  ) throws -> TrainingConfiguration {
    var configuration = try TrainingConfiguration(model: model.name, alignment: alignment.name)
    if let preset = model.preset { try configuration.apply(preset: preset) }
    if let control = alignment.textControl { try configuration.set("text-control", to: control) }
    let layers = [model.settings, alignment.settings, cell]
    for layer in layers { try configuration.apply(options: layer) }
    for layer in [training] + layers { try configuration.apply(loop: layer) }
    configuration.seed = seed
    return configuration
  }
}
