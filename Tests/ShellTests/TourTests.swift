// The tour for newcomers.

import Engine
import Shell
import Testing

@Suite struct TourTests {
  @Test func everyStepRunsOnTheModelAtHand() {
    let tour = Tour(engine: FakeEngine())
    #expect(
      tour.steps.map(\.command) == [
        "stats", "find star --top 5", "recommend 196 --top 5", "explain 196 50",
        "similar item 50 --space shared --top 5", "components user 196",
      ])
    for step in tour.steps {
      let result = script(step.command + "\n")
      #expect(result.status == 0, "\(step.command): \(result.errors)")
    }
    #expect(script("help tour\n").output == tour.text)
    for line in tour.text.split(separator: "\n") { #expect(line.utf8.count <= 80) }
  }

  @Test func aModelWithoutPartsIsAskedForWhatItHas() throws {
    let engine = FakeEngine(users: ["a\u{1B}b", "196"], hasParts: false)
    let tour = Tour(engine: engine)
    #expect(tour.steps.suffix(2).map(\.command) == ["similar item 50 --top 5", "what-if 196 +50 --top 5"])
    for step in tour.steps { #expect(script(step.command + "\n", engine: engine).status == 0) }
  }

  @Test func aModelWithoutUsersStillHasATour() {
    let tour = Tour(engine: FakeEngine(users: [], items: []))
    #expect(tour.steps.count == 6)
    #expect(tour.text.contains("recommend USER --top 5"))
  }
}
