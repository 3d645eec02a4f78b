// Words, flags, suggestions, and ten thousand lines of nonsense.

import Shell
import Testing

@Suite struct CommandParserTests {
  let strict = CommandParser(allowsPrefixes: false)
  let typed = CommandParser(allowsPrefixes: true)

  @Test(arguments: [
    ("a b\tc", ["a", "b", "c"]), ("  a  ", ["a"]), ("'a b' \"c d\"", ["a b", "c d"]), ("a'b c'd", ["ab cd"]),
    ("\"a\\\"b\\\\c\\n\\t\\x\"", ["a\"b\\c\n\tx"]), ("'a\\n'", ["a\\n"]), ("''", [""]), ("a # b", ["a"]),
    ("a#b", ["a#b"]),
    ("'#'", ["#"]), ("a\\b", ["a\\b"]), ("", []), ("日本 語", ["日本", "語"]),
  ])
  func wordsAreSplitAtBlanks(_ row: (String, [String])) throws {
    #expect(try WordSplitter.split(row.0).map(\.text) == row.1)
  }

  @Test func columnsCountCharacters() throws {
    #expect(try WordSplitter.split("find 日本 'x' y").map(\.column) == [1, 6, 9, 13])
    #expect(
      throws: ShellError.syntax(
        command: "find", column: 6, problem: "a quote is opened here and never closed", suggestion: nil)
    ) { try strict.parse("find 'x") }
  }

  @Test func uniqueStartsAreForPeople() throws {
    #expect(try typed.parse("rec 196 --to 3")?.entry.name == "recommend")
    #expect(try typed.parse("sim i 5 --space sh")?.value(of: "--space") == "shared")
    #expect(try typed.parse("sim i 5")?.arguments.first?.text == "item")
    #expect(throws: ShellError.self) { try strict.parse("rec 196") }
    #expect(throws: ShellError.self) { try strict.parse("recommend 196 --to 3") }
    #expect(
      throws: ShellError.syntax(
        command: "s", column: 1, problem: "could be any of similar, stats", suggestion: nil)
    ) { try typed.parse("s") }
  }

  @Test func quotedAndSeparatedWordsAreNoFlags() throws {
    #expect(try strict.parse("explain '--top' 5")?.arguments.map(\.text) == ["--top", "5"])
    #expect(try strict.parse("explain -- --top 5")?.arguments.map(\.text) == ["--top", "5"])
    #expect(try strict.parse("explain -5 -")?.arguments.map(\.text) == ["-5", "-"])
    #expect(try strict.parse("find a --top 3 b")?.arguments.map(\.text) == ["a", "b"])
  }

  /// After `as 7` a command may leave its USER out; what names a user keeps its own.
  @Test(arguments: [
    ("recommend", ["7"]), ("recommend 8", ["8"]), ("explain 50", ["7", "50"]), ("explain 8 50", ["8", "50"]),
    ("explain --top 3 50", ["7", "50"]), ("why-not 50", ["7", "50"]), ("path 8 50", ["8", "50"]),
    ("what-if +50 -7", ["7", "+50", "-7"]), ("what-if 8 +50", ["8", "+50"]), ("more-like 50", ["7", "50"]),
    ("components user 8", ["user", "8"]), ("compare item 1 2", ["item", "1", "2"]), ("as", []), ("as 9", ["9"]),
    ("what-if +'Star Wars (1977)'", ["7", "+Star Wars (1977)"]),
  ])
  func commandsMayMeanTheSessionsUser(_ row: (String, [String])) throws {
    var parser = strict
    parser.person = "7"
    #expect(try parser.parse(row.0)?.arguments.map(\.text) == row.1)
  }

  @Test func withoutASessionsUserItIsMissing() throws {
    for line in ["explain 50", "why-not 50", "more-like 50", "what-if +50", "recommend"] {
      #expect(throws: ShellError.self) { try strict.parse(line) }
    }
    var parser = strict
    parser.person = "7"
    #expect(try parser.parse("recommend --items 1,2")?.arguments.isEmpty == true)
    #expect(throws: ShellError.self) { try parser.parse("explain") }
  }

  @Test(
    arguments: [
      ("recomend", "recommend"), ("explian", "explain"), ("simlar", "similar"), ("mdoel", "model"), (".mdoe", ".mode"),
      ("timer", ".timer"), ("read", ".read"), ("xyzzy", nil), ("q", nil), ("", nil),
    ] as [(String, String?)])
  func mistypedCommandsGetASuggestion(_ row: (String, String?)) {
    do {
      _ = try strict.parse("'\(row.0)'")
      Issue.record("accepted \(row.0)")
    } catch {
      guard case .syntax(_, let column, _, let suggestion) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(column == 1)
      #expect(suggestion == row.1)
    }
  }

  @Test(arguments: [
    ("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "abd", 1), ("abc", "ab", 1), ("", "ab", 2),
    ("kitten", "sitting", 3),
  ])
  func editsAreCounted(_ row: (String, String, Int)) {
    #expect(Suggestion.editDistance(Array(row.0.utf8), Array(row.1.utf8)) == row.2)
    #expect(Suggestion.editDistance(Array(row.1.utf8), Array(row.0.utf8)) == row.2)
  }

  @Test func tenThousandRandomLinesNeverTrapAndEveryErrorNamesItsColumn() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let pieces =
      CommandTable.entries.flatMap { $0.names + $0.flags.map(\.name) + [$0.example] + $0.synopses }
      + [
        "196", "\"Star Wars\"", "'", "\"", "\\", "#", "--", "--top=", "=5", "-1", "99999999999999999999", "on", "off",
        "json",
        "日本", "\u{1B}[2J", "\t", ",", "''", "--help", "a,b", "\u{0}", "item", "user",
      ]
    var accepted = 0
    for _ in 0..<10_000 {
      var line = ""
      for _ in 0..<next(6) { line += pieces[next(pieces.count)] + (next(5) == 0 ? "" : " ") }
      // Mutations: a character removed, doubled, or replaced.
      for _ in 0..<next(3) where !line.isEmpty {
        var scalars = Array(line.unicodeScalars)
        let position = next(scalars.count)
        switch next(3) {
        case 0: scalars.remove(at: position)
        case 1: scalars.insert(scalars[position], at: position)
        default: scalars[position] = Unicode.Scalar(UInt8(32 + next(95)))
        }
        line = ""
        line.unicodeScalars.append(contentsOf: scalars)
      }
      for parser in [strict, typed] {
        do {
          if try parser.parse(line) != nil { accepted += 1 }
        } catch {
          guard case .syntax(let command, let column, let problem, _) = error else {
            Issue.record("\(line.debugDescription): \(error)")
            continue
          }
          #expect(column >= 1 && column <= line.unicodeScalars.count + 1, "\(line.debugDescription)")
          #expect(!problem.isEmpty)
          // Nothing to name when the very first word has no end.
          #expect(command != nil || problem.contains("quote"))
        }
      }
    }
    #expect(accepted > 500)
  }

  /// A quoted word at the end sends a line the long way; the words before it must be the same.
  @Test func plainLinesAreSplitLikeAllOthers() throws {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let characters = Array("ab1,,=-\\   \t\r\u{1}".unicodeScalars)
    for _ in 0..<5_000 {
      var line = String.UnicodeScalarView()
      for _ in 0..<next(24) { line.append(characters[next(characters.count)]) }
      let plain = try WordSplitter.split(String(line))
      let long = try WordSplitter.split(String(line) + " 'x'")
      #expect(Array(long.dropLast()) == plain, "\(String(line).debugDescription)")
    }
    #expect(try WordSplitter.split("a #b c") == WordSplitter.split("a"))
    #expect(try WordSplitter.split("a#b,c").map(\.pieces) == [["a#b", "c"]])
  }

  @Test func namesAreUnique() {
    let names = CommandTable.entries.flatMap(\.names)
    #expect(Set(names).count == names.count)
    for entry in CommandTable.entries {
      #expect(Set(entry.flags.map(\.name)).count == entry.flags.count)
      #expect(!entry.summary.hasSuffix("."))
      #expect(!entry.synopses.isEmpty)
    }
  }
}
