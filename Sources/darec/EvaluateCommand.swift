// darec evaluate: metrics of a saved model on its held-out interactions.

import ArgumentParser
import Engine
import Evaluation
import Files
import ModelFile
import Numerics
import Shell
import Training

/// `darec evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Rank all items for every user and compare with held-out interactions.",
    discussion: """
      Examples: darec evaluate Models/sample --split test --format json
                darec evaluate Models/sample --explanations

      --explanations measures explanations instead: what scores lose without the past items that are named and keep with \
      them alone, against random subsets and those nearest by text; whether counterfactual sets do what they say; and \
      whether the two sides agree in their shared parts and not in their specific ones.
      """)

  @Argument(help: "Directory of the model.") var model: String

  @Option(help: "test or validation.") var split: String = "test"

  @Option(help: "table or json.") var format: String = "table"

  @Option(help: "Another model of the same data, whose metrics stand beside.") var against: String?

  @Flag(help: "Measure explanations instead of rankings.") var explanations = false

  @Option(help: "Recommendations that are explained, with --explanations.") var cases: Int = 500

  @Option(help: "Length of the lists they are taken from, with --explanations.") var top: Int = 10

  @Flag(help: "Explain each user's first recommendation, not one drawn from the list, with --explanations.")
  var onlyFirst = false

  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    try threadArguments.apply()
    guard ["table", "json"].contains(format) else {
      throw CommandFailure.usage("--format takes table or json, not '\(format)'")
    }
    let bundle = try Bundle.load(model)
    if explanations { return try measureExplanations(of: bundle) }
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

  private func measureExplanations(of bundle: Bundle) throws {
    guard against == nil else { throw CommandFailure.usage("--explanations takes one model, without --against") }
    var options = ExplanationQualityOptions()
    options.cases = cases
    options.top = top
    options.onlyFirst = onlyFirst
    InterruptSignal.install(secondEndsProcess: true)
    let progress = ProgressBar(label: "explaining", unit: "cases")
    defer { progress.finish() }
    let answer = try Engine(bundle: bundle).explanationQuality(options, cancellation: InterruptSignal.cancellation) {
      progress.show($0, of: $1)
    }
    progress.clear()
    var shown = RenderOptions()
    shown.maximumRows = 0
    if Terminal.isTerminal(1) {
      shown.isTerminal = true
      shown.width = Terminal.width(1) ?? 80
    }
    try Console.output(AnswerRenderer.render(answer, mode: format == "json" ? .json : .table, options: shown))
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
