// What the query verbs share: the model, the format, the file.

import ArgumentParser
import Engine
import Files
import Glibc
import ModelFile
import Shell

/// `MODEL --format F --output FILE`.
struct QueryArguments: ParsableArguments {
  @Argument(help: "Directory of the model.", completion: .directory) var model: String

  @Option(
    help: "Output format: \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")).",
    completion: WordCompletion.modes)
  var format: String?

  @Option(
    help: "Write to this file, replaced at once when all is written; a device or a pipe is written directly.",
    completion: .file())
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
///
/// What is there and is no file, such as a device or a pipe, is written directly: it cannot be replaced.
final class AnswerSink {
  private enum Target {
    case standardOutput
    case file(AtomicFile)
    case direct(path: String, descriptor: Int32)
  }

  private let target: Target

  /// Opens a file, or standard output for nil and `-`.
  init(path: String?) throws {
    guard let path, path != "-" else {
      target = .standardOutput
      return
    }
    if let descriptor = try Self.openDirectly(path) {
      target = .direct(path: path, descriptor: descriptor)
    } else {
      target = .file(try AtomicFile(path: path))
    }
  }

  deinit { if case .direct(_, let descriptor) = target { close(descriptor) } }

  /// True when an older file stays until all is written.
  var replacesFile: Bool {
    if case .file = target { return true }
    return false
  }

  /// A descriptor for what is neither missing nor a regular file nor a folder; nil for those.
  private static func openDirectly(_ path: String) throws -> Int32? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFREG && kind != S_IFDIR else { return nil }
    let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ShellError.writeFailed(path: path, reason: FileError.reason(errno)) }
    return descriptor
  }

  /// Writes bytes.
  func write(_ bytes: [UInt8]) throws {
    switch target {
    case .standardOutput: try Console.output(bytes)
    case .file(let file): try file.write(bytes)
    case .direct(let path, let descriptor):
      guard let failure = Console.write(bytes, to: descriptor) else { return }
      if failure == EPIPE { throw EndedWith(status: .brokenPipe) }
      throw ShellError.writeFailed(path: path, reason: FileError.reason(failure))
    }
  }

  /// Makes the file visible.
  func finish() throws {
    if case .file(let file) = target { try file.commit() }
  }

  /// Leaves the old file as it was.
  func abandon() {
    if case .file(let file) = target { file.abandon() }
  }
}
