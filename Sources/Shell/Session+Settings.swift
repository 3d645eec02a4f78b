// Dot commands of a session.

import Files
import Glibc
import Numerics

extension Session {
  /// Does what a dot command says.
  ///
  /// Without a value, a setting prints itself as a command that restores it.
  func set(_ command: ParsedCommand) throws -> Flow {
    let value = command.arguments.first?.text
    switch command.entry.action {
    case .mode:
      if let mode = value.flatMap({ OutputMode(rawValue: $0) }) { settings.mode = mode } else { show(".mode") }
    case .timer: setSwitch(\.timer, value, ".timer")
    case .echo: setSwitch(\.echo, value, ".echo")
    case .bail: setSwitch(\.bail, value, ".bail")
    case .headers: setSwitch(\.headers, value, ".headers")
    case .width: setNumber(\.width, value, ".width")
    case .maxrows: setNumber(\.maximumRows, value, ".maxrows")
    case .precision: setNumber(\.precision, value, ".precision")
    case .detail: if let value { settings.showsEverything = value == "full" } else { show(".detail") }
    case .pager: setSwitch(\.pager, value, ".pager")
    case .threads:
      if let count = value.flatMap({ Int($0) }) { Parallelism.threadCount = count } else { show(".threads") }
    case .show: for line in settingLines { write(line + "\n") }
    case .output: try redirect(to: value)
    case .once:
      // A file of an earlier .once that no query has used is dropped.
      once?.discard()
      once = nil
      if let value { once = try FileReplacement(path: value) }
    case .read: if let value { return run(try openScript(value)) }
    case .history: listHistory(command)
    case .open: if let value { try open(value, column: command.arguments.first?.column ?? 1) }
    case .dataset: try emit(engine.dataSet(), of: command)
    case .help: try help(value, column: command.arguments.first?.column ?? 1)
    case .quit: return .leave(value.flatMap { Int32($0) })
    case .recommend, .similar, .components, .explain, .find, .stats, .model, .whyNot, .path, .compare, .whatIf,
      .moreLike,
      .lessLike, .centres, .person:
      break
    }
    return outputFlow()
  }

  /// Every setting as a command that restores it; the last one says whom commands mean that name no user, if anybody.
  var settingLines: [String] {
    func word(_ flag: Bool) -> String { flag ? "on" : "off" }
    var lines = [
      ".mode \(settings.mode.rawValue)", ".output \(redirection.map { Self.quoted($0.path) } ?? "stdout")",
      ".timer \(word(settings.timer))", ".echo \(word(settings.echo))", ".bail \(word(settings.bail))",
      ".headers \(word(settings.headers))", ".width \(settings.width)", ".maxrows \(settings.maximumRows)",
      ".detail \(settings.showsEverything ? "full" : "short")", ".precision \(settings.precision)",
      ".pager \(word(settings.pager))", ".threads \(Parallelism.threadCount)",
    ]
    if let person { lines.append("as " + Self.quoted(person)) }
    return lines
  }

  /// A word as it has to be typed, in quotes where it needs them.
  package static func quoted(_ text: String) -> String {
    let needsQuotes =
      text.isEmpty || text.utf8.contains { [0x20, 0x09, 0x0A, 0x22, 0x27, 0x2C].contains($0) } || text.hasPrefix("#")
      || text.hasPrefix("--")
      || text.utf8.last == 0x5C
    guard needsQuotes else { return text }
    return "\"" + quotedInside(text) + "\""
  }

  /// Text as it has to stand between double quotes.
  package static func quotedInside(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        result.append("\\")
        result.append(scalar)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private func show(_ name: String) {
    for line in settingLines where line.hasPrefix(name + " ") { write(line + "\n") }
  }

  private func setSwitch(_ path: WritableKeyPath<SessionSettings, Bool>, _ value: String?, _ name: String) {
    if let value { settings[keyPath: path] = value == "on" } else { show(name) }
  }

  private func setNumber(_ path: WritableKeyPath<SessionSettings, Int>, _ value: String?, _ name: String) {
    if let value { settings[keyPath: path] = Int(value) ?? settings[keyPath: path] } else { show(name) }
  }

  private func redirect(to path: String?) throws {
    // The new file is opened first: when it cannot be, answers go on to where they went.
    let next: FileReplacement?
    if let path, path != "stdout", path != "-" { next = try FileReplacement(path: path) } else { next = nil }
    let previous = redirection
    redirection = next
    try previous?.commit()
  }

  /// Opens another model; the session keeps the one it has unless the other can be used.
  private func open(_ path: String, column: Int) throws {
    guard let openModel = options.openModel else {
      throw ShellError.syntax(
        command: ".open", column: column, problem: "this session has only one model", suggestion: nil)
    }
    // No folder has such a name, and what opens models would repeat all of it.
    if path.utf8.count >= ShellError.pathLimit {
      throw ShellError.missingFile(path: path, reason: FileError.reason(ENAMETOOLONG))
    }
    let next = try openModel(path)
    if let known = person, next.ids(of: .user, startingWith: known, limit: 1).first != known {
      person = nil
      note("user \(known) is not in this model: name a user, or set one with 'as'")
    }
    use(next)
    if isConversation { note(next.summary) }
  }

  /// Cells that help takes: what it is written for, or the terminal's width where that is less.
  var helpWidth: Int {
    guard outputIsTerminal, redirection == nil, let width = Terminal.width(standardOutput.descriptor) else {
      return TextWrapping.usualWidth
    }
    return min(width, TextWrapping.usualWidth)
  }

  private func help(_ topic: String?, column: Int) throws {
    let width = helpWidth
    guard let topic else {
      write(CommandHelp.overview(width: width))
      return
    }
    if topic == "tour" {
      let text = Tour(engine: engine).text
      write(width < TextWrapping.usualWidth ? TextWrapping.reflowed(text, width: width) : text)
      return
    }
    if let text = CommandHelp.text(forTopic: topic, width: width) {
      write(text)
      return
    }
    throw ShellError.syntax(
      command: ".help", column: column, problem: "no help for '\(DisplayWidth.cut(topic, to: 40, ellipsis: "…"))'",
      suggestion: Suggestion.nearest(to: topic, among: CommandTable.names + CommandHelp.topics.map(\.name)))
  }

  private func listHistory(_ command: ParsedCommand) {
    var words = command.arguments.map(\.text)
    var count = 20
    if let first = words.first, let number = Int(first), number >= 0 {
      count = number
      words.removeFirst()
    }
    let pattern = words.joined(separator: " ")
    let matching = (history?.entries ?? []).filter { pattern.isEmpty || Self.contains($0, pattern) }
    for entry in matching.suffix(count) { write(TerminalText.escaped(entry) + "\n") }
  }

  private static func contains(_ text: String, _ pattern: String) -> Bool {
    let bytes = Array(text.utf8)
    let wanted = Array(pattern.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains { bytes[$0...].starts(with: wanted) }
  }
}
