// What each output mode looks like, and what fits a screen.

import Engine
import Files
import Shell
import Testing

@Suite struct AnswerRendererTests {
  static let answer = Answer(
    kind: "explanation",
    records: [.object([.init("score", .float(0.1)), .init("ids", .array([.string("1")])), .init("none", .null)])],
    sentences: [
      "User 7 would like it, because of what they already have; most of the evidence is shared by both sides."
    ],
    tables: [
      AnswerTable(
        title: "Contributions",
        columns: [
          AnswerColumn("item", .identifier), AnswerColumn("title", .title), AnswerColumn("space", .word),
          AnswerColumn("contribution", .bar), AnswerColumn("count", .number),
        ],
        rows: [
          [.text("50"), .text("日本語の題名"), .text("shared"), .number(0.5), .integer(10)],
          [.text("7"), .text("Plain"), .text("text"), .number(-0.25), .missing],
          [.text("8"), .missing, .text("text"), .number(Double(Float(0.1))), .integer(-3)],
        ]),
      AnswerTable(columns: [AnswerColumn("x", .word)], rows: []),
    ])

  func text(_ mode: OutputMode, _ change: (inout RenderOptions) -> Void = { _ in }) -> String {
    var options = RenderOptions()
    change(&options)
    return String(decoding: AnswerRenderer.render(Self.answer, mode: mode, options: options), as: UTF8.self)
  }

  @Test func tablesAreAlignedByCells() {
    #expect(
      text(.table) == """
        User 7 would like it, because of what they already have; most of the evidence is
        shared by both sides.

        Contributions
        item  title         space   contribution             count
        ────  ────────────  ──────  ───────────────────────  ─────
        50    日本語の題名  shared        0.5000 ██████████     10
        7     Plain         text         -0.2500 ░░░░░           -
        8     -             text          0.1000 ██             -3

        x
        ─
        (no rows)

        """)
  }

  @Test func asciiOnlyWhereAskedFor() {
    let shown = text(.table) {
      $0.unicode = false
      $0.headers = false
      $0.maximumRows = 2
      $0.precision = 1
    }
    #expect(
      shown.hasSuffix(
        """
        Contributions
        50  日本語の題名  shared   0.5 ##########  10
        7   Plain         text    -0.3 -----        -
        ... 1 more row (.maxrows 0 shows all)

        (no rows)

        """), "\(shown)")
  }

  @Test(arguments: [1, 10, 20, 30, 40, 50, 60, 80, 200, 65_535])
  func tablesFitTheScreen(_ width: Int) {
    let lines = text(.table) { $0.width = width }.split(separator: "\n")
    // The ids, the numbers and four cells of each other column are never given up.
    for line in lines { #expect(DisplayWidth.of(String(line)) <= max(width, 44)) }
  }

  @Test func programsGetExactNumbers() {
    #expect(
      text(.csv) == """
        item,title,space,contribution,count
        50,日本語の題名,shared,0.5,10
        7,Plain,text,-0.25,
        8,,text,0.1,-3

        """)
    #expect(
      text(.tsv) { $0.headers = false } == "50\t日本語の題名\tshared\t0.5\t10\n7\tPlain\ttext\t-0.25\t\n8\t\ttext\t0.1\t-3\n")
    #expect(text(.jsonl) == "{\"score\":0.1,\"ids\":[\"1\"],\"none\":null}\n")
    #expect(text(.json) == "{\n  \"score\": 0.1,\n  \"ids\": [\n    \"1\"\n  ],\n  \"none\": null\n}\n")
    #expect(text(.quiet).isEmpty)
  }

  @Test func markdownAndLines() {
    #expect(
      text(.markdown) == """
        ### Contributions

        | item | title | space | contribution | count |
        | --- | --- | --- | ---: | ---: |
        | 50 | 日本語の題名 | shared | 0.5 | 10 |
        | 7 | Plain | text | -0.25 |  |
        | 8 |  | text | 0.1 | -3 |

        | x |
        | --- |

        """)
    #expect(
      text(.line).hasPrefix(
        """
                item = 50
               title = 日本語の題名
               space = shared
        contribution = 0.5
               count = 10

                item = 7
        """))
  }

  @Test func colourIsOnlyAddedNeverNeeded() {
    let colored = text(.table) { $0.color = true }
    var plain = ""
    var isInside = false
    for scalar in colored.unicodeScalars {
      if scalar == "\u{1B}" { isInside = true }
      if !isInside { plain.unicodeScalars.append(scalar) }
      if scalar == "m" { isInside = false }
    }
    #expect(colored.contains("\u{1B}[1m"))
    #expect(plain == text(.table))
  }

  @Test func severalRecordsAreAnArrayAndRowsMayBeTooShortOrTooLong() {
    let several = Answer(
      kind: "x", records: [.integer(1), .integer(2)], isSingle: true,
      tables: [
        AnswerTable(columns: [AnswerColumn("a", .bar)], rows: [[], [.integer(1), .integer(2)], [.number(.nan)]])
      ])
    for mode in OutputMode.allCases { _ = AnswerRenderer.render(several, mode: mode) }
    #expect(String(decoding: AnswerRenderer.render(several, mode: .json), as: UTF8.self) == "[1, 2]\n")
    let broken = Answer(kind: "x", records: [.object([.init("a", .array([.number(.nan), .float(.infinity)]))])])
    #expect(String(decoding: AnswerRenderer.render(broken, mode: .jsonl), as: UTF8.self) == "{\"a\":[null,null]}\n")
    let empty = Answer(kind: "x", records: [])
    for mode in OutputMode.allCases {
      let bytes = AnswerRenderer.render(empty, mode: mode)
      #expect(String(decoding: bytes, as: UTF8.self) == (mode == .json ? "[]\n" : ""))
    }
  }

  @Test(arguments: [
    (0.0, 4, "0.0000"), (1.0, 0, "1"), (0.5, 0, "1"), (-0.25, 1, "-0.3"), (1234.5678, 2, "1234.57"),
    (1e-7, 4, "1.0e-07"),
    (-9.96e-6, 4, "-1.0e-05"), (9.99999, 4, "10.0000"), (1e300, 4, "1e+300"), (0.00005, 4, "0.0001"),
    (Double.leastNonzeroMagnitude, 4, "4.9e-324"),
    (0.1, 17, "0.1"), (123456789.125, 3, "123456789.125"),
  ])
  func fixedNumbers(_ row: (Double, Int, String)) {
    #expect(NumberText.fixed(row.0, decimals: row.1) == row.2)
  }

  @Test func numbersThatAreNotFiniteNeverTrap() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(NumberText.fixed(value, decimals: 4) == "-")
      #expect(NumberText.shortest(value) == nil)
    }
    for decimals in [-5, 0, 17, 99] { _ = NumberText.fixed(0.1, decimals: decimals) }
    #expect(NumberText.shortest(0.1) == "0.1")
    #expect(NumberText.shortest(Double(Float(0.1))) == "0.1")
    #expect(NumberText.shortest(1.0 / 3) == "0.3333333333333333")
  }
}
