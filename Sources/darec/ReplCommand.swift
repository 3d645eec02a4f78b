// darec MODEL: the prompt, a script, or commands from the command line.

import ArgumentParser
import Engine
import Files
import ModelFile
import Shell

/// `darec repl MODEL`, which `darec MODEL` stands for.
struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Ask a model questions: at a prompt, from a script, or with -c.",
    discussion: """
      Examples: darec Models/sample
                darec Models/sample -c 'recommend 1' -c 'similar item 7'
                darec Models/sample --mode jsonl < questions.txt > answers.jsonl

      In a script the first error stops, names FILE:LINE and gives exit code 1; --keep-going goes on. '.help' at the \
      prompt lists the verbs.
      """)

  @Argument(help: "Directory of the model.", completion: .directory) var model: String

  @Option(
    name: [.customShort("c"), .customLong("command")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Run this command and end; may be repeated.", valueName: "query"),
    completion: WordCompletion.query)
  var commands: [String] = []

  @Option(
    name: [.customShort("f"), .customLong("file")], help: "Run the commands of this file and end.",
    completion: .file())
  var file: String?

  @Option(
    name: [.customLong("mode"), .customLong("format")],
    help: "Output mode at the start: \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")).",
    completion: WordCompletion.modes)
  var mode: String = "table"

  @Option(help: "Colour: auto, always or never.", completion: .list(ColorChoice.allCases.map(\.rawValue)))
  var color: String = "auto"
  @Flag(help: "Go on after an error in a script; the exit code is still 1.") var keepGoing = false
  @Flag(help: "Print each command to standard error before it runs.") var echo = false
  @Flag(help: "Print the time of each query to standard error.") var timer = false
  @Flag(name: .shortAndLong, help: "No banner.") var quiet = false
  @Option(
    help: "Run this file before the first prompt, instead of $XDG_CONFIG_HOME/darec/init or ~/.config/darec/init.",
    completion: .file())
  var `init`: String?
  @Flag(help: "Run no file before the first prompt.") var noInit = false
  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    try threadArguments.apply()
    var options = SessionOptions()
    guard let mode = OutputMode(rawValue: mode) else {
      throw CommandFailure.usage(
        "--mode takes \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")), not '\(mode)'")
    }
    guard let color = ColorChoice(rawValue: color) else {
      throw CommandFailure.usage("--color takes auto, always or never, not '\(color)'")
    }
    options.mode = mode
    options.color = color
    options.keepGoing = keepGoing
    options.echo = echo
    options.timer = timer
    options.quiet = quiet
    options.version = darecVersion
    // A missing script is found before the model is loaded.
    if let file, !FileReader.exists(file) { throw FileError.missing(path: file) }

    if let path = self.`init`, !FileReader.exists(path) { throw FileError.missing(path: path) }
    if self.`init` != nil && noInit { throw CommandFailure.usage("give --init FILE or --no-init, not both") }
    options.startupFile = noInit ? nil : self.`init` ?? StartupFile.location { Terminal.environment($0) }
    let engine = Engine(bundle: try Bundle.load(model))
    let session = Session(engine: engine, options: options)
    let status: ExitStatus
    if !commands.isEmpty || file != nil {
      var last = ExitStatus.success
      if !commands.isEmpty { last = session.runCommands(commands) }
      if let file, last == .success || keepGoing { last = session.runScript(path: file) }
      status = last
    } else if Session.isInteractive() {
      status = session.runInteractive()
    } else {
      status = session.runScript(fileDescriptor: 0)
    }
    let code = session.exitCode != 0 ? session.exitCode : status.rawValue
    if code != 0 { throw EndedWith(code: code) }
  }
}
