// Long answers: short on the screen unless asked, whole everywhere else.

import Engine
import Files
import Shell
import Testing

@Suite struct BriefFormTests {
  /// Explains with as many contributions as asked for, and two more tables.
  private let engine = FakeEngine(explanation: { request in
    func table(_ title: String, _ rows: Int) -> AnswerTable {
      AnswerTable(
        title: title, columns: [AnswerColumn("item", .identifier), AnswerColumn("value", .bar)],
        rows: (0..<rows).map { [.text("i\($0)"), .number(1 / Double($0 + 1))] })
    }
    return Answer(
      kind: "explanation", records: [["n": .integer(request.neighbors)]], sentences: ["Because."],
      tables: [table("Contributions", request.neighbors), table("Nearness", 3), table("Neighbours", 1)])
  })

  private func run(_ text: String) -> String { script(text, engine: engine).output }

  @Test func anExplanationIsShortAndSaysWhatItLeavesOut() {
    #expect(
      run("explain 196 50 --neighbors 9\n") == """
        Because.

        Contributions
        item   value
        ────  ─────────────────
        i0    1.0000 ██████████
        i1    0.5000 █████
        i2    0.3333 ███▍
        i3    0.2500 ██▌
        i4    0.2000 ██

        --full also shows: 4 more rows, nearness (3), neighbours (1).

        """)
  }

  @Test func whatIsHiddenOfASumIsAddedUpAndTheResidualStays() {
    let engine = FakeEngine(explanation: { request in
      let terms = (0..<request.neighbors).map { index -> [AnswerCell] in
        [.text("past"), .text("i\(index)"), .text("Title \(index)"), .number(0.5)]
      }
      return Answer(
        kind: "explanation", records: [[:]],
        tables: [
          AnswerTable(
            columns: [
              AnswerColumn("kind", .word), AnswerColumn("item", .identifier), AnswerColumn("title", .title),
              AnswerColumn("value", .bar),
            ], rows: terms + [[.text("residual"), .missing, .missing, .number(-0.25)]], summedColumns: ["value"],
            closingRows: 1)
        ])
    })
    #expect(
      script("explain 196 50 --neighbors 8\n", engine: engine).output == """
        kind      item  title      value
        ────────  ────  ───────  ──────────────────
        past      i0    Title 0   0.5000 ███▍
        past      i1    Title 1   0.5000 ███▍
        past      i2    Title 2   0.5000 ███▍
        past      i3    Title 3   0.5000 ███▍
        past      i4    Title 4   0.5000 ███▍
        rest      -     3 more    1.5000 ██████████
        residual  -     -        -0.2500 ░░

        --full also shows: 3 more rows.

        """)
    #expect(!script("explain 196 50 --neighbors 5\n", engine: engine).output.contains("rest"))
    #expect(script("explain 196 50 --neighbors 8 --full\n", engine: engine).output.contains("i7"))
  }

  @Test(arguments: ["explain 196 50 --neighbors 9 --full\n", ".detail full\nexplain 196 50 --neighbors 9\n"])
  func everythingIsThereOnRequest(_ text: String) {
    let output = run(text)
    for part in ["i8", "Nearness\n", "Neighbours\n"] { #expect(output.contains(part)) }
    #expect(!output.contains("--full"))
  }

  @Test func nothingIsLeftOutWhereNothingIsLong() {
    #expect(!run("recommend 196\n").contains("--full"))
    let tight = run(".maxrows 2\nexplain 196 50 --neighbors 9\n")
    #expect(tight.contains("--full also shows: 7 more rows,") && !tight.contains("…"))
  }

  @Test(arguments: [OutputMode.json, .jsonl, .csv, .tsv, .markdown, .line, .quiet])
  func otherModesHoldTheSameWithAndWithoutFull(_ mode: OutputMode) {
    let short = run(".mode \(mode.rawValue)\nexplain 196 50 --neighbors 9\n")
    #expect(short == run(".mode \(mode.rawValue)\nexplain 196 50 --neighbors 9 --full\n"))
    if mode != .quiet && mode != .json && mode != .jsonl { #expect(short.contains("i8")) }
  }
}
