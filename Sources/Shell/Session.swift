// A conversation with a model: reads commands, asks, writes answers.

import Engine
import Files
import Glibc

/// Runs commands from a prompt, a script or the command line against one model.
///
/// Answers go to standard output (or to a file by `.output` and `.once`), everything else to standard error. A session
/// belongs to one thread; queries run on it and may use others.
package final class Session {
  /// What the process should end with; also codes of `.exit CODE` that `ExitStatus` has no name for.
  package private(set) var exitCode: Int32 = 0

  /// What answers now; `.open` replaces it.
  private(set) var engine: any QueryAnswering
  /// The same, for who completes words while the session runs.
  let model: OpenModel
  let options: SessionOptions
  var settings: SessionSettings
  let cancellation: Cancellation
  let standardOutput: BufferedOutput
  let standardError: BufferedOutput
  let outputIsTerminal: Bool
  let usesColor: Bool
  /// The user whom commands mean that name none, as set by `as`.
  var person: String? {
    didSet { model.person = person }
  }
  /// Where `.output` sends answers.
  var redirection: FileReplacement?
  /// Where `.once` sends the next answer.
  var once: FileReplacement?
  /// Commands typed, oldest first; empty in scripts.
  var history: HistoryFile?
  /// A signal that ended the conversation and still has to end the process.
  var pendingSignal: Int32?
  /// True at a prompt, false in a script of the command line.
  var isConversation = false
  /// Scripts being read, outermost first.
  private var scripts: [ScriptIdentity] = []
  private var hasFailed = false
  private let readDepthLimit = 16

  /// What happens after a line.
  enum Flow: Equatable {
    case proceed
    /// Leave the session; nil is the status of what has happened so far.
    case leave(Int32?)
    /// An error that has been reported ends the script.
    case stop(ExitStatus)
  }

  private struct ScriptIdentity {
    var path: String
    var device: UInt
    var inode: UInt
  }

  /// Creates a session; nothing is read or written yet.
  package init(engine: any QueryAnswering, options: SessionOptions = SessionOptions()) {
    self.engine = engine
    model = OpenModel(engine)
    self.options = options
    settings = SessionSettings(options)
    cancellation = options.cancellation ?? InterruptSignal.cancellation
    standardOutput = BufferedOutput(descriptor: options.outputDescriptor)
    standardError = BufferedOutput(descriptor: options.errorDescriptor)
    outputIsTerminal = Terminal.isTerminal(options.outputDescriptor)
    usesColor = Terminal.usesColor(
      options.outputDescriptor, choice: options.color, environment: options.environment)
  }

  /// Answers from another model from here on.
  func use(_ engine: any QueryAnswering) {
    self.engine = engine
    model.replace(with: engine)
  }

  // MARK: Entry points

  /// Runs the commands of a file.
  /// - Returns: 66 when the file cannot be opened (nothing is run), else what the commands gave.
  package func runScript(path: String) -> ExitStatus {
    prepareScript()
    return finish(flow(ofScript: path))
  }

  /// Runs the commands that come from a descriptor, such as standard input.
  /// - Parameter name: what error messages call it.
  package func runScript(fileDescriptor: Int32, name: String = "<stdin>") -> ExitStatus {
    prepareScript()
    return finish(run(LineSource(descriptor: fileDescriptor), name: name))
  }

  /// Runs commands given as texts, as by `-c`.
  ///
  /// Messages call them `-c:1`, `-c:2` and so on.
  package func runCommands(_ commands: [String]) -> ExitStatus { run(commands: commands, scripts: []) }

  /// Runs commands given as texts and then scripts, as one sequence: where answers go, who is meant, what an error does
  /// and whether it is time to leave hold from one to the next.
  /// - Parameters:
  ///   - commands: as for `runCommands`.
  ///   - scripts: files in order; `-` is the session's input.
  package func run(commands: [String], scripts: [String]) -> ExitStatus {
    prepareScript()
    var flow = self.flow(of: commands)
    for script in scripts where flow == .proceed {
      flow =
        script == "-"
        ? run(LineSource(descriptor: options.inputDescriptor), name: "<stdin>") : self.flow(ofScript: script)
    }
    return finish(flow)
  }

  private func flow(of commands: [String]) -> Flow {
    for (index, command) in commands.enumerated() {
      for line in command.split(separator: "\n", omittingEmptySubsequences: true) {
        let flow = runLine(String(line), place: "-c:\(index + 1)")
        if flow != .proceed { return flow }
      }
    }
    return .proceed
  }

  private func flow(ofScript path: String) -> Flow {
    do {
      return run(try openScript(path))
    } catch {
      return failed(error, place: nil)
    }
  }

  private func prepareScript() {
    InterruptSignal.ignoreBrokenPipe()
    if options.cancellation == nil { InterruptSignal.install(secondEndsProcess: true) }
  }

  /// Closes outputs and settles the exit code.
  func finish(_ flow: Flow) -> ExitStatus {
    var code: Int32
    switch flow {
    case .proceed: code = hasFailed ? ExitStatus.failure.rawValue : 0
    case .leave(let asked): code = asked ?? (hasFailed ? ExitStatus.failure.rawValue : 0)
    case .stop(let status): code = status.rawValue
    }
    once?.discard()
    once = nil
    if let redirection {
      if case .stop = flow {
        redirection.discard()
        note("'\(redirection.path)' was not written: the script stopped before its end")
      } else {
        do {
          try redirection.commit()
        } catch {
          report(error, place: nil)
          code = ExitStatus.failure.rawValue
        }
      }
      self.redirection = nil
    }
    standardOutput.flush()
    if let failure = standardOutput.failure {
      if failure == EPIPE {
        code = ExitStatus.brokenPipe.rawValue
      } else if code == 0 || code == ExitStatus.failure.rawValue {
        note("cannot write standard output: \(FileError.reason(failure))")
        code = ExitStatus.failure.rawValue
      }
    }
    standardError.flush()
    exitCode = code
    return ExitStatus(rawValue: code) ?? .failure
  }

  // MARK: Scripts

  /// A script that has been opened, to be run once.
  struct OpenScript {
    fileprivate var path: String
    fileprivate var source: LineSource
  }

  /// Opens a script, guarding against scripts that read themselves.
  func openScript(_ path: String) throws -> OpenScript {
    if scripts.count >= readDepthLimit { throw ShellError.readTooDeep(limit: readDepthLimit) }
    let source = try LineSource(path: path)
    let identity = source.identity
    let isRepeated = scripts.contains { $0.device == identity.device && $0.inode == identity.inode }
    // A device or pipe may be read by several scripts in turn without any cycle.
    if isRepeated && identity.isRegular { throw ShellError.readCycle(scripts.map(\.path) + [path]) }
    return OpenScript(path: path, source: source)
  }

  /// Runs an opened script to its end.
  func run(_ script: OpenScript) -> Flow {
    let identity = script.source.identity
    scripts.append(ScriptIdentity(path: script.path, device: identity.device, inode: identity.inode))
    defer { scripts.removeLast() }
    return run(script.source, name: script.path)
  }

  /// Runs lines to their end, to `.quit`, or to the first error when `.bail` is on.
  ///
  /// Queries that are there already are answered together (see `QueryBlock`); whatever else comes waits for them.
  private func run(_ source: LineSource, name: String) -> Flow {
    source.beforeWaiting = { [self] in
      standardOutput.flush()
      standardError.flush()
    }
    var block = QueryBlock(name: name)
    var pending = ""
    var firstLine = 0
    while true {
      let event = source.next()
      if firstLine == 0 { firstLine = source.lineNumber }
      if pending.isEmpty, case .line(let line) = event, takesBlocks, line.utf8.last != 0x5C,
        block.add(line, number: firstLine)
      {
        firstLine = 0
        if !block.isFull && source.hasBufferedLine { continue }
        let flow = run(&block)
        if flow != .proceed { return flow }
        continue
      }
      if !block.isEmpty {
        let flow = run(&block)
        if flow != .proceed { return flow }
      }
      var flow = Flow.proceed
      switch event {
      case .line(let line):
        if line.utf8.last == 0x5C && !Self.isComment(pending.isEmpty ? line : pending) {
          pending += line.dropLast()
          if pending.utf8.count <= LineSource.lineLimit { continue }
          flow = failed(ShellError.lineTooLong(limit: LineSource.lineLimit), place: "\(name):\(firstLine)")
        } else {
          flow = runLine(pending.isEmpty ? line : pending + line, place: name, line: firstLine)
        }
      case .failure(let error): flow = failed(error, place: "\(name):\(source.lineNumber)")
      case .readFailure(let reason):
        flow = failed(ShellError.readFailed(path: name, reason: reason), place: "\(name):\(source.lineNumber + 1)")
        if flow == .proceed { return flow }
      case .interrupted:
        if !cancellation.isCancelled {
          if pending.isEmpty { firstLine = 0 }
          continue
        }
        return interrupted(place: "\(name):\(source.lineNumber + 1)")
      case .end:
        if !pending.isEmpty { return runLine(pending, place: name, line: firstLine) }
        return .proceed
      }
      pending = ""
      firstLine = 0
      if flow != .proceed { return flow }
      if cancellation.isCancelled { return interrupted(place: "\(name):\(source.lineNumber)") }
    }
  }

  private static func isComment(_ line: String) -> Bool {
    line.utf8.first { $0 != 0x20 && $0 != 0x09 } == 0x23
  }

  // MARK: Lines

  /// Runs one line of a script; errors are reported and turned into a flow.
  func runLine(_ line: String, place: String, line number: Int? = nil) -> Flow {
    do {
      return try perform(line, parser: CommandParser(allowsPrefixes: false), isTyped: false)
    } catch {
      return failed(error, place: number.map { "\(place):\($0)" } ?? place)
    }
  }

  /// Parses a line and does what it says.
  func perform(
    _ line: String, parser: CommandParser, isTyped: Bool
  ) throws -> Flow {
    if settings.echo && !isTyped { note("darec> " + line) }
    var parser = parser
    parser.person = person
    guard let command = try parser.parse(line) else { return .proceed }
    if command.wantsHelp {
      write(CommandHelp.text(for: command.entry, width: helpWidth))
      return outputFlow()
    }
    separateAnswers()
    do {
      if command.entry.isSetting { return try set(command) }
      try ask(command)
    } catch {
      throw attributed(error, to: command)
    }
    return outputFlow()
  }

  /// Tells the place where answers go now whether a blank line has to keep them apart.
  func separateAnswers() {
    // On a screen the prompt stands between two answers already.
    let hasPromptBetween = isConversation && scripts.isEmpty && outputIsTerminal && redirection == nil
    let output = redirection?.output ?? standardOutput
    output.separatesAnswers = settings.mode == .line && !hasPromptBetween
  }

  /// `.stop` when standard output cannot take more.
  func outputFlow() -> Flow {
    guard let failure = standardOutput.failure else { return .proceed }
    return .stop(failure == EPIPE ? .brokenPipe : .failure)
  }

  /// Reports an error of a script and decides whether the script goes on.
  func failed(_ error: any Error, place: String?) -> Flow {
    hasFailed = true
    once?.discard()
    once = nil
    if case .interrupted? = error as? QueryError { return interrupted(place: place) }
    report(error, place: place)
    let status = (error as? any DescribedFailure)?.exitStatus ?? .failure
    return settings.bail ? .stop(status) : .proceed
  }

  func interrupted(place: String?) -> Flow {
    note((place.map { $0 + ": " } ?? "") + "interrupted")
    return .stop(.interrupted)
  }

  /// Prints an error after everything that was answered before it.
  func report(_ error: any Error, place: String?) {
    let text = (error as? any DescribedFailure)?.description ?? "unexpected error: \(error)"
    note((place.map { $0 + ": " } ?? "") + text)
  }

  /// Prints one line to standard error, after the answers so far; on a terminal it is broken between words.
  func note(_ text: String) {
    standardOutput.flush()
    let line = TextWrapping.fitted(TerminalText.escaped(text), width: Terminal.width(standardError.descriptor))
    standardError.write(Array((line + "\n").utf8))
    standardError.flush()
  }
}
