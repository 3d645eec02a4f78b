// Lines broken between words.

import Shell
import Testing

@Suite struct TextWrappingTests {
  @Test(
    arguments: [
      ("short", 20, "short"), ("", 20, ""), ("two  blanks stay as they are", nil, "two  blanks stay as they are"),
      ("exactly twenty cells", 20, "exactly twenty cells"),
      ("more than twenty cells", 20, "more than twenty\ncells"),
      // Narrower than a word or two is nobody's screen.
      ("more than twenty cells", 3, "more than twenty\ncells"),
      ("open '/aaaaaaaa/bbbbbbbb/cccccccc' now", 20, "open\n'/aaaaaaaa/bbbbbbbb/\ncccccccc' now"),
      ("a wordoftwentyfivecharacters b", 20, "a\nwordoftwentyfivecharacters\nb"),
      ("  indented text stays so", 20, "  indented text\n  stays so"),
      ("日本語 日本語 日本語 日本語", 20, "日本語 日本語 日本語\n日本語"),
    ] as [(String, Int?, String)])
  func aLineIsBrokenBetweenWords(_ row: (String, Int?, String)) {
    #expect(TextWrapping.fitted(row.0, width: row.1) == row.2)
  }

  @Test func paragraphsAreFilledAnewAndExamplesStay() {
    let text = """
      Six words here make a paragraph of
      two lines.

        1  A question that is long enough
             stats and a lot of words that stay whole

      """
    #expect(
      TextWrapping.reflowed(text, width: 30) == """
        Six words here make a
        paragraph of two lines.

          1  A question that is long
             enough
               stats and a lot of words that stay whole

        """)
  }

  @Test func aColumnStaysAColumnWhereThereIsRoom() {
    let text = "  name   one two three\n         four five six\n"
    #expect(
      TextWrapping.reflowed(text, width: 30) == "  name   one two three four\n         five six\n")
    #expect(TextWrapping.reflowed(text, width: 24) == "  name\n      one two three four\n      five six\n")
  }

  private static func words(of text: String) -> [Substring] { text.split { $0 == " " || $0 == "\n" } }

  @Test(arguments: [40, 60, 79])
  func helpFitsNarrowScreens(_ width: Int) {
    var texts = [CommandHelp.overview(width: width)]
    for entry in CommandTable.entries { texts.append(CommandHelp.text(for: entry, width: width)) }
    for line in texts.flatMap({ $0.split(separator: "\n") }) where !line.hasPrefix("Example: ") {
      #expect(DisplayWidth.of(String(line)) <= width, "\(line)")
    }
    for topic in CommandHelp.topics {
      let original = Set(topic.text.split(separator: "\n"))
      let text = CommandHelp.text(forTopic: topic.name, width: width) ?? ""
      for line in text.split(separator: "\n") where DisplayWidth.of(String(line)) > width {
        // Something to copy.
        #expect(line.hasPrefix("  ") && original.contains(line), "\(line)")
      }
      #expect(Self.words(of: text) == Self.words(of: topic.text))
    }
  }
}
