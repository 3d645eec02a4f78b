// Queries of a session: asked, timed, written.

import Engine
import Files
import Glibc

extension Session {
  /// Asks the engine and writes the answer.
  func ask(_ command: ParsedCommand) throws {
    if command.entry.action == .person { return try setPerson(command) }
    let start = settings.timer ? Self.seconds() : 0
    do {
      try emit(try answer(to: command))
    } catch let error as QueryError {
      if case .interrupted = error { throw error }
      throw QueryFailure(error, in: command)
    }
    if settings.timer {
      let milliseconds = (Self.seconds() - start) * 1000
      note("time: \(NumberText.fixed(milliseconds, decimals: 3)) ms")
    }
  }

  /// Sets or forgets who is meant by commands that name no user; says so on standard error.
  private func setPerson(_ command: ParsedCommand) throws {
    guard let word = command.arguments.first else {
      note(person.map { "no longer as user \($0)" } ?? "no user is set; `as USER` sets one")
      person = nil
      return
    }
    let near = engine.ids(of: .user, startingWith: word.text, limit: 5)
    guard near.first == word.text else { throw QueryFailure(.unknownUser(word.text, near: near), in: command) }
    person = word.text
    if Terminal.isTerminal(options.inputDescriptor) {
      note("as user \(word.text): commands that name no user mean this one")
    }
  }

  private func answer(to command: ParsedCommand) throws -> Answer {
    switch command.entry.action {
    case .recommend:
      let candidates = try command.value(of: "--candidates").map { try identifiers(inFile: $0) }
      let excluded = try command.value(of: "--exclude").map { try identifiers(inFile: $0) } ?? []
      let request = command.recommendRequest(candidates: candidates, excluded: excluded)
      return try engine.recommend(request, cancellation: cancellation)
    case .similar:
      if let request = command.similarRequest { return try engine.similar(request, cancellation: cancellation) }
    case .components:
      if let entity = command.entity { return try engine.components(kind: entity.kind, id: entity.id) }
    case .explain:
      if let request = command.explainRequest { return try engine.explain(request, cancellation: cancellation) }
    case .whyNot, .path, .compare, .whatIf, .moreLike, .lessLike, .centres:
      if let query = try command.query() { return try engine.answer(query, cancellation: cancellation) }
    case .find: return engine.find(command.text, top: command.integer(of: "--top") ?? 10)
    case .stats: return engine.stats()
    case .model: return engine.model()
    default: break
    }
    // The parser has checked the arguments; nothing else can come here.
    throw QueryError.invalid("the command is not complete")
  }

  /// Writes an answer to where answers go now.
  func emit(_ answer: Answer) throws {
    let output = (once ?? redirection)?.output ?? standardOutput
    let shown = renderOptions(for: output)
    output.write { AnswerRenderer.append(answer, mode: settings.mode, options: shown, to: &$0) }
    if let file = once {
      once = nil
      try file.commit()
    } else if let file = redirection, let failure = file.output.failure {
      file.discard()
      redirection = nil
      throw ShellError.writeFailed(path: file.path, reason: FileError.reason(failure))
    }
  }

  /// Writes text of the shell itself, such as help.
  func write(_ text: String) {
    let output = redirection?.output ?? standardOutput
    output.write(Array(text.utf8))
  }

  /// The look of answers on an output.
  func renderOptions(for output: BufferedOutput) -> RenderOptions {
    var shown = RenderOptions()
    shown.maximumRows = settings.maximumRows
    shown.precision = settings.precision
    shown.headers = settings.headers
    shown.rawCSV = options.rawCSV
    if settings.width > 0 { shown.width = settings.width }
    guard output === standardOutput else { return shown }
    shown.color = usesColor
    if outputIsTerminal {
      shown.isTerminal = true
      shown.unicode = options.environment("TERM") != "dumb"
      if settings.width == 0 { shown.width = Terminal.width(output.descriptor) ?? 80 }
    }
    return shown
  }

  /// The lines of a file with ids or titles, empty ones left out.
  private func identifiers(inFile path: String) throws -> [String] {
    let source = try LineSource(path: path)
    var identifiers: [String] = []
    while true {
      switch source.next() {
      case .line(let line): if !line.isEmpty { identifiers.append(line) }
      case .failure(let error):
        throw ShellError.badListLine(path: path, line: source.lineNumber, problem: error.description)
      case .readFailure(let reason): throw ShellError.readFailed(path: path, reason: reason)
      case .interrupted: if cancellation.isCancelled { throw QueryError.interrupted }
      case .end: return identifiers
      }
    }
  }

  private static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }
}
