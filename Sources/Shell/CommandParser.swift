// From the words of a line to a checked command.

import Engine

/// A line that has been checked against the command table.
package struct ParsedCommand: Sendable {
  package var entry: CommandEntry { definition.entry }
  /// Where the command's own word stands, counted in characters from 1.
  package var column = 1
  /// Values in fixed places, in order; checked against their kinds.
  package var arguments: [Word] = []
  /// Flags in the order of the line, by name, with their values.
  package var flags: [(name: String, value: Word?)] = []
  /// Behind a reference: an entry has many parts, and a line of a script should not count references to each.
  private let definition: CommandDefinition

  init(_ definition: CommandDefinition, column: Int) {
    self.definition = definition
    self.column = column
  }

  /// `COMMAND --help` was given.
  package var wantsHelp = false

  /// The last value of a flag.
  package func value(of flag: String) -> String? { flags.last { $0.name == flag }?.value?.text }

  /// The last value of a flag as a number; the parser has checked it.
  package func integer(of flag: String) -> Int? { value(of: flag).flatMap { Int($0) } }

  /// True when a flag was given.
  package func has(_ flag: String) -> Bool { flags.contains { $0.name == flag } }
}

/// Checks lines against the command table.
package struct CommandParser: Sendable {
  /// Accept a unique start of a command's or flag's name, as people type; scripts must spell names out.
  package var allowsPrefixes: Bool

  /// The user whom a command means that leaves its USER out, as set by `as`; nil when none is.
  package var person: String?

  /// Creates a parser.
  package init(allowsPrefixes: Bool) { self.allowsPrefixes = allowsPrefixes }

  /// The command of a line, or nil for an empty line or a comment.
  /// - Throws: `ShellError.syntax`, which names the command and the column.
  package func parse(_ line: String) throws(ShellError) -> ParsedCommand? {
    try parse(WordSplitter.split(line))
  }

  /// The command of a line's words, or nil when there are none.
  package func parse(_ words: [Word]) throws(ShellError) -> ParsedCommand? {
    guard let first = words.first else { return nil }
    let definition = try command(first)
    let entry = definition.entry
    var parsed = ParsedCommand(definition, column: first.column)
    var positional: [Word] = []
    var index = 1
    var flagsEnded = false
    while index < words.count {
      let word = words[index]
      index += 1
      if !flagsEnded && !word.isQuoted && word.text == "--" {
        flagsEnded = true
      } else if !flagsEnded && !word.isQuoted && word.text == "--help" {
        parsed.wantsHelp = true
        return parsed
      } else if !flagsEnded && !word.isQuoted && word.text.hasPrefix("--") {
        try parseFlag(word, words: words, index: &index, into: &parsed)
      } else {
        positional.append(word)
      }
    }
    for word in withPerson(positional, of: parsed) { try addArgument(word, to: &parsed) }
    if let missing = entry.arguments.dropFirst(parsed.arguments.count).first(where: { !$0.isOptional }) {
      throw .syntax(
        command: entry.name, column: endColumn(words), problem: "\(missing.name) is missing: \(usage(entry))",
        suggestion: nil)
    }
    try checkForms(parsed, words: words)
    return parsed
  }

  // MARK: Names

  private func command(_ word: Word) throws(ShellError) -> CommandDefinition {
    if let definition = CommandTable.definition(named: word.text) { return definition }
    // The setting without its dot is meant rather than a longer command that starts the same.
    let setting = CommandTable.entry(named: "." + word.text)?.name
    let matches =
      word.text.isEmpty || setting != nil ? [] : CommandTable.entries.filter { $0.name.hasPrefix(word.text) }
    if let match = matches.first, matches.count == 1, word.text != "." {
      if allowsPrefixes, let definition = CommandTable.definition(named: match.name) { return definition }
      throw .syntax(
        command: word.text, column: word.column, problem: "write the full name '\(match.name)' in a script",
        suggestion: nil)
    }
    if matches.count > 1 && allowsPrefixes {
      throw .syntax(
        command: word.text, column: word.column,
        problem: "could be any of " + matches.map(\.name).joined(separator: ", "), suggestion: nil)
    }
    throw .syntax(
      command: shortened(word.text), column: word.column, problem: "no such command; .help lists them",
      suggestion: setting ?? Suggestion.nearest(to: word.text, among: CommandTable.entries.flatMap(\.names)))
  }

  /// The words in fixed places, with the session's user in front where the command begins with one and leaves it out.
  private func withPerson(_ words: [Word], of command: ParsedCommand) -> [Word] {
    let entry = command.entry
    guard let person, entry.arguments.first?.kind == .user, entry.action != .person else { return words }
    let isLeftOut: Bool
    if entry.action == .whatIf {
      isLeftOut = words.first.map { $0.text.hasPrefix("+") || $0.text.hasPrefix("-") } ?? false
    } else {
      isLeftOut = words.count == entry.arguments.count - 1 && !command.has("--items")
    }
    guard isLeftOut else { return words }
    return [Word(text: person, column: words.first?.column ?? 1, isQuoted: true, pieces: [person])] + words
  }

  private func parseFlag(
    _ word: Word, words: [Word], index: inout Int, into parsed: inout ParsedCommand
  ) throws(ShellError) {
    let entry = parsed.entry
    var name = word.text
    var attached: Word?
    if let equals = name.utf8.firstIndex(of: 0x3D) {
      let text = String(name[name.index(after: equals)...])
      name = String(name[..<equals])
      // The first piece still carries the flag's own name.
      var pieces = word.pieces
      if let first = pieces.first, let start = first.firstIndex(of: "=") {
        pieces[0] = String(first[first.index(after: start)...])
      }
      attached = Word(text: text, column: word.column + name.unicodeScalars.count + 1, isQuoted: false, pieces: pieces)
    }
    let flag = try self.flag(name, of: entry, column: word.column)
    guard let kind = flag.kind else {
      if let attached {
        throw .syntax(
          command: entry.name, column: attached.column, problem: "\(flag.name) takes no value", suggestion: nil)
      }
      parsed.flags.append((flag.name, nil))
      return
    }
    let value: Word
    if let attached {
      value = attached
    } else if index < words.count {
      value = words[index]
      index += 1
    } else {
      throw .syntax(
        command: entry.name, column: endColumn(words), problem: "\(flag.name) needs a value: \(flag.valueName ?? "")",
        suggestion: nil)
    }
    parsed.flags.append((flag.name, try checked(value, kind: kind, name: flag.name, entry: entry)))
  }

  private func flag(_ name: String, of entry: CommandEntry, column: Int) throws(ShellError) -> Flag {
    if let flag = entry.flags.first(where: { $0.name == name }) { return flag }
    let matches = entry.flags.filter { $0.name.hasPrefix(name) }
    if let match = matches.first, matches.count == 1, name != "--" {
      if allowsPrefixes { return match }
      throw .syntax(
        command: entry.name, column: column, problem: "write the full name '\(match.name)' in a script", suggestion: nil
      )
    }
    throw .syntax(
      command: entry.name, column: column,
      problem: entry.flags.isEmpty
        ? "takes no flags, so '\(shortened(name))' means nothing" : "no such flag '\(shortened(name))'",
      suggestion: Suggestion.nearest(to: name, among: entry.flags.map(\.name)))
  }

  // MARK: Values

  private func addArgument(_ word: Word, to parsed: inout ParsedCommand) throws(ShellError) {
    let entry = parsed.entry
    let position = parsed.arguments.count
    if let last = entry.arguments.last, last.kind == .text || last.kind == .signedItems,
      position >= entry.arguments.count - 1
    {
      parsed.arguments.append(word)
      return
    }
    guard position < entry.arguments.count else {
      let quotable = entry.arguments.last.map { $0.kind == .item || $0.kind == .entity || $0.kind == .user } ?? false
      throw .syntax(
        command: entry.name, column: word.column,
        problem: "'\(shortened(word.text))' is one word too many"
          + (quotable ? "; an id or title with blanks goes in quotes" : ": \(usage(entry))"),
        suggestion: nil)
    }
    let argument = entry.arguments[position]
    parsed.arguments.append(try checked(word, kind: argument.kind, name: argument.name, entry: entry))
  }

  private func checked(
    _ word: Word, kind: ValueKind, name: String, entry: CommandEntry
  ) throws(ShellError) -> Word {
    func fail(_ problem: String, _ suggestion: String? = nil) -> ShellError {
      .syntax(command: entry.name, column: word.column, problem: problem, suggestion: suggestion)
    }
    switch kind {
    case .choice(let words):
      if words.contains(word.text) { return word }
      let matches = word.text.isEmpty ? [] : words.filter { $0.hasPrefix(word.text) }
      if allowsPrefixes, let match = matches.first, matches.count == 1 {
        return Word(text: match, column: word.column, isQuoted: word.isQuoted, pieces: [match])
      }
      throw fail(
        "'\(shortened(word.text))' is not \(words.count == 2 ? "" : "one of ")"
          + words.joined(separator: words.count == 2 ? " or " : ", "),
        Suggestion.nearest(to: word.text, among: words))
    case .integer(let range):
      let digits = word.text.utf8
      guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
        throw fail("\(name) must be a whole number, not '\(shortened(word.text))'")
      }
      guard let value = Int(word.text), range.contains(value) else {
        throw fail("\(name) must be from \(range.lowerBound) to \(range.upperBound)")
      }
      return word
    case .items:
      if word.pieces.allSatisfy(\.isEmpty) { throw fail("\(name) is empty") }
      return word
    case .user, .item, .entity, .file:
      if word.text.isEmpty { throw fail("\(name) is empty") }
      return word
    case .text, .signedItems, .topic: return word
    }
  }

  /// Rules that a list of arguments cannot express.
  private func checkForms(_ parsed: ParsedCommand, words: [Word]) throws(ShellError) {
    let entry = parsed.entry
    switch entry.action {
    case .recommend:
      let user = parsed.arguments.first
      if let user, parsed.has("--items") {
        throw .syntax(
          command: entry.name, column: user.column, problem: "give either USER or --items, not both", suggestion: nil)
      }
      if user == nil && !parsed.has("--items") {
        throw .syntax(
          command: entry.name, column: endColumn(words), problem: "USER is missing: \(usage(entry))", suggestion: nil)
      }
    default: break
    }
  }

  /// The first form of a command, for messages.
  private func usage(_ entry: CommandEntry) -> String { entry.synopses.first ?? entry.name }

  /// The column after the last word.
  private func endColumn(_ words: [Word]) -> Int {
    guard let last = words.last else { return 1 }
    return last.column + last.text.unicodeScalars.count + (last.isQuoted ? 2 : 0)
  }

  /// A word of the line as messages show it: a megabyte of garbage does not fill the screen.
  private func shortened(_ text: String) -> String { DisplayWidth.cut(text, to: 40, ellipsis: "…") }
}
