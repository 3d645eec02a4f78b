// What the Tab key offers.

import Engine
import Glibc

/// Candidates for the word at the cursor, made from the command table, the model and the file system.
package struct Completion: Sendable {
  /// Most candidates offered.
  package static let limit = 200

  /// One way to finish the word.
  package struct Candidate: Equatable, Sendable {
    /// What replaces the word as typed; behind an opening quote, already escaped for it.
    package var text: String
    /// False when more of the same word may follow, as in a folder's name.
    package var isComplete = true
  }

  private let model: OpenModel
  private var engine: any QueryAnswering { model.current }

  /// Creates the completion of one model.
  /// - Parameter person: whom commands mean that name no user.
  package init(engine: any QueryAnswering, person: String? = nil) {
    self.init(model: OpenModel(engine))
    model.person = person
  }

  /// Creates the completion of whatever model a session has open.
  init(model: OpenModel) { self.model = model }

  /// The candidates for the word from byte `start` to byte `end` of a line.
  /// - Parameters:
  ///   - line: the line; what is behind `end` does not matter.
  ///   - start: first byte of the word, behind its opening quote when there is one.
  ///   - quote: the opening quote.
  package func candidates(line: [UInt8], start: Int, end: Int, quote: UInt8?) -> [Candidate] {
    guard start >= 0, end >= start, end <= line.count else { return [] }
    var split = max(start - (quote == nil ? 0 : 1), 0)
    var joint = ""
    if split > 0, !Self.isBlank(line[split - 1]) {
      // The quote opens inside a word: behind the sign of +"A title", behind the comma of 1,"A title". Elsewhere, as in
      // a"b c, what is meant is too rare to guess at.
      let first = line[..<split].lastIndex(where: Self.isBlank).map { $0 + 1 } ?? 0
      guard quote != nil, let head = String(validating: line[first..<split], as: UTF8.self),
        head == "+" || head == "-" || head.hasSuffix(",")
      else { return [] }
      joint = head
      split = first
    }
    guard let before = String(validating: line[..<split], as: UTF8.self),
      let typed = String(validating: line[start..<end], as: UTF8.self),
      let words = try? WordSplitter.split(before)
    else { return [] }
    let prefix = quote == 0x22 ? Self.unescaped(typed) : typed
    let found = values(after: words, joint: joint, prefix: prefix, isQuoted: quote != nil)
    return found.prefix(Self.limit).compactMap { candidate($0, quote: quote) }
  }

  /// A value before quoting.
  private struct Value {
    var text: String
    var isComplete = true
    /// A word of the language itself, which stands as it is; an id that looks the same needs quotes.
    var isWord = false
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// - Parameter joint: what stands between the last blank and the quote, such as the sign of an item.
  private func values(after words: [Word], joint: String, prefix: String, isQuoted: Bool) -> [Value] {
    guard let first = words.first else {
      return matching(CommandTable.names + ["help", "quit"], prefix)
    }
    let named = CommandTable.entry(named: first.text)
    let unique = CommandTable.entries.filter { $0.name.hasPrefix(first.text) }
    guard let entry = named ?? (unique.count == 1 ? unique.first : nil) else { return [] }
    // The value of the flag before the cursor.
    if let last = words.last, words.count > 1, !last.isQuoted, last.text.hasPrefix("--"), !last.text.contains("="),
      let kind = entry.flags.first(where: { $0.name == last.text })?.kind
    {
      guard joint.isEmpty || kind == .items else { return [] }
      return values(kind, prefix: prefix, entity: nil, isQuoted: isQuoted)
    }
    let arguments = positionalWords(words, entry: entry)
    if entry.arguments.last?.kind == .signedItems, prefix.hasPrefix("+") || prefix.hasPrefix("-") || !joint.isEmpty,
      !prefix.hasPrefix("--")
    {
      let user = arguments.first.flatMap { Self.isSigned($0) ? nil : $0.text } ?? model.person
      return signedItems(user: user, joint: joint, prefix: prefix, isQuoted: isQuoted)
    }
    guard joint.isEmpty else { return [] }
    if !isQuoted, prefix.hasPrefix("-"), !entry.flags.isEmpty { return flags(of: entry, words: words, prefix: prefix) }
    guard let argument = entry.arguments.count > arguments.count ? entry.arguments[arguments.count] : nil else {
      return prefix.isEmpty && !isQuoted ? flags(of: entry, words: words, prefix: "--") : []
    }
    var found = values(
      argument.kind, prefix: prefix, entity: arguments.first.flatMap { EntityKind(rawValue: $0.text) },
      isQuoted: isQuoted)
    // After `as USER` the user may be left out, and the word be what follows it.
    if arguments.isEmpty, argument.kind == .user, model.person != nil, entry.arguments.count > 1 {
      found = values(entry.arguments[1].kind, prefix: prefix, entity: nil, isQuoted: isQuoted) + found
    }
    return found
  }

  private static func isSigned(_ word: Word) -> Bool { word.text.hasPrefix("+") || word.text.hasPrefix("-") }

  /// Items behind a sign: any to add, those the user has to take away.
  private func signedItems(user: String?, joint: String, prefix: String, isQuoted: Bool) -> [Value] {
    let sign = joint.isEmpty ? String(prefix.prefix(1)) : joint
    let rest = joint.isEmpty ? String(prefix.dropFirst()) : prefix
    guard sign == "+" || sign == "-" else { return [] }
    guard sign == "-", !isQuoted, let user else {
      let found = items(rest, isQuoted: isQuoted)
      return isQuoted ? found : found.map { Value(text: sign + Session.quoted($0.text), isWord: true) }
    }
    let past = engine.pastItems(of: user).filter { $0.hasPrefix(rest) }
    return past.prefix(Self.limit).map { Value(text: sign + Session.quoted($0), isWord: true) }
  }

  private func flags(of entry: CommandEntry, words: [Word], prefix: String) -> [Value] {
    if let equals = prefix.firstIndex(of: "=") {
      let name = String(prefix[..<equals])
      guard case .choice(let choices)? = entry.flags.first(where: { $0.name == name })?.kind else { return [] }
      return matching(choices.map { name + "=" + $0 }, prefix)
    }
    // A flag that is there already is not offered again, except those that add up.
    let given = Set(words.filter { !$0.isQuoted }.map(\.text))
    return matching(entry.flags.map(\.name).filter { !given.contains($0) || $0 == "--items" }, prefix)
  }

  /// The words in fixed places: no flags, no values of flags.
  private func positionalWords(_ words: [Word], entry: CommandEntry) -> [Word] {
    var positional: [Word] = []
    var skipsNext = false
    for word in words.dropFirst() {
      if skipsNext {
        skipsNext = false
      } else if !word.isQuoted && word.text.hasPrefix("--") {
        skipsNext = entry.flags.contains { $0.name == word.text && $0.kind != nil }
      } else {
        positional.append(word)
      }
    }
    return positional
  }

  private func values(_ kind: ValueKind, prefix: String, entity: EntityKind?, isQuoted: Bool) -> [Value] {
    switch kind {
    case .choice(let words): return matching(words, prefix)
    case .user: return engine.ids(of: .user, startingWith: prefix, limit: Self.limit).map { Value(text: $0) }
    case .item: return items(prefix, isQuoted: isQuoted)
    case .entity:
      if entity == .item { return items(prefix, isQuoted: isQuoted) }
      return engine.ids(of: .user, startingWith: prefix, limit: Self.limit).map { Value(text: $0) }
    case .items:
      if isQuoted { return items(prefix, isQuoted: true) }
      // The piece behind the last comma; what stands before it stays.
      let comma = prefix.lastIndex(of: ",")
      let kept = comma.map { String(prefix[...$0]) } ?? ""
      let piece = comma.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
      return engine.ids(of: .item, startingWith: piece, limit: Self.limit).map {
        Value(text: kept + $0, isComplete: false)
      }
    case .file: return files(prefix)
    case .topic: return matching(CommandTable.names + CommandHelp.topics.map(\.name), prefix)
    case .signedItems:
      return matching(["+", "-"], prefix).map { Value(text: $0.text, isComplete: false, isWord: true) }
    case .integer, .text: return []
    }
  }

  /// Ids of items; titles too once a quote is open, since titles have blanks.
  private func items(_ prefix: String, isQuoted: Bool) -> [Value] {
    var found = engine.ids(of: .item, startingWith: prefix, limit: Self.limit)
    if isQuoted {
      let titles = engine.titles(startingWith: prefix, limit: Self.limit)
      found = prefix.isEmpty ? titles : titles + found.filter { !titles.contains($0) }
    }
    return found.map { Value(text: $0) }
  }

  private func matching(_ words: [String], _ prefix: String) -> [Value] {
    words.filter { $0.hasPrefix(prefix) }.map { Value(text: $0, isWord: true) }
  }

  /// Names in a folder, in byte order; hidden ones only when asked for.
  private func files(_ prefix: String) -> [Value] {
    let slash = prefix.lastIndex(of: "/")
    let folder = slash.map { String(prefix[...$0]) } ?? ""
    let start = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
    var path = folder.isEmpty ? "." : folder
    if path.hasPrefix("~/"), let home = Terminal.environment("HOME") { path = home + path.dropFirst() }
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafePointer(to: entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          Array(UnsafeBufferPointer(start: name, count: strnlen(name, 256)).map { UInt8(bitPattern: $0) })
        }
      }
      guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != ".." else { continue }
      if name.hasPrefix(start) && (!name.hasPrefix(".") || start.hasPrefix(".")) { names.append(name) }
    }
    names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return names.prefix(Self.limit).map { name in
      var status = stat()
      let isFolder = stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      return Value(text: folder + name + (isFolder ? "/" : ""), isComplete: !isFolder)
    }
  }

  /// A value as it has to stand on the line; nil when it could drive the terminal or cannot be typed.
  private func candidate(_ value: Value, quote: UInt8?) -> Candidate? {
    guard TerminalText.escaped(value.text) == value.text else { return nil }
    switch quote {
    case 0x22:
      let text = Session.quotedInside(value.text)
      // Readline closes the quote unless the text ends in one, and does not see that this one is escaped.
      return Candidate(text: text.utf8.last == 0x22 ? text + "\"" : text, isComplete: value.isComplete)
    case 0x27:
      return value.text.contains("'") ? nil : Candidate(text: value.text, isComplete: value.isComplete)
    default:
      // A list of ids is not one word to quote.
      let isPlain = value.isWord || (value.text.contains(",") && !value.isComplete)
      let text = isPlain ? value.text : Session.quoted(value.text)
      return Candidate(text: text, isComplete: value.isComplete)
    }
  }

  private static func unescaped(_ text: String) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      if character == "\\" && !isEscaped {
        isEscaped = true
      } else {
        result.append(character)
        isEscaped = false
      }
    }
    return result
  }
}
