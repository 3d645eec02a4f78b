// darec report: a model or an experiment as one HTML page.

import ArgumentParser
import Files
import ModelFile
import Report

/// `darec report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one HTML page about a model or an experiment: metrics, curves, maps, what text adds.",
    discussion: """
      The page holds everything itself (no script, nothing loaded) and can be printed. Equal models give equal bytes.

      Example: darec report Models/sample --out sample.html
               darec report Models/demo --against Models/demo-base --out demo.html
               darec report Experiments/first --out first.html
      """)

  @Argument(help: "Directory of the model, or of an experiment.") var model: String

  @Option(help: "A model of the same data to stand beside it, such as the base model without alignment.")
  var against: String?

  @Option(help: "Write to this file, replaced at once when all is written; - for standard output.") var out: String

  @Option(help: "How spaces are mapped: \(MapMethod.allCases.map(\.rawValue).joined(separator: " or ")).")
  var map: String = MapMethod.tsne.rawValue

  @Option(help: "Users and items on a map, at most \(ModelReport.Options.pointLimit).") var points: Int?

  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    try threadArguments.apply()
    var options = ModelReport.Options()
    guard let method = MapMethod(rawValue: map) else {
      let names = MapMethod.allCases.map(\.rawValue).joined(separator: " or ")
      throw CommandFailure.usage("--map takes \(names), not '\(map)'")
    }
    options.map = method
    if let points {
      guard (10...ModelReport.Options.pointLimit).contains(points) else {
        throw CommandFailure.usage("--points must be from 10 to \(ModelReport.Options.pointLimit)")
      }
      options.points = points
    }
    // The place is opened first: that it cannot be written should be known before the long work.
    let sink = try AnswerSink(path: out)
    try sink.write(page(options).bytes)
    try sink.finish()
  }

  private func page(_ options: ModelReport.Options) throws -> Page {
    if ExperimentReport.isExperiment(model) {
      guard against == nil else {
        throw CommandFailure.usage("--against stands beside a model; an experiment compares by itself")
      }
      return try ExperimentReport(folder: model).page()
    }
    let base = try against.map { try Bundle.load($0) }
    return try ModelReport(Bundle.load(model), against: base, options: options).page()
  }
}
