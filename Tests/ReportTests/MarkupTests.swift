// Whatever a text holds, it stays a text.

import Report
import TestSupport
import Testing

@Suite struct MarkupTests {
  /// What HTML would read back: tags and attributes are gone, references are characters again.
  private func text(of html: String) -> (text: String, tags: Int) {
    var result = ""
    var tags = 0
    var isTag = false
    var rest = Substring(html)
    while let character = rest.first {
      rest.removeFirst()
      if isTag {
        if character == ">" { isTag = false }
      } else if character == "<" {
        isTag = true
        tags += 1
      } else if character == "&", let end = rest.firstIndex(of: ";") {
        let names = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'", "#96": "`"]
        result += names[String(rest[..<end])] ?? "?"
        rest = rest[rest.index(after: end)...]
      } else {
        result.append(character)
      }
    }
    return (result, tags)
  }

  private let hostile = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</title><script>",
    "</style><script>", "<!--", "-->", "]]>", "&lt;script&gt;", "&#60;script&#62;", "javascript:alert(1)", "`${1}`",
    "a\u{0}b", "\u{202E}evil\u{202C}", "\u{2028}", "<svg onload=alert(1)>", "\u{FFFE}", "&", "&amp", ">", "<",
  ]

  @Test func hostileTextsAddNoTagAndNoAttribute() {
    for text in hostile {
      let element = Markup.element("p", ["title": text], text).html
      #expect(self.text(of: element).tags == 2, "\(text)")
      #expect(element.count { $0 == "\"" } == 2 && !element.contains("'") && !element.contains("`"))
      #expect(!element.unicodeScalars.contains { $0.value < 0x20 && $0.value != 9 && $0.value != 10 })
      #expect(!element.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) })
    }
  }

  @Test func randomTextsReadBackAsTheyWere() {
    var draws = SplitMix(state: 11)
    let pieces = Array("<>&\"'`=/ \n\tabc;#x3C-!ü漢🎬").map(String.init) + hostile.filter { $0.allSatisfy { $0.isASCII } }
    for _ in 0..<3_000 {
      let text = (0..<draws.below(12)).map { _ in pieces[draws.below(pieces.count)] }.joined()
      guard !text.unicodeScalars.contains(where: { $0.value < 9 }) else { continue }
      let found = self.text(of: Markup.element("td", ["class": text], [.element("b", text)]).html)
      #expect(found.text == text && found.tags == 4)
    }
  }

  @Test func attributesWithoutValueAreLeftOut() {
    #expect(Markup.element("th", ["class": nil, "scope": "row"], "a").html == "<th scope=\"row\">a</th>")
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (1.25, "1.3"), (-3.04, "-3"), (-0.04, "0"), (-0.26, "-0.3"), (12.0, "12"),
    (.nan, "0"), (.infinity, "1000000"), (-1e300, "-1000000"),
  ])
  func coordinatesAreShortAndFinite(value: Double, text: String) {
    #expect(coordinate(value) == text)
  }
}
