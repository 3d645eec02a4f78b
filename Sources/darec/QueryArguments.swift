// What the query verbs share: the model, the format, the file.

import ArgumentParser
import Engine
import Files
import ModelFile
import Shell

/// `MODEL --format F --output FILE`.
struct QueryArguments: ParsableArguments {
  @Argument(help: "Directory of the model.", completion: .directory) var model: String

  @Option(
    help: "Output format: \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")).",
    completion: WordCompletion.modes)
  var format: String?

  @Option(help: "Write to this file, replaced at once when all is written.", completion: .file())
  var output: String?

  @OptionGroup var mapping: MappingArguments
  @OptionGroup var threadArguments: ThreadArguments

  /// Opens the model.
  func engine() throws -> Engine {
    try threadArguments.apply()
    return Engine(bundle: try Bundle.load(model, mapped: mapping.mmap))
  }

  /// The format asked for, or a default.
  func mode(default fallback: OutputMode) throws -> OutputMode {
    guard let format else { return fallback }
    guard let mode = OutputMode(rawValue: format) else {
      throw CommandFailure.usage(
        "--format takes \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")), not '\(format)'")
    }
    return mode
  }

  /// How tables are drawn for the place the answer goes to.
  var renderOptions: RenderOptions {
    var options = RenderOptions()
    let terminal = output == nil && Terminal.isTerminal(1)
    options.isTerminal = terminal
    if terminal {
      options.width = Terminal.width(1) ?? 80
      options.color = Terminal.usesColor(1, choice: .auto) { Terminal.environment($0) }
    }
    return options
  }

  /// Writes one answer where it is wanted.
  /// - Parameters:
  ///   - answer: what to write.
  ///   - fallback: the mode without `--format`.
  ///   - brief: what tables leave out; nil for nothing.
  func write(_ answer: Answer, default fallback: OutputMode = .table, brief: BriefForm? = nil) throws {
    let sink = try AnswerSink(path: output)
    var options = renderOptions
    options.brief = brief
    try sink.write(AnswerRenderer.render(answer, mode: try mode(default: fallback), options: options))
    try sink.finish()
  }
}

/// Standard output, or a file that is replaced when everything has been written.
final class AnswerSink {
  private let file: AtomicFile?

  /// Opens a file, or standard output for nil and `-`.
  init(path: String?) throws {
    file = try path.flatMap { $0 == "-" ? nil : try AtomicFile(path: $0) }
  }

  /// Writes bytes.
  func write(_ bytes: [UInt8]) throws {
    if let file { try file.write(bytes) } else { try Console.output(bytes) }
  }

  /// Makes the file visible.
  func finish() throws { try file?.commit() }

  /// Leaves the old file as it was.
  func abandon() { file?.abandon() }
}
