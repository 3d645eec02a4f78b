// Queries of a session: asked, timed, written.

import Engine
import Files
import Glibc

extension Session {
  /// Asks the engine and writes the answer.
  func ask(_ command: ParsedCommand) throws {
    if command.entry.action == .person { return try setPerson(command) }
    let start = settings.timer ? Self.seconds() : 0
    let answer = try answer(to: command)
    try emit(answer, of: command)
    if settings.timer {
      let milliseconds = (Self.seconds() - start) * 1000
      let method = answer.method.map { ", \($0.rawValue)" } ?? ""
      note("time: \(NumberText.fixed(milliseconds, decimals: 3)) ms\(method)")
    }
  }

  /// Sets or forgets who is meant by commands that name no user; in table mode it says so.
  private func setPerson(_ command: ParsedCommand) throws {
    if let word = command.arguments.first {
      let near = engine.ids(of: .user, startingWith: word.text, limit: 5)
      guard near.first == word.text else { throw QueryError.unknownUser(word.text, near: near) }
      person = word.text
    } else {
      person = nil
    }
    guard settings.mode == .table else { return }
    write(
      person.map { "Commands that name no user now mean user \(TerminalText.escaped($0)).\n" }
        ?? "No user is meant by commands that name none.\n")
  }

  /// Asks the engine what a command asks; nothing is written.
  /// - Throws: `QueryError`, or `ShellError` for a file that the command names.
  package func answer(to command: ParsedCommand) throws -> Answer {
    switch command.entry.action {
    case .recommend:
      let candidates = try command.value(of: "--candidates").map { try identifiers(inFile: $0) }
      let excluded = try command.value(of: "--exclude").map { try identifiers(inFile: $0) }
      let request = command.recommendRequest(
        candidates: candidates?.lines.map(\.text), excluded: excluded?.lines.map(\.text) ?? [])
      do {
        return try engine.recommend(request, cancellation: cancellation)
      } catch {
        throw Self.blaming([candidates, excluded], for: error)
      }
    case .similar:
      if let request = command.similarRequest {
        try request.space.check(side: command.value(of: "--side").flatMap { Side(rawValue: $0) })
        return try engine.similar(request, cancellation: cancellation)
      }
    case .components:
      if let entity = command.entity { return try engine.components(kind: entity.kind, id: entity.id) }
    case .explain:
      if let request = command.explainRequest { return try engine.explain(request, cancellation: cancellation) }
    case .whyNot, .path, .compare, .whatIf, .moreLike, .lessLike, .centres:
      if let query = try command.query() { return try engine.answer(query, cancellation: cancellation) }
    case .find:
      guard !command.text.isEmpty else { throw QueryError.invalid("the text to find is empty") }
      return engine.find(command.text, top: command.integer(of: "--top") ?? 10)
    case .stats: return engine.stats()
    case .model: return engine.model()
    default: break
    }
    // The parser has checked the arguments; nothing else can come here.
    throw QueryError.invalid("the command is not complete")
  }

  /// Writes an answer to where answers go now.
  func emit(_ answer: Answer, of command: ParsedCommand) throws {
    let shown = renderOptions(for: command)
    try emit { AnswerRenderer.append(answer, mode: settings.mode, options: shown, to: &$0) }
  }

  /// Writes one rendered answer to where answers go now.
  func emit(_ fill: (inout [UInt8]) -> Void) throws {
    if !page(fill) { answerOutput.write(fill) }
    if let file = once {
      once = nil
      try file.commit()
    } else if let file = redirection, let failure = file.output.failure {
      file.discard()
      redirection = nil
      throw ShellError.writeFailed(path: file.path, reason: FileError.reason(failure))
    }
  }

  /// Shows a long answer with the pager.
  /// - Returns: false when it is to be written as always.
  private func page(_ fill: (inout [UInt8]) -> Void) -> Bool {
    guard settings.pager, isConversation, outputIsTerminal, answerOutput === standardOutput,
      options.environment("TERM") != "dumb", let rows = Terminal.height(standardOutput.descriptor)
    else { return false }
    var bytes: [UInt8] = []
    fill(&bytes)
    standardOutput.flush()
    standardError.flush()
    if Pager.isLong(bytes, rows: rows), Pager(environment: options.environment).show(bytes) { return true }
    standardOutput.write(bytes)
    return true
  }

  private var answerOutput: BufferedOutput { (once ?? redirection)?.output ?? standardOutput }

  /// The look of a command's answer where answers go now.
  func renderOptions(for command: ParsedCommand) -> RenderOptions {
    var shown = renderOptions(for: answerOutput)
    if !settings.showsEverything && !command.has("--full") { shown.brief = command.entry.brief }
    return shown
  }

  /// Writes text of the shell itself, such as help.
  func write(_ text: String) {
    if redirection == nil, once == nil, page({ $0.append(contentsOf: text.utf8) }) { return }
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

  /// The ids or titles that a file lists, with the numbers of their lines.
  private struct IdentifierList {
    let path: String
    var lines: [(number: Int, text: String)] = []
  }

  /// An unknown item that a list names, as an error of the list's line; any other error as it is.
  private static func blaming(_ lists: [IdentifierList?], for error: QueryError) -> any DescribedFailure {
    guard case .unknownItem(let id, _) = error else { return error }
    for case let list? in lists {
      guard let line = list.lines.first(where: { $0.text == id }) else { continue }
      return ShellError.badListLine(path: list.path, line: line.number, problem: error.description)
    }
    return error
  }

  /// The lines of a file with ids or titles, empty ones left out.
  private func identifiers(inFile path: String) throws -> IdentifierList {
    let source = try LineSource(path: path)
    var identifiers = IdentifierList(path: path)
    while true {
      switch source.next() {
      case .line(let line):
        if line.contains(where: { $0 != " " && $0 != "\t" }) { identifiers.lines.append((source.lineNumber, line)) }
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
