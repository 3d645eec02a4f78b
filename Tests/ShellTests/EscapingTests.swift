// Hostile text through every escape function.

import Engine
import Files
import Foundation
import Shell
import Testing

@Suite struct EscapingTests {
  /// Attacks by name, and characters that have been used in them.
  static let attacks = [
    "\u{1B}]52;c;ZWNobyBoaQ==\u{7}", "\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "\u{1B}]0;title\u{7}",
    "\u{1B}P$q\"p\u{1B}\\", "\u{1B}[2J\u{1B}[H", "abc\u{8}\u{8}\u{8}xyz", "real\rfake", "\u{9B}31m", "\u{1B}[10A",
    "\u{1B}]1337;File=:AAAA\u{7}", "\u{7}\u{7}\u{7}", "user\u{202E}txt.exe", "a\u{2028}b\u{2029}c", "\u{FEFF}x",
    "in\u{200B}visible", "\u{E0041}\u{E0042}", "a\u{200D}b", "\u{7F}", "\u{FFFE}", "line\nbreak\tand tab", "\0",
    "=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{FF1D}1", "'=1", "''-x", "a,b", "a\"b",
    "| pipe |", "<script>alert(1)</script>", "&amp;", "`code` *bold* _it_ [x](y) ~~s~~", "\\", "\\n", " padded ",
    "👨‍👩‍👧‍👦", "❤️", "日本語", "",
  ]

  /// Mixtures of the attacks, always the same.
  static func texts(_ count: Int) -> [String] {
    var state: UInt64 = 20_240_817
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var texts = attacks
    while texts.count < count {
      var text = ""
      for _ in 0..<(1 + next(4)) {
        switch next(3) {
        case 0: text += attacks[next(attacks.count)]
        case 1: text.unicodeScalars.append(Unicode.Scalar(UInt32(next(0x3000))) ?? "x")
        default: text.unicodeScalars.append(Unicode.Scalar(UInt32(next(0x11_0000))) ?? "y")
        }
      }
      texts.append(text)
    }
    return texts
  }

  /// True when a terminal can only draw the bytes; written without the table under test.
  ///
  /// JSON keeps characters that take no room: they are data for a program, and drive nothing.
  static func isHarmless(_ bytes: [UInt8], allowsBreaks: Bool, allowsInvisible: Bool = false) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self) else { return false }
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control: if !(allowsBreaks && scalar == "\n") { return false }
      case .lineSeparator, .paragraphSeparator: return false
      case .format where allowsInvisible:
        if scalar.properties.isBidiControl { return false }
      case .format: if scalar.value != 0x200D && !isPrintingFormat(scalar) { return false }
      default: break
      }
    }
    return true
  }

  /// Signs of Arabic, Syriac, Kaithi, Egyptian and music that Unicode calls format but that are drawn or harmless.
  static func isPrintingFormat(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x600...0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, 0x13430...0x1343F, 0x1BCA0...0x1BCA3,
      0x1D173...0x1D17A:
      return true
    default: return false
    }
  }

  @Test func nothingInTextCanDriveATerminal() {
    for text in Self.texts(20_000) {
      #expect(Self.isHarmless(Array(TerminalText.escaped(text).utf8), allowsBreaks: false), "\(text.debugDescription)")
    }
    #expect(TerminalText.escaped("👨‍👩‍👧‍👦 ❤️ 日本語 e\u{301}") == "👨‍👩‍👧‍👦 ❤️ 日本語 e\u{301}")
    #expect(TerminalText.escaped("a\u{200D}b\u{1B}") == "a\\u{200D}b\\x1B")
  }

  @Test func whatIsDrawnAsNothingIsShown() {
    for scalar in "\u{34F}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{2800}\u{3164}\u{FFA0}".unicodeScalars {
      let digits = String(scalar.value, radix: 16, uppercase: true)
      #expect(TerminalText.escaped("a\(scalar)b") == "a\\u{\(digits)}b")
    }
  }

  static func answer(_ text: String) -> Answer {
    Answer(
      kind: "test", records: [.object([.init(text, .string(text))])], sentences: [text],
      tables: [
        AnswerTable(
          title: text, columns: [AnswerColumn("id", .identifier), AnswerColumn(text, .title)],
          rows: [[.text(text), .text(text)]])
      ])
  }

  @Test(arguments: OutputMode.allCases)
  func everyModeIsHarmlessOnATerminal(_ mode: OutputMode) {
    var options = RenderOptions()
    options.isTerminal = true
    for text in Self.texts(3000) {
      let bytes = AnswerRenderer.render(Self.answer(text), mode: mode, options: options)
      // Tabs separate the fields of tsv.
      let shown = mode == .tsv ? bytes.filter { $0 != 9 } : bytes
      let isJSON = mode == .json || mode == .jsonl
      #expect(Self.isHarmless(shown, allowsBreaks: true, allowsInvisible: isJSON), "\(text.debugDescription)")
    }
  }

  @Test func jsonReadsBackTheSameText() throws {
    for text in Self.texts(3000) {
      for mode in [OutputMode.json, .jsonl] {
        let bytes = AnswerRenderer.render(Self.answer(text), mode: mode)
        let read = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String]
        // Foundation drops byte order marks at the start of strings; everything else must be the same, by scalars.
        let marks: (Unicode.Scalar) -> Bool = { $0 != "\u{FEFF}" }
        #expect(read?.values.first.map { $0.unicodeScalars.filter(marks) } == text.unicodeScalars.filter(marks))
        if mode == .jsonl { #expect(bytes.count { $0 == 10 } == 1) }
      }
    }
  }

  @Test func csvReadsBackTheSameTextAndRunsNoFormula() {
    for text in Self.texts(3000) {
      for raw in [false, true] {
        var bytes: [UInt8] = []
        CSVText.append(text, raw: raw, to: &bytes)
        var field = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0 }
        if field.first == "\"" {
          field = Array(field.dropFirst().dropLast())
          var plain: [Unicode.Scalar] = []
          var index = 0
          while index < field.count {
            plain.append(field[index])
            index += field[index] == "\"" ? 2 : 1
          }
          field = plain
        } else {
          #expect(!field.contains { $0 == "," || $0 == "\n" || $0 == "\r" || $0 == "\"" })
        }
        if !raw {
          if let first = field.first { #expect(!"=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first)) }
          // The guard is taken away from exactly the fields that look like one after apostrophes.
          if field.first == "'", let real = field.first(where: { $0 != "'" }),
            "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(real)
          {
            field.removeFirst()
          }
        }
        #expect(field == Array(text.unicodeScalars))
      }
    }
  }

  @Test func tsvReadsBackTheSameText() {
    for text in Self.texts(3000) {
      var bytes: [UInt8] = []
      TSVText.append(text, to: &bytes)
      #expect(!bytes.contains { $0 == 9 || $0 == 10 || $0 == 13 })
      var plain: [UInt8] = []
      var index = 0
      while index < bytes.count {
        if bytes[index] == 0x5C {
          index += 1
          plain.append([0x74: 9, 0x6E: 10, 0x72: 13][bytes[index]] ?? bytes[index])
        } else {
          plain.append(bytes[index])
        }
        index += 1
      }
      #expect(plain == Array(text.utf8))
    }
  }

  @Test func markdownCellsStayCells() {
    var bytes: [UInt8] = []
    MarkdownText.append("a|b\r\nc\\|d <i> & *x*", to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "a\\|b<br>c\\\\\\|d &lt;i> &amp; \\*x\\*")
    for text in Self.texts(3000) {
      let table = AnswerRenderer.render(Self.answer(text), mode: .markdown)
      let rows = String(decoding: table, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("|") }
      #expect(rows.count == 3)
      for row in rows {
        // Bars that are not escaped separate cells: three in each line.
        var bars = 0
        var isEscaped = false
        for scalar in row.unicodeScalars {
          if scalar == "|" && !isEscaped { bars += 1 }
          isEscaped = scalar == "\\" && !isEscaped
        }
        #expect(bars == 3, "\(text.debugDescription)")
      }
    }
  }
}
