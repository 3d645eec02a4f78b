// Training logs: curves of a whole log, of a resumed one, of a torn one, of a broken one.

import Report
import TestSupport
import Testing

@Suite struct TrainingLogTests {
  private func log(_ lines: [String]) throws -> TrainingLog {
    try TrainingLog(Array(lines.joined(separator: "\n").utf8), path: "train.jsonl")
  }

  private func line(_ epoch: Int, _ loss: Double, _ more: String = "") -> String {
    "{\"type\":\"epoch\",\"epoch\":\(epoch),\"loss\":\(loss),\"losses\":{\"bpr\":\(loss / 2)}\(more)}"
  }

  @Test func curvesFollowTheLog() throws {
    let log = try log([
      "{\"type\":\"run\"}", line(1, 4, ",\"validation\":{\"users\":3,\"recall@20\":0.1},\"best\":true"), line(2, 3),
      line(3, 2, ",\"kappa\":1.5,\"validation\":{\"users\":3,\"recall@20\":0.2},\"best\":true"), "{\"type\":\"end\"}",
      "",
    ])
    #expect(log.total.points.map(\.value) == [4, 3, 2])
    #expect(log.terms.map(\.name) == ["bpr"] && log.terms[0].points.map(\.value) == [2, 1.5, 1])
    #expect(log.validation.map(\.name) == ["recall@20"] && log.validation[0].points.map(\.epoch) == [1, 3])
    #expect(log.others.map(\.name) == ["kappa"] && log.bestEpoch == 3)
  }

  @Test func aResumedRunReplacesTheEpochsItRepeats() throws {
    let log = try log([
      line(1, 4), line(2, 3, ",\"best\":true"), line(3, 9), "{\"type\":\"run\"}", line(2, 5), line(3, 1),
    ])
    #expect(log.total.points.map(\.epoch) == [1, 2, 3] && log.total.points.map(\.value) == [4, 5, 1])
    #expect(log.bestEpoch == nil)
  }

  @Test func aTornLastLineIsPassedOver() throws {
    #expect(try log([line(1, 4), "{\"type\":\"epo"]).total.points.count == 1)
  }

  @Test func otherDamageNamesTheLine() {
    for lines in [[line(1, 4), "{\"type\":", line(2, 4)], [line(1, 4), "{\"type\":\"epoch\"}", ""]] {
      let error = #expect(throws: ReportError.self) { _ = try log(lines) }
      #expect(error?.description.contains("train.jsonl:2:") == true)
    }
  }

  @Test func mutatedLogsNeverTrap() throws {
    let whole = Array([line(1, 4, ",\"validation\":{\"recall@20\":0.1}"), line(2, 3), ""].joined(separator: "\n").utf8)
    var draws = SplitMix(state: 9)
    for _ in 0..<3_000 { _ = try? TrainingLog(draws.mutate(whole), path: "l") }
  }
}
