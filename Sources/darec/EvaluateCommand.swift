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

  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    try threadArguments.apply()
    guard ["table", "json"].contains(format) else {
      throw CommandFailure.usage("--format takes table or json, not '\(format)'")
    }
    let bundle = try Bundle.load(model)
    let relevant: CSRMatrix?
    switch split {
    case "test": relevant = bundle.test
    case "validation", "valid": relevant = bundle.validation
    default: throw CommandFailure.usage("--split takes test or validation, not '\(split)'")
    }
    guard let relevant else {
      throw CommandFailure.notHeld(
        "\(model): the model holds no \(split) interactions; it was trained without that split")
    }
    let report = FullRanking(training: bundle.interactions, relevant: relevant).evaluate(
      users: bundle.finalUsers, items: bundle.finalItems)
    if format == "json" {
      let value: JSONValue = .object([
        .init("schema", .string("darec/evaluation/1")), .init("model", .string(bundle.name)),
        .init("split", .string(split == "valid" ? "validation" : split)), .init("metrics", report.json),
      ])
      try Console.output(try value.serialized(.pretty) + [0x0A])
    } else {
      try Console.output(Array((MetricTable.table(split, report).joined(separator: "\n") + "\n").utf8))
    }
  }
}
