// Comparing a report with earlier ones.

import Benchmarks
import Files
import TestSupport
import Testing

@Suite struct BenchmarkHistoryTests {
  private static func report(
    _ name: String = "gemm", seconds: [Double], speed: Double = 100, processors: Int = 2
  ) -> JSONValue {
    var section = BenchmarkSection(
      threads: 1, unit: "GFLOP/s",
      cases: seconds.enumerated().map { index, time in
        BenchmarkCase(
          name: "case \(index)", measurements: [BenchmarkMeasurement(contender: "darec", times: [time]) { 1 / $0 }])
      })
    section.multiplyAddRate = speed
    return BenchmarkReport(name: name, summary: "", level: "avx2", processors: processors, sections: [section]).json
  }

  @Test func whatTakesATenthLongerIsNamedWorstFirst() throws {
    let history = BenchmarkHistory(reports: [Self.report(seconds: [9, 9, 9]), Self.report(seconds: [1, 1, 1])])
    let slower = try #require(history.slowdowns(in: Self.report(seconds: [1.09, 1.2, 1.5])))
    #expect(slower.map(\.name) == ["case 2", "case 1"])
    #expect(slower.first?.text == "gemm, 1 thread, case 2: 50 % slower")
  }

  @Test func theMachinesOwnSpeedIsTakenOut() throws {
    let history = BenchmarkHistory(reports: [Self.report(seconds: [1, 1])])
    #expect(history.slowdowns(in: Self.report(seconds: [2, 2.4], speed: 50))?.map(\.name) == ["case 1"])
  }

  @Test func onlyLikeIsComparedWithLike() {
    let earlier = [Self.report("topk", seconds: [1]), Self.report(seconds: [1], processors: 8)]
    let history = BenchmarkHistory(reports: earlier)
    #expect(history.slowdowns(in: Self.report(seconds: [5])) == nil)
    #expect(history.slowdowns(in: Self.report("topk", seconds: [0.5, 7])) == [])
  }

  @Test func reportsAreAppendedAndOtherFilesRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/history.jsonl"
    var history = try BenchmarkHistory(path: path)
    #expect(history.slowdowns(in: Self.report(seconds: [1])) == nil)
    try history.append(Self.report(seconds: [1]), date: "2026-11-26", path: path)
    try history.append(Self.report(seconds: [2]), date: "2026-11-27", path: path)
    let lines = try FileReader.contents(of: path).split(separator: 0x0A)
    #expect(lines.count == 2)
    #expect(try JSONValue.parse(Array(lines[1]))["recorded"]?.string == "2026-11-27")
    #expect(try BenchmarkHistory(path: path).slowdowns(in: Self.report(seconds: [3]))?.count == 1)
    try history.append(.null, date: "", path: path)
    try AtomicReplace.file(at: path, bytes: Array("{}\n".utf8))
    #expect(throws: BenchmarkError.notAHistory(path: path, line: 1)) { try BenchmarkHistory(path: path) }
  }
}
