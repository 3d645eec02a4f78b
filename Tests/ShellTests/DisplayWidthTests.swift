// Widths in cells against the C library's table.

import Glibc
import Shell
import Testing

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本語", 6), ("한국어", 6), ("\u{1112}\u{1161}\u{11AB}", 2),
    ("ｆｕｌｌ", 8), ("😀", 2), ("👨‍👩‍👧‍👦", 2), ("👍🏽", 2), ("🇩🇪", 2), ("❤️", 2), ("❤", 1), ("नमस्ते", 4), ("Ａb", 3),
    ("a\u{0300}\u{0301}\u{0302}b", 2),
  ])
  func clustersTakeTheirCells(_ row: (String, Int)) {
    #expect(DisplayWidth.of(row.0) == row.1)
  }

  @Test func scalarsAgreeWithTheLibrary() {
    guard let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else { return }
    // The header hides it from Swift.
    guard let symbol = dlsym(nil, "wcwidth") else { return }
    let wcwidth = unsafeBitCast(symbol, to: (@convention(c) (wchar_t) -> Int32).self)
    let previous = uselocale(locale)
    defer {
      uselocale(previous)
      freelocale(locale)
    }
    var compared = 0
    var different: [UInt32] = []
    for value in (0x20 as UInt32)..<0x20000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let expected = wcwidth(wchar_t(value))
      // The library says -1 for what its Unicode version does not know.
      if expected < 0 || TerminalText.mustEscape(value) { continue }
      compared += 1
      if DisplayWidth.of(scalar) != Int(expected) { different.append(value) }
    }
    #expect(compared > 80_000)
    // Characters whose class changed between Unicode versions, and letters that format others.
    #expect(different.count < compared / 500, "\(different.prefix(60).map { String($0, radix: 16) })")
  }

  @Test(arguments: 0...20)
  func aCutTextFits(_ cells: Int) {
    for text in ["Star Wars (1977)", "日本語のとても長い題名", "a👨‍👩‍👧‍👦b👨‍👩‍👧‍👦c👨‍👩‍👧‍👦d👨‍👩‍👧‍👦", "x"] {
      let cut = DisplayWidth.cut(text, to: cells, ellipsis: "…")
      #expect(DisplayWidth.of(cut) <= cells)
      #expect(cut == text || cut.hasSuffix("…") || cells == 0)
      if cut != text && cells > 0 { #expect(DisplayWidth.of(cut) >= cells - 1) }
    }
  }
}
