// What `darec MODEL` does, whoever has read its command line.

import Engine
import Files
import ModelFile
import Numerics
import Shell

/// The arguments of `darec MODEL` and what follows from them.
struct ReplRun {
  var model: String
  var commands: [String] = []
  /// Scripts in the order they run, after the commands; `-` is standard input.
  var files: [String] = []
  var mode = "table"
  /// The option that has named the mode, as it was typed.
  var modeOption = "--mode"
  var color = "auto"
  var keepGoing = false
  var echo = false
  var timer = false
  var quiet = false
  var startupFile: String?
  var noStartupFile = false
  var threads: Int?
  var mapped = false

  /// The run of a command.
  init(model: String) { self.model = model }

  /// Reads the plain forms of the command line: what scripts start a hundred times a second.
  ///
  /// The argument parser builds the tables of all verbs and options first, which takes longer than the answer. Whatever
  /// is not plain (a value that begins with a dash, an option in another form, any mistake) gives nil and is the
  /// parser's; the two read what both accept in the same way.
  init?(plain words: [String]) {
    guard let model = words.first, !model.hasPrefix("-") else { return nil }
    self.init(model: model)
    var rest = words.dropFirst()
    while let word = rest.popFirst() {
      switch word {
      case "-c", "--command":
        guard let command = rest.popFirst() else { return nil }
        commands.append(command)
      case "-f", "--file", "--mode", "--format", "--threads":
        guard let value = rest.popFirst(), value == "-" || !value.hasPrefix("-") else { return nil }
        switch word {
        case "-f", "--file": files.append(value)
        case "--threads":
          guard let count = Int(value) else { return nil }
          threads = count
        default:
          mode = value
          modeOption = word
        }
      case "--keep-going": keepGoing = true
      case "--echo": echo = true
      case "--timer": timer = true
      case "--quiet", "-q": quiet = true
      case "--no-init": noStartupFile = true
      case "--mmap": mapped = true
      default: return nil
      }
    }
  }

  /// The option that names the mode in a command line: the parser gives its value only.
  static func modeOption(in words: [String]) -> String {
    let names = ["--mode", "--format"]
    let last = words.last { word in names.contains { word == $0 || word.hasPrefix($0 + "=") } }
    return names.first { last?.hasPrefix($0) ?? false } ?? "--mode"
  }

  /// Opens the model and runs the prompt, or the commands and the scripts.
  func run() throws {
    try ThreadArguments.apply(threads)
    var options = SessionOptions()
    guard let mode = OutputMode(rawValue: mode) else {
      throw CommandFailure.usage(
        "\(modeOption) takes \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")), not '\(mode)'")
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
    for file in files where file != "-" && !FileReader.exists(file) { throw FileError.missing(path: file) }
    if let path = startupFile, !FileReader.exists(path) { throw FileError.missing(path: path) }
    if startupFile != nil && noStartupFile { throw CommandFailure.usage("give --init FILE or --no-init, not both") }
    options.startupFile = noStartupFile ? nil : startupFile ?? StartupFile.location { Terminal.environment($0) }
    let mapped = mapped
    options.openModel = { Engine(bundle: try Bundle.load($0, mapped: mapped)) }
    let engine = Engine(bundle: try Bundle.load(model, mapped: mapped))
    let session = Session(engine: engine, options: options)
    let status: ExitStatus
    if !commands.isEmpty || !files.isEmpty {
      status = session.run(commands: commands, scripts: files)
    } else if Session.isInteractive() {
      status = session.runInteractive()
    } else {
      status = session.runScript(fileDescriptor: 0)
    }
    let code = session.exitCode != 0 ? session.exitCode : status.rawValue
    if code != 0 { throw EndedWith(code: code) }
  }
}
