// What Tab offers at the end of a line.

import Shell
import Testing

@Suite struct CompletionTests {
  /// Candidates for a line whose word starts behind the last blank, or behind the open quote given.
  func offered(_ line: String, quote: Character? = nil, person: String? = nil) -> [String] {
    let bytes = Array(line.utf8)
    let mark = quote?.asciiValue
    let start: Int
    if let mark {
      start = (bytes.lastIndex(of: mark) ?? 0) + 1
    } else {
      start = (bytes.lastIndex { $0 == 0x20 } ?? -1) + 1
    }
    let completion = Completion(engine: FakeEngine(), person: person)
    return completion.candidates(line: bytes, start: start, end: bytes.count, quote: mark).map(\.text)
  }

  @Test(
    arguments: [
      ("rec", ["recommend"]), ("s", ["similar", "stats"]), (".m", [".mode", ".maxrows"]),
      ("recommend 19", ["196", "197"]),
      ("recommend user", ["\"user with blank\""]),
      (
        "recommend 196 --",
        [
          "--top", "--items", "--include-seen", "--candidates", "--exclude",
        ]
      ),
      ("recommend 196 --top 5 --t", []),
      (
        "recommend 196 ",
        [
          "--top", "--items", "--include-seen", "--candidates", "--exclude",
        ]
      ),
      ("similar ", ["user", "item"]), ("similar item 5", ["50", "51"]), ("similar user 5", []),
      ("similar user 2", ["20"]),
      ("similar item 5 --space s", ["shared", "specific"]),
      ("similar item 5 --space=s", ["--space=shared", "--space=specific"]),
      (".mode j", ["json", "jsonl"]), (".timer o", ["on", "off"]), ("explain 196 a", ["\"a,b\""]),
      (
        "recommend --items 50,5",
        ["50,50", "50,51"]
      ),
      (".help rec", ["recommend"]), (".help to", ["tour"]), ("find x", []), ("nonsense x", []),
      ("recommend 196 --top ", []),
      ("stats ", []),
    ] as [(String, [String])])
  func wordsAreOfferedFromTableAndModel(_ row: (String, [String])) {
    #expect(offered(row.0) == row.1)
  }

  @Test func titlesAreOfferedInQuotes() {
    #expect(offered("explain 196 \"t", quote: "\"") == ["Toy Story (1995)", "Twelve Monkeys"])
    #expect(offered("explain 196 't", quote: "'") == ["Toy Story (1995)", "Twelve Monkeys"])
    #expect(offered("explain 196 \"Say", quote: "\"") == ["Say \\\"Hi\\\"\""])
    #expect(offered("explain 196 \"Postman, T", quote: "\"") == ["Postman, The (1997)"])
    #expect(offered("similar item \"5", quote: "\"") == ["50", "51"])
  }

  @Test func whoIsMeantMayBeLeftOut() {
    #expect(offered("explain \"t", quote: "\"", person: "196") == ["Toy Story (1995)", "Twelve Monkeys"])
    #expect(offered("why-not 5", person: "196") == ["50", "51"])
    #expect(offered("why-not 19", person: "196") == ["196", "197"])
    #expect(offered("as 19", person: "196") == ["196", "197"])
    #expect(offered("recommend 19", person: "196") == ["196", "197"])
    #expect(offered("explain \"t", quote: "\"").isEmpty)
  }

  @Test func itemsBehindSignsAndCommasAreOffered() {
    #expect(offered("what-if 196 ") == ["+", "-"])
    #expect(offered("what-if 196 +5") == ["+50", "+51"])
    #expect(offered("what-if 196 -5") == ["-50", "-51"])
    #expect(offered("what-if 196 -7").isEmpty, "the user does not have it")
    #expect(offered("what-if -5", person: "196") == ["-50", "-51"])
    #expect(offered("what-if 196 +50 --") == ["--top"])
    #expect(offered("what-if 196 +\"t", quote: "\"") == ["Toy Story (1995)", "Twelve Monkeys"])
    #expect(offered("recommend --items 50,\"t", quote: "\"") == ["Toy Story (1995)", "Twelve Monkeys"])
    #expect(offered("explain 196 a\"t", quote: "\"").isEmpty)
  }

  @Test func filesAreOfferedAfterRead() {
    let folder = TemporaryFolder()
    folder.write("script one", "")
    folder.write("script2", "")
    folder.write(".hidden", "")
    folder.write("esc\u{1B}ape", "")
    #expect(offered(".read \(folder.path)/scr") == ["\"\(folder.path)/script one\"", "\(folder.path)/script2"])
    #expect(offered(".read \(folder.path)/") == ["\"\(folder.path)/script one\"", "\(folder.path)/script2"])
    #expect(offered(".read \(folder.path)/.h") == ["\(folder.path)/.hidden"])
    #expect(offered("recommend 196 --exclude \(folder.path)/script2") == ["\(folder.path)/script2"])
  }

  @Test func nothingTrapsOnOddPositions() {
    let completion = Completion(engine: FakeEngine())
    let bytes = Array("explain 196 \"日本".utf8)
    for start in -1...bytes.count + 1 {
      for end in -1...bytes.count + 1 {
        for quote in [nil, 0x22, 0x27] as [UInt8?] {
          _ = completion.candidates(line: bytes, start: start, end: end, quote: quote)
        }
      }
    }
  }
}
