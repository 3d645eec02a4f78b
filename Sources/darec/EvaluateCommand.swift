// darec evaluate: metrics of a saved model on its held-out interactions.

import ArgumentParser
import Evaluation
import Files
import ModelFile
import Numerics
import Training

/// `darec evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Rank all items for every user and compare with held-out interactions.",
    discussion: "Example: darec evaluate Models/sample --split test --format json")

  @Argument(help: "Directory of the model.") var model: String

  @Option(help: "test or validation.") var split: String = "test"

  @Option(help: "table or json.") var format: String = "table"

  @Option(help: "Another model of the same data, whose metrics stand beside.") var against: String?

  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    try threadArguments.apply()
    guard ["table", "json"].contains(format) else {
      throw CommandFailure.usage("--format takes table or json, not '\(format)'")
    }
    let bundle = try Bundle.load(model)
    let base = try against.map { try Bundle.load($0) }
    if let base, let what = bundle.difference(from: base) {
      throw CommandFailure.badFile(
        "\(bundle.name) and \(base.name) have other \(what); --against takes a model of the same data")
    }
    let (name, report) = try evaluate(bundle, at: model)
    let other = try base.map { try evaluate($0, at: against ?? "") }
    if format == "json" {
      var members: [JSONValue.Member] = [
        .init("schema", .string("darec/evaluation/1")), .init("model", .string(name)),
        .init("split", .string(splitName)), .init("metrics", report.json),
      ]
      if let other {
        members.append(.init("against", .object([.init("model", .string(other.0)), .init("metrics", other.1.json)])))
      }
      try Console.output(try JSONValue.object(members).serialized(.pretty) + [0x0A])
    } else {
      let lines =
        other.map { MetricTable.comparison(splitName, (name, report), $0) } ?? MetricTable.table(splitName, report)
      try Console.output(Array((lines.joined(separator: "\n") + "\n").utf8))
    }
  }

  private var splitName: String { split == "valid" ? "validation" : split }

  /// The name of a model and its metrics on the split.
  private func evaluate(_ bundle: Bundle, at path: String) throws -> (String, RankingReport) {
    let relevant: CSRMatrix?
    switch splitName {
    case "test": relevant = bundle.test
    case "validation": relevant = bundle.validation
    default: throw CommandFailure.usage("--split takes test or validation, not '\(split)'")
    }
    guard let relevant else {
      throw CommandFailure.notHeld(
        "\(path): the model holds no \(splitName) interactions; it was trained without that split; "
          + "try --split \(splitName == "test" ? "validation" : "test")")
    }
    let report = FullRanking(training: bundle.interactions, relevant: relevant).evaluate(
      users: bundle.finalUsers, items: bundle.finalItems)
    return (bundle.name, report)
  }
}
