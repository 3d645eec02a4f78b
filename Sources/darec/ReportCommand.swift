// darec report: a model or an experiment as one HTML page.

import ArgumentParser
import Files
import ModelFile
import Report

/// `darec report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write one HTML page about a model: metrics, curves, maps, what text adds.",
    discussion: """
      The page holds everything itself (no script, nothing loaded) and can be printed. Equal models give equal bytes.

      Example: darec report Models/sample --out sample.html
               darec report Models/demo --against Models/demo-base --out demo.html
      """)

  @Argument(help: "Directory of the model.") var model: String

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
    let bundle = try Bundle.load(model)
    let base = try against.map { try Bundle.load($0) }
    let report = try ModelReport(bundle, against: base, options: options)
    // Opened before the long work would be better still, but an unwritable place is known within seconds.
    let sink = try AnswerSink(path: out)
    try sink.write(report.page().bytes)
    try sink.finish()
  }
}
