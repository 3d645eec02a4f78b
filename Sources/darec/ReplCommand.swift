// darec MODEL: the prompt, a script, or commands from the command line.

import ArgumentParser
import Shell

/// `darec repl MODEL`, which `darec MODEL` stands for.
struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Ask a model questions: at a prompt, from a script, or with -c.",
    discussion: """
      Examples: darec Models/sample
                darec Models/sample -c 'recommend 1' -c 'similar item 7'
                darec Models/sample -c '.mode csv' -f questions.txt
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
    name: [.customShort("f"), .customLong("file")],
    help: "Run the commands of this file, after those of -c, and end; - is standard input; may be repeated.",
    completion: .file())
  var files: [String] = []

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
  @OptionGroup var mapping: MappingArguments
  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    var run = ReplRun(model: model)
    run.commands = commands
    run.files = files
    run.mode = mode
    run.modeOption = ReplRun.modeOption(in: CommandLine.arguments)
    run.color = color
    run.keepGoing = keepGoing
    run.echo = echo
    run.timer = timer
    run.quiet = quiet
    run.startupFile = self.`init`
    run.noStartupFile = noInit
    run.threads = threadArguments.threads
    run.mapped = mapping.mmap
    try run.run()
  }
}
