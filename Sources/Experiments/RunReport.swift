// What the process of a run tells the one that started it.

import Evaluation
import Files

/// The result of a run on its way between two processes.
package struct RunReport: Sendable {
  /// The program's version and instruction set.
  package var environment: JSONValue
  /// What went wrong; nil for a run that finished.
  package var failure: String?
  /// Metrics, epochs, curves.
  package var results: JSONValue = .object([JSONValue.Member]())
  /// Times and memory.
  package var costs: JSONValue = .object([JSONValue.Member]())

  /// A report of a run.
  package init(environment: JSONValue) { self.environment = environment }

  /// The report as one line of JSON.
  package var json: JSONValue {
    .object([
      .init("environment", environment), .init("failure", failure.map { .string($0) } ?? .null),
      .init("results", results), .init("costs", costs),
    ])
  }

  /// Reads a report; nil where there is none, or half of one.
  init?(path: String) {
    guard
      let json = try? JSONValue.read(path), let environment = json["environment"], let results = json["results"],
      let costs = json["costs"]
    else { return nil }
    self.environment = environment
    failure = json["failure"]?.string
    self.results = results
    self.costs = costs
  }
}
