// Random command lines on the sample model: nothing may crash, and every error says where it is.

import Shell
import TestSupport
import Testing

/// Lines that follow the grammar, more or less.
struct RandomLines {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(state: seed) }

  /// The next line, without line feeds.
  mutating func next() -> String {
    var line = sentence()
    if random.below(2) == 0 {
      let bytes = random.mutate(Array(line.utf8)).filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 }
      line = String(decoding: bytes, as: UTF8.self)
    }
    // A continued line would take its neighbour along.
    while line.utf8.last == 0x5C { line.removeLast() }
    return line
  }

  private mutating func pick<Value>(_ values: [Value]) -> Value { values[random.below(values.count)] }

  /// A command with as many words as it takes, one fewer, or one more, and flags anywhere.
  private mutating func sentence() -> String {
    let entry = pick(CommandTable.entries)
    var words = [random.below(20) == 0 ? String(entry.name.prefix(3)) : pick(entry.names)]
    for argument in entry.arguments where random.below(12) > 0 { words.append(value(argument.kind)) }
    if random.below(15) == 0 { words.append(word()) }
    for flag in entry.flags where random.below(3) == 0 {
      let place = 1 + random.below(words.count)
      guard let kind = flag.kind else {
        words.insert(flag.name, at: place)
        continue
      }
      if random.below(2) == 0 {
        words.insert(flag.name + "=" + value(kind), at: place)
      } else {
        words.insert(contentsOf: [flag.name, value(kind)], at: place)
      }
    }
    return words.joined(separator: random.below(10) == 0 ? "  " : " ")
  }

  private mutating func value(_ kind: ValueKind) -> String {
    if random.below(12) == 0 { return word() }
    switch kind {
    case .user: return "\(1 + random.below(320))"
    case .item, .entity: return random.below(4) == 0 ? "\"The Salted Orbit\"" : "\(1 + random.below(210))"
    case .items: return (0...random.below(4)).map { _ in "\(1 + random.below(200))" }.joined(separator: ",")
    case .choice(let words): return pick(words)
    case .integer(let range): return pick(["0", "1", "3", "10", "\(range.upperBound)", "\(range.lowerBound)"])
    case .file: return pick(["/nonexistent/a", "/dev/null", "/", "stdout", "''"])
    case .signedItems: return pick(["+1", "-1", "+200", "-\"The Salted Orbit\"", "+", "7"])
    case .text, .topic: return pick(["the", "tour", "orbit", "keys", "recommend", "5"])
    }
  }

  private mutating func word() -> String {
    pick([
      "", "''", "\"", "'", "\\", "--", "---", "-1", "#", "a#b", "99999999999999999999", "é", "日本語",
      "\u{1F468}\u{200D}\u{1F469}",
      "\u{1B}[2J", "\u{202E}", "a,b", ",", "=", "--top=", "--=", "\"a\\", "\t", "0x10", "1e5", "nan",
      String(repeating: "x", count: 300),
    ])
  }
}

@Suite struct RandomCommandTests {
  /// Commands that would end the script, change where answers go, or stop it at errors.
  private static let steering: Set<String> = [
    ".quit", ".exit", ".output", ".once", ".bail", ".read", ".echo", ".timer",
  ]

  @Test func tenThousandRandomLinesNeverCrashAndEveryErrorSaysWhere() throws {
    var source = RandomLines(seed: 20_261_125)
    let parser = CommandParser(allowsPrefixes: false)
    let typed = CommandParser(allowsPrefixes: true)
    var lines: [String] = []
    var drawn = 0
    while lines.count < 10_000 {
      let line = source.next()
      drawn += 1
      // What a person types is only parsed here; it must not crash either.
      _ = try? typed.parse(line)
      let name = (try? parser.parse(line))?.entry.name
      if name.map({ Self.steering.contains($0) }) == true { continue }
      lines.append(line)
    }
    let process = try DarecProcess(
      [ExitTableTests.model, "--keep-going", "--mode", "jsonl"], input: lines.joined(separator: "\n") + "\n")
    #expect(process.status == 1, "\(process.errors.suffix(500))")
    let errors = process.errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    var wrong: [Substring] = []
    for error in errors where !Self.saysWhere(error, lines: lines) { wrong.append(error) }
    #expect(wrong.isEmpty, "\(wrong.count) of \(errors.count): \(wrong.prefix(5))")
    // The grammar makes lines of both kinds.
    #expect(errors.count > 2_000 && errors.count < 8_000, "\(errors.count) errors, \(drawn) lines drawn")
  }

  /// True for `<stdin>:LINE: COMMAND: column N: text` with a column inside the line, or one behind its end.
  private static func saysWhere(_ error: Substring, lines: [String]) -> Bool {
    guard
      // By scalars: a combining mark at the start of a word would join the blank before it.
      let match = error.wholeMatch(
        of: /<stdin>:(\d+): (.*?): column (\d+): .+/.matchingSemantics(.unicodeScalar))
        ?? error.wholeMatch(of: /<stdin>:(\d+): ()column (\d+): .+/.matchingSemantics(.unicodeScalar)),
      let line = Int(match.1), let column = Int(match.3), lines.indices.contains(line - 1)
    else { return false }
    let text = lines[line - 1]
    if column < 1 || column > text.unicodeScalars.count + 1 { return false }
    guard match.2.isEmpty else { return true }
    // Only a line whose first word is not even one has no command to name.
    return column == text.unicodeScalars.prefix { $0 == " " || $0 == "\t" }.count + 1
  }
}
