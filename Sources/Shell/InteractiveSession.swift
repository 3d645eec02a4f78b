// A session at a prompt.

import Engine
import Files
import Glibc

/// What came of asking for a line.
enum EditedLine: Equatable {
  case line(String)
  /// Ctrl-D on an empty line, or the terminal is gone.
  case end
  /// Ctrl-C: the line is dropped; `droppedText` is false when there was nothing on it.
  case interrupted(droppedText: Bool)
  /// A signal asks the process to end.
  case terminated(Int32)
  /// The line cannot be used.
  case failure(ShellError)
}

/// Whatever reads lines from a person.
protocol LineEditor: AnyObject {
  /// Shows a prompt and waits for a line.
  func readLine(prompt: String) -> EditedLine
  /// Makes a line available to the keys that recall earlier ones.
  func remember(_ line: String)
}

/// Reads lines without editing, for terminals where there is no readline.
final class PlainLineEditor: LineEditor {
  private let source: LineSource
  private let output: BufferedOutput
  private let showsPrompt: Bool

  init(inputDescriptor: Int32, output: BufferedOutput, showsPrompt: Bool) {
    source = LineSource(descriptor: inputDescriptor)
    self.output = output
    self.showsPrompt = showsPrompt
  }

  func readLine(prompt: String) -> EditedLine {
    if showsPrompt {
      output.write(Array(prompt.utf8))
      output.flush()
    }
    switch source.next() {
    case .line(let line): return .line(line)
    case .failure(let error): return .failure(error)
    case .interrupted: return .interrupted(droppedText: false)
    case .readFailure, .end: return .end
    }
  }

  func remember(_ line: String) {}
}

extension Session {
  /// True when a person sits at both ends: standard input and standard error are terminals.
  package static func isInteractive(inputDescriptor: Int32 = 0, errorDescriptor: Int32 = 2) -> Bool {
    Terminal.isTerminal(inputDescriptor) && Terminal.isTerminal(errorDescriptor)
  }

  /// Talks to a person until Ctrl-D, `.quit` or a signal.
  /// - Returns: 0 unless `.exit CODE` says otherwise; errors at the prompt are not failures of the process.
  package func runInteractive() -> ExitStatus {
    InterruptSignal.ignoreBrokenPipe()
    isConversation = true
    let history = HistoryFile(environment: options.environment)
    self.history = history
    if !options.quiet { printBanner() }
    if let problem = history.unreportedProblem() { note(problem) }
    let editor = makeEditor(history: history)
    var flow = runStartupFile()
    if flow == .proceed { flow = converse(editor, history: history) }
    history.save()
    if let problem = history.unreportedProblem() { note(problem) }
    // What failed at the prompt was answered at the prompt.
    let status = finish(flow == .proceed || flow == .leave(nil) ? .leave(0) : flow)
    // Ends by the signal that asked for it, so that the caller sees the truth.
    if let signalNumber = pendingSignal {
      var wanted = sigset_t()
      sigemptyset(&wanted)
      sigaddset(&wanted, signalNumber)
      signal(signalNumber, SIG_DFL)
      pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
      raise(signalNumber)
    }
    return status
  }

  /// Runs the commands a person wants before the first prompt; an error in them is reported and no reason to leave.
  private func runStartupFile() -> Flow {
    guard let path = options.startupFile, access(path, F_OK) == 0 else { return .proceed }
    if options.cancellation == nil { InterruptSignal.install(secondEndsProcess: false) }
    do {
      let flow = run(try openScript(path))
      if case .stop = flow { return outputFlow() }
      return flow
    } catch {
      report(error, place: nil)
      return .proceed
    }
  }

  private func converse(_ editor: any LineEditor, history: HistoryFile) -> Flow {
    let parser = CommandParser(allowsPrefixes: true)
    var pending = ""
    var idleInterrupts = 0
    if options.cancellation == nil { InterruptSignal.install(secondEndsProcess: false) }
    while true {
      standardOutput.flush()
      standardError.flush()
      // Ctrl-C between two lines belongs to the prompt.
      let wasInterrupted = cancellation.isCancelled
      cancellation.reset()
      if wasInterrupted { note("") }
      switch wasInterrupted
        ? .interrupted(droppedText: true) : editor.readLine(prompt: pending.isEmpty ? "darec> " : "  ...> ")
      {
      case .line(let text):
        idleInterrupts = 0
        // Pasted lines arrive as one text.
        for piece in text.split(separator: "\n", omittingEmptySubsequences: false) {
          if piece.utf8.last == 0x5C {
            pending += piece.dropLast()
            continue
          }
          let line = pending + piece
          pending = ""
          if history.add(line) {
            editor.remember(line)
            // Before the command runs: whatever ends the process then, the line is kept.
            history.append()
            if let problem = history.unreportedProblem() { note(problem) }
          }
          cancellation.reset()
          let flow = performTyped(line, parser: parser)
          if flow != .proceed { return flow }
        }
        cancellation.reset()
      case .interrupted(let droppedText):
        // The plain reader leaves the cursor behind the terminal's own ^C.
        if cancellation.isCancelled { note("") }
        cancellation.reset()
        pending = ""
        // Who drops lines knows what Ctrl-C does; who presses it at an empty prompt wants out.
        idleInterrupts = droppedText ? 0 : idleInterrupts + 1
        if idleInterrupts == 3 { note("Ctrl-D or quit to leave") }
      case .failure(let error):
        pending = ""
        note("error: " + error.descriptionAtPrompt)
      case .terminated(let number):
        pendingSignal = number
        return .leave(128 + number)
      case .end:
        note("")
        return .proceed
      }
    }
  }

  private func performTyped(_ line: String, parser: CommandParser) -> Flow {
    do {
      switch try perform(line, parser: parser, isTyped: true) {
      case .proceed: return .proceed
      case .leave(let code): return .leave(code)
      case .stop(let status):
        // A script that stopped is no reason to leave; a closed output is.
        return standardOutput.failure == nil ? .proceed : .stop(status)
      }
    } catch {
      once?.discard()
      once = nil
      if case .interrupted? = error as? QueryError {
        note("interrupted")
      } else {
        note("error: " + ((error as? any DescribedFailure)?.description ?? "\(error)"))
      }
      return .proceed
    }
  }

  private func printBanner() {
    let summary = engine.summary
    note(
      "darec" + (options.version.isEmpty ? "" : " " + options.version) + (summary.isEmpty ? "" : " | " + summary)
        + " | .help for help")
  }

  private func makeEditor(history: HistoryFile) -> any LineEditor {
    let isTerminal = Self.isInteractive(
      inputDescriptor: options.inputDescriptor, errorDescriptor: options.errorDescriptor)
    #if Readline
      // Readline works on the process's own standard input and standard error.
      if isTerminal && options.inputDescriptor == 0 && options.errorDescriptor == 2 {
        let color = Terminal.usesColor(2, choice: options.color, environment: options.environment)
        if let editor = ReadlineEditor(completion: Completion(model: model), usesColor: color) {
          for line in history.entries { editor.remember(line) }
          return editor
        }
      }
    #endif
    return PlainLineEditor(
      inputDescriptor: options.inputDescriptor, output: standardError, showsPrompt: isTerminal)
  }
}
