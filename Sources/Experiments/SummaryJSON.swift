// summary.json: everything that the tables show, for the report page and for other programs.

import Evaluation
import Files

extension ExperimentSummary {
  /// The schema of `summary.json`.
  static let schema = "darec/experiment-summary/1"

  /// Everything as JSON.
  var json: JSONValue {
    .object([
      .init("schema", .string(Self.schema)),
      .init(
        "data",
        .array(
          zip(plan.data, identities).map { source, identity in
            .object([
              .init("name", .string(source.name)), .init("fingerprint", .string(identity.fingerprint)),
              .init("statistics", identity.statistics),
            ])
          })),
      .init("seeds", .array(plan.seeds.map { .string(String($0)) })),
      .init("subject", plan.report.subject.map { .string($0) } ?? .null),
      .init("resamples", .integer(plan.report.resamples)),
      .init("complete", .bool(rows.allSatisfy { !$0.runs.contains { $0 == nil } })),
      .init("findings", .array(findings.map(\.json))),
      .init("standings", .array(standings.map(\.json))),
      .init("rows", .array(rows.map(\.json))),
      .init("comparisons", .array(comparisons.map(\.json))),
      .init("sweeps", .array(sweeps.map(\.json))),
    ])
  }
}

extension SummaryRow {
  /// Parts of a run's results whose means are kept.
  private static let parts = [
    "validation", "test", "beyond_accuracy", "user_degree", "item_popularity", "sampled_task",
  ]

  /// The row as JSON: what it is, its chosen cell, means over the seeds, curves of the first seed.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("data", .string(kind.data.name)), .init("model", .string(kind.model)),
      .init("alignment", kind.alignment.map { .string($0) } ?? .null),
    ]
    switch kind.subject {
    case .model(let model, let alignment):
      members += [
        .init("kind", .string("model")), .init("model_name", .string(model.name)),
        .init("alignment_name", .string(alignment.name ?? "none")),
        .init("text_control", .string(alignment.textControl ?? "none")),
      ]
    case .baseline(let baseline):
      members += [.init("kind", .string("baseline")), .init("model_name", .string(baseline.name))]
    }
    members += [
      .init("cell", cell.map { Self.object($0.settings) } ?? .null), .init("tuning", tuningJSON),
      .init("failures", .strings(failures)),
      .init(
        "per_seed",
        .object(
          UserMetrics.compared.map { name in
            .init(name.text, values(["test", name.text]).map { .array($0.map { .number($0) }) } ?? .null)
          })),
    ]
    for part in Self.parts { members.append(.init(part, means([part], finished.first?.results[part]))) }
    for name in ["curve", "balance"] { members.append(.init(name, finished.first?.results[name] ?? .null)) }
    return .object(members)
  }

  /// The tried cells with their mean validation Recall@20; null where nothing was tuned.
  private var tuningJSON: JSONValue {
    guard let cell, !cell.scores.isEmpty else { return .null }
    return .array(
      zip(cell.cells, cell.scores).map { settings, score in
        .object([
          .init("cell", Self.object(settings)),
          .init("validation_\(Schedule.criterion.text)", score.map { .number($0) } ?? .null),
        ])
      })
  }

  private static func object(_ settings: [Setting]) -> JSONValue {
    .object(settings.map { .init($0.name, .string($0.value)) })
  }

  /// The means over the seeds of every number below `path`, in the shape of one run.
  private func means(_ path: [String], _ shape: JSONValue?) -> JSONValue {
    guard let members = shape?.object else { return mean(path).map { .number($0) } ?? .null }
    return .object(members.map { .init($0.key, means(path + [$0.key], $0.value)) })
  }
}
