// One row of the results: the final runs of a model with an alignment, or of a baseline.

import Evaluation
import Files

/// The results of one row, seeds side by side.
struct SummaryRow {
  /// What it is.
  let kind: ExperimentKind
  /// The chosen cell; nil while tuning goes on or when every cell failed.
  let cell: TunedCell?
  /// Final runs in the order of the seeds; nil where one is missing.
  let runs: [RunRecord?]
  /// Metrics of every test user for each seed; nil while one is missing.
  let users: [UserMetrics]?

  /// Runs that finished, in the order of the seeds.
  var finished: [RunRecord] { runs.compactMap { $0 }.filter { $0.failure == nil } }

  /// Messages of runs that failed.
  var failures: [String] { runs.compactMap { $0?.failure } }

  /// The values of a number in every run; nil while a run is missing or without it.
  /// - Parameter path: the keys that lead to it below `results`.
  func values(_ path: [String]) -> [Double]? {
    let values = runs.map { record -> Double? in
      guard let record, record.failure == nil else { return nil }
      var value: JSONValue? = record.results
      for key in path { value = value?[key] }
      return value?.double
    }
    let known = values.compactMap { $0 }
    return known.count == values.count && !known.isEmpty ? known : nil
  }

  /// Mean over the seeds; nil while a run is missing.
  func mean(_ path: [String]) -> Double? {
    values(path).map { values in values.reduce(0, +) / Double(values.count) }
  }

  /// Width of the vectors of finished runs, as their definitions name it; nil for what has none, such as item weights.
  var width: String? {
    let work = finished.first?.definition["work"]
    return (work?["training"]?["model_options"] ?? work?["options"])?["dimension"]?.string
  }

  /// Names of the members of an object in the first finished run, in their order.
  func keys(_ member: String) -> [String] { finished.first?.results[member]?.object?.map(\.key) ?? [] }

  /// Gathers the final runs of a row.
  init(_ index: Int, schedule: Schedule, records: [String: RunRecord], folder: ExperimentFolder) throws {
    kind = schedule.kinds[index]
    cell = try schedule.tunedCell(index, records: records)
    let definitions = try cell.map { try schedule.finalRuns(index, cell: $0.settings) } ?? []
    runs = cell == nil ? schedule.plan.seeds.map { _ in nil } : definitions.map { records[$0.id] }
    users = Self.users(of: runs, folder: folder)
  }

  /// Metrics of the test users of finished runs; nil while a run or its file is missing.
  static func users(of runs: [RunRecord?], folder: ExperimentFolder) -> [UserMetrics]? {
    var all: [UserMetrics] = []
    for record in runs {
      guard
        let record, record.failure == nil,
        let metrics = try? UserMetrics(path: UserMetrics.path(folder: folder.path, id: record.id))
      else { return nil }
      all.append(metrics)
    }
    return all.isEmpty ? nil : all
  }
}
