// Queries that are answered together, against the same ones answered one after the other.

import Engine
import Files
import Shell
import Synchronization
import Testing

@Suite struct QueryBlockTests {
  /// Many queries with errors, settings, comments and continued lines among them.
  private static let lines: [String] = (0..<600).map { index in
    switch index {
    case 100: return "# a comment"
    case 200: return ".mode csv"
    case 300: return "similar item 50 \\\n  --top 3"
    case 350: return "explain 196 50 --help"
    case 400: return ""
    case _ where index % 97 == 50: return "recommend 999"
    case _ where index % 89 == 10: return "recomend 196"
    case _ where index % 3 == 0: return "recommend 196 --top \(index % 4 + 1)"
    default: return "similar item \(index)"
    }
  }

  /// `.echo on` takes one query after the other; its own lines go to standard error and are left out here.
  @Test(arguments: [true, false])
  func theOutputIsThatOfOneAfterTheOther(_ keepsGoing: Bool) {
    let text = Self.lines.joined(separator: "\n") + "\n"
    let together = script(text) {
      $0.keepGoing = keepsGoing
      $0.mode = .jsonl
    }
    let inTurn = script(text) {
      $0.keepGoing = keepsGoing
      $0.mode = .jsonl
      $0.echo = true
    }
    #expect(together.output == inTurn.output)
    #expect(together.status == 1 && inTurn.status == 1)
    let errors = inTurn.errors.split(separator: "\n").filter { $0.hasPrefix("<stdin>") }.joined(separator: "\n") + "\n"
    #expect(together.errors == errors)
    #expect(errors.split(separator: "\n").count == (keepsGoing ? 13 : 1))
  }

  @Test func anErrorHidesTheAnswersBehindIt() {
    let result = script(".mode jsonl\nstats\nrecommend 999\nstats\nstats\n")
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.errors.hasPrefix("<stdin>:3: recommend: column 11:"))
  }

  @Test func onceTakesOneAnswerOfMany() {
    let folder = TemporaryFolder()
    let path = folder.file("once")
    let result = script(".mode jsonl\nstats\n.once \(path)\nstats\nmodel\n", folder: folder)
    #expect(fileText(path) == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n{\"kind\":\"model\",\"asked\":[]}\n")
  }

  @Test func queriesRunAtTheSameTime() {
    // Each query waits for another one: alone, none would end before its patience does.
    let present = Mutex(0)
    let met = Mutex(false)
    let engine = FakeEngine {
      present.withLock { $0 += 1 }
      for _ in 0..<2_000 {
        if present.withLock({ $0 }) >= 2 {
          met.withLock { $0 = true }
          return
        }
        Pause.millisecond()
      }
    }
    let result = script("recommend 196\nrecommend 197\n", engine: engine)
    #expect(result.status == 0)
    // One processor has nothing to meet with.
    if Pause.processors > 1 { #expect(met.withLock { $0 }) }
  }
}
