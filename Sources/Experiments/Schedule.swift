// From a plan and what is finished to what is to be run: tuning, final runs, sweeps.

import Evaluation
import Files
import Training

/// What is known of a data set once it has been read.
package struct DataIdentity: Sendable, Equatable {
  /// Identity of ids and splits.
  package var fingerprint: String
  /// Identity of the text vectors; `none` without text.
  package var textFingerprint: String
  /// Counts, for reports.
  package var statistics: JSONValue

  /// Describes a data set.
  package init(fingerprint: String, textFingerprint: String, statistics: JSONValue) {
    self.fingerprint = fingerprint
    self.textFingerprint = textFingerprint
    self.statistics = statistics
  }

  /// True when there are text vectors for both sides.
  package var hasText: Bool { textFingerprint != "none" }
}

/// Why a run is made.
package enum Stage: String, Sendable {
  case tuning, final, sweep
}

/// A run that the plan asks for.
package struct PlannedRun: Sendable {
  /// Why.
  package var stage: Stage
  /// The row it belongs to, as an index into `Schedule.kinds`.
  package var kind: Int
  /// The run; nil while tuning has not yet chosen its options.
  package var definition: RunDefinition?
  /// The identity of the definition.
  package var id: String?

  /// How its line is labelled.
  package func label(_ kinds: [ExperimentKind]) -> RunRecord.Label {
    RunRecord.Label(stage: stage.rawValue, model: kinds[kind].model, alignment: kinds[kind].alignment)
  }
}

/// The cell that tuning chose for a row.
package struct TunedCell: Sendable, Equatable {
  /// Options of the cell; empty where nothing is tuned.
  package var settings: [Setting]
  /// Mean validation Recall@20 of every tried cell in order, nil where a run failed; empty where nothing is tuned.
  package var scores: [Double?]
  /// All cells that were tried, in the same order.
  package var cells: [[Setting]]
}

/// Everything that a plan asks for, in the plan's order.
package struct Schedule: Sendable {
  /// What tuning looks at, on the validation split.
  package static let criterion = MetricName(.recall, 20)

  /// The plan.
  package let plan: ExperimentPlan
  /// Its rows.
  package let kinds: [ExperimentKind]
  let identities: [DataIdentity]
  private let cells: [[[Setting]]]

  /// Expands a plan and checks every option of every run before anything runs.
  /// - Parameters:
  ///   - plan: the plan.
  ///   - identities: what is known of each data set, in the plan's order.
  /// - Throws: `ExperimentError.badPlan`, or `TrainingError.textMissing` where an alignment has nothing to align with.
  package init(plan: ExperimentPlan, identities: [DataIdentity]) throws {
    precondition(identities.count == plan.data.count, "one identity for each data set is needed")
    self.plan = plan
    self.identities = identities
    kinds = plan.kinds
    cells = try kinds.map { kind throws(ExperimentError) in try plan.cells(of: kind) }
    for (index, kind) in kinds.enumerated() {
      if case .model(_, let alignment) = kind.subject, let name = alignment.name, !identities[kind.dataIndex].hasText {
        throw TrainingError.textMissing(neededBy: "\(name)' on data '\(kind.data.name)")
      }
      for cell in cells[index] { _ = try checkedDefinition(index, cell: cell, seed: 0, evaluatesTest: true) }
      for sweep in sweeps(of: kind) {
        for value in sweep.axis.values {
          let cell = (cells[index].first ?? []) + [Setting(sweep.axis.option, value)]
          _ = try checkedDefinition(index, cell: cell, seed: 0, evaluatesTest: true)
        }
      }
    }
  }

  /// The first cell that is tried for a row.
  func firstCell(_ kind: Int) -> [Setting] { cells[kind].first ?? [] }

  /// The sweeps of a row.
  package func sweeps(of kind: ExperimentKind) -> [ExperimentPlan.Sweep] {
    plan.sweeps.filter {
      ($0.data == nil || $0.data == kind.data.name) && $0.model == kind.model && $0.alignment == kind.alignment
    }
  }

  private func checkedDefinition(
    _ kind: Int, cell: [Setting], seed: UInt64, evaluatesTest: Bool
  ) throws -> RunDefinition {
    do {
      return try definition(kind, cell: cell, seed: seed, evaluatesTest: evaluatesTest)
    } catch let error as ExperimentError {
      throw error
    } catch let error as any DescribedFailure {
      let options = cell.map(\.text).joined(separator: " ")
      throw ExperimentError.badPlan(
        member: kinds[kind].text + (options.isEmpty ? "" : " (\(options))"), reason: error.description)
    }
  }

  /// One run of a row.
  package func definition(
    _ kind: Int, cell: [Setting], seed: UInt64, evaluatesTest: Bool
  ) throws -> RunDefinition {
    let row = kinds[kind]
    let work: RunDefinition.Work
    switch row.subject {
    case .model(let model, let alignment):
      work = .training(try plan.configuration(model: model, alignment: alignment, cell: cell, seed: seed))
    case .baseline(let baseline):
      work = try BaselineRuns.work(baseline: baseline, cell: cell, seed: seed)
    }
    let identity = identities[row.dataIndex]
    return RunDefinition(
      dataName: row.data.name, dataWords: row.data.words, splitSeed: row.data.splitSeed,
      fingerprint: identity.fingerprint, textFingerprint: identity.textFingerprint, work: work,
      evaluatesTest: evaluatesTest)
  }

  /// The tuning runs of one cell of a row, one for each tuning seed.
  private func tuningRuns(_ kind: Int, cell: [Setting]) throws -> [RunDefinition] {
    try (plan.tuning?.seeds ?? []).map { seed in
      try definition(kind, cell: cell, seed: seed, evaluatesTest: false)
    }
  }

  /// The cell with the best mean validation Recall@20; of equal ones the earlier.
  ///
  /// A cell of which a run failed is out. Nil while a run is missing, and when every cell failed.
  /// - Parameter records: finished runs by identity.
  package func tunedCell(_ kind: Int, records: [String: RunRecord]) throws -> TunedCell? {
    let cells = cells[kind]
    guard cells.count > 1 else { return TunedCell(settings: cells.first ?? [], scores: [], cells: cells) }
    var scores: [Double?] = []
    var best: (index: Int, score: Double)?
    for (index, cell) in cells.enumerated() {
      var sum = 0.0
      var hasFailed = false
      let runs = try tuningRuns(kind, cell: cell)
      for run in runs {
        guard let record = records[run.id] else { return nil }
        if let value = record.metric(Self.criterion, split: "validation"), record.failure == nil {
          sum += value
        } else {
          hasFailed = true
        }
      }
      let mean = sum / Double(max(1, runs.count))
      scores.append(hasFailed ? nil : mean)
      if !hasFailed && mean > best?.score ?? -.infinity { best = (index, mean) }
    }
    guard let best else { return nil }
    return TunedCell(settings: cells[best.index], scores: scores, cells: cells)
  }

  /// The final runs of a row, one for each seed, given its cell.
  package func finalRuns(_ kind: Int, cell: [Setting]) throws -> [RunDefinition] {
    try plan.seeds.map { try definition(kind, cell: cell, seed: $0, evaluatesTest: true) }
  }

  /// The runs of a sweep, `[values][seeds]`, given the row's cell.
  package func sweepRuns(_ kind: Int, sweep: ExperimentPlan.Sweep, cell: [Setting]) throws -> [[RunDefinition]] {
    try sweep.axis.values.map { value in
      try finalRuns(kind, cell: cell + [Setting(sweep.axis.option, value)])
    }
  }

  /// All runs: tuning, then final runs, then sweeps, each in the order of the rows, none of them twice.
  ///
  /// Runs whose options tuning has yet to choose are there without definition. Rows of which every cell failed have no
  /// further runs.
  /// - Parameter records: finished runs by identity.
  package func runs(records: [String: RunRecord]) throws -> [PlannedRun] {
    var runs: [PlannedRun] = []
    var seen: Set<String> = []
    func add(_ stage: Stage, _ kind: Int, _ definition: RunDefinition) {
      let id = definition.id
      guard seen.insert(id).inserted else { return }
      runs.append(PlannedRun(stage: stage, kind: kind, definition: definition, id: id))
    }
    var isTuning: [Bool] = []
    var chosen: [TunedCell?] = []
    for kind in kinds.indices {
      chosen.append(try tunedCell(kind, records: records))
      var isOpen = false
      if cells[kind].count > 1 {
        for cell in cells[kind] {
          for run in try tuningRuns(kind, cell: cell) {
            add(.tuning, kind, run)
            isOpen = isOpen || records[run.id] == nil
          }
        }
      }
      isTuning.append(isOpen)
    }
    for kind in kinds.indices {
      if let cell = chosen[kind] {
        for run in try finalRuns(kind, cell: cell.settings) { add(.final, kind, run) }
      } else if isTuning[kind] {
        runs += plan.seeds.map { _ in PlannedRun(stage: .final, kind: kind) }
      }
    }
    for kind in kinds.indices {
      for sweep in sweeps(of: kinds[kind]) {
        if let cell = chosen[kind] {
          for run in try sweepRuns(kind, sweep: sweep, cell: cell.settings).joined() { add(.sweep, kind, run) }
        } else if isTuning[kind] {
          let count = sweep.axis.values.count * plan.seeds.count
          runs += (0..<count).map { _ in PlannedRun(stage: .sweep, kind: kind) }
        }
      }
    }
    return runs
  }
}
