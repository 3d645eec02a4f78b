// One finished run: a line of runs.jsonl.

import Evaluation
import Files

/// A finished or failed run with its results.
package struct RunRecord: Sendable {
  /// The schema of a line.
  package static let schema = "darec/experiment-run/1"

  /// Why a run was made; the first reason where there are several.
  package struct Label: Sendable, Equatable {
    /// `tuning`, `final` or `sweep`.
    package var stage: String
    /// Label of the model or the baseline.
    package var model: String
    /// Label of the alignment; nil for a baseline.
    package var alignment: String?
  }

  /// Identity of the definition in the version that ran it; names the file of per-user metrics.
  package var id: String
  /// Why it was made.
  package var label: Label
  /// What was run.
  package var definition: JSONValue
  /// The program's version and instruction set.
  package var environment: JSONValue
  /// What went wrong; nil for a run that finished.
  package var failure: String?
  /// Metrics, epochs, curves; an empty object for a failed run.
  package var results: JSONValue
  /// Times and memory: what may differ from run to run.
  package var costs: JSONValue

  /// Describes a run that ended.
  package init(
    id: String, label: Label, definition: JSONValue, environment: JSONValue, failure: String?, results: JSONValue,
    costs: JSONValue
  ) {
    self.id = id
    self.label = label
    self.definition = definition
    self.environment = environment
    self.failure = failure
    self.results = results
    self.costs = costs
  }

  /// The line as JSON; `init(json:)` reads it back.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("schema", .string(Self.schema)), .init("id", .string(id)), .init("stage", .string(label.stage)),
      .init("model", .string(label.model)), .init("alignment", label.alignment.map { .string($0) } ?? .null),
      .init("status", .string(failure == nil ? "done" : "failed")),
    ]
    if let failure { members.append(.init("message", .string(failure))) }
    members += [
      .init("definition", definition), .init("environment", environment), .init("results", results),
      .init("costs", costs),
    ]
    return .object(members)
  }

  /// Reads a line; nil when it is not one of this schema.
  package init?(json: JSONValue) {
    guard
      json["schema"]?.string == Self.schema, let id = json["id"]?.string, Self.isIdentity(id),
      let stage = json["stage"]?.string, let model = json["model"]?.string, let status = json["status"]?.string,
      let definition = json["definition"], let results = json["results"], let costs = json["costs"]
    else { return nil }
    self.id = id
    label = Label(stage: stage, model: model, alignment: json["alignment"]?.string)
    self.definition = definition
    environment = json["environment"] ?? .null
    failure = status == "done" ? nil : json["message"]?.string ?? "failed"
    self.results = results
    self.costs = costs
  }

  /// An identity is part of a file's name: nothing but its sixteen digits may reach the file system.
  private static func isIdentity(_ text: String) -> Bool {
    text.utf8.count == 16 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// A metric of a split; nil where the run did not measure it.
  package func metric(_ name: MetricName, split: String) -> Double? { results[split]?[name.text]?.double }
}
