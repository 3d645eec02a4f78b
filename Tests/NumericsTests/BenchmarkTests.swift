// The benchmark harness: names, statistics, and both renderings of a report.

import Benchmarks
import Files
import Testing

@Suite(.serialized) struct BenchmarkTests {
  @Test func namesAreFoundAndUnknownOnesListed() throws {
    for benchmark in Benchmark.all { #expect(try Benchmark.named(benchmark.name).name == benchmark.name) }
    #expect(Benchmark.all.map(\.name) == ["gemm", "sparse", "kernels", "losses", "topk", "kmeans"])
    #expect(throws: BenchmarkError.unknown(name: "gem", known: Benchmark.all.map(\.name))) {
      try Benchmark.named("gem")
    }
    #expect(BenchmarkError.unknown(name: "gem", known: ["gemm"]).exitStatus == .usage)
  }

  @Test func mediansComeFromAlternatingRuns() throws {
    // Contenders report made-up times; the order in which they are asked is recorded.
    final class Log { var order: [String] = [] }
    let log = Log()
    var ours = [9.0, 1, 2, 3].makeIterator()
    var theirs = [9.0, 6, 4, 5].makeIterator()
    let measurements = try alternate(
      [
        .timingItself(name: "ours", work: 10) {
          log.order.append("ours")
          return ours.next() ?? 0
        },
        .timingItself(name: "theirs", work: 10) {
          log.order.append("theirs")
          return theirs.next() ?? 0
        },
      ], rounds: 3, ceiling: 20)
    #expect(log.order == ["ours", "theirs", "ours", "theirs", "ours", "theirs", "ours", "theirs"])
    #expect(measurements.map(\.median) == [2, 5])
    #expect(measurements.map(\.minimum) == [1, 4])
    #expect(measurements.map(\.rate) == [5, 2])
    // Rounds are compared in pairs: 6 / 1, 4 / 2 and 5 / 3.
    #expect(measurements.map(\.ratio) == [1, 2])
    #expect(measurements[0].shareOfCeiling == 0.25 && measurements[0].spread == 0.5)
  }

  @Test func sharesOfALimitAreComparedInPairs() throws {
    // The limit does twice the work; a disturbance slows both down in the second round.
    var ours = [9.0, 1, 8, 2].makeIterator()
    var limit = [9.0, 1, 8, 3].makeIterator()
    let measurements = try alternate(
      [.timingItself(name: "ours", work: 10) { ours.next() ?? 0 }], rounds: 3, ceiling: 1,
      limit: .timingItself(name: "limit", work: 20) { limit.next() ?? 0 })
    #expect(measurements.map(\.contender) == ["ours", "limit"])
    #expect(measurements.map(\.shareOfCeiling) == [0.5, 1])
    #expect(measurements.map(\.ratio) == [1, 1])
  }

  @Test func reportsRenderAsTextAndJSON() {
    let measurement = BenchmarkMeasurement(
      contender: "darec", median: 0.0125, minimum: 0.012, spread: 0.04, rate: 80.5, shareOfCeiling: 0.7, ratio: 1)
    let report = BenchmarkReport(
      name: "gemm", summary: "products", level: "avx2", processors: 2,
      sections: [
        BenchmarkSection(
          threads: 1, unit: "GFLOP/s", ceiling: (115, "multiply-add"),
          cases: [BenchmarkCase(name: "2 x 3 x 4", measurements: [measurement])], notes: ["no peer"])
      ])
    let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.contains("1 thread, ceiling 115.0 GFLOP/s (multiply-add)"))
    #expect(
      lines.contains {
        $0.contains("2 x 3 x 4") && $0.contains("12.50 ms") && $0.contains("80.50") && $0.contains("70%")
      })
    #expect(lines.contains("  note: no peer"))
    guard case .object(let members) = report.json else {
      Issue.record("the report is no object")
      return
    }
    #expect(members.map { $0.key } == ["schema", "name", "summary", "simd", "processors", "sections"])
    #expect(members.first?.value == .string("darec/benchmark/1"))
  }

  @Test func threadCountsAreSortedWithoutRepeats() {
    #expect(BenchmarkOptions(threadCounts: [2, 1, 2]).resolvedThreadCounts == [1, 2])
    #expect(BenchmarkOptions().resolvedThreadCounts.first == 1)
  }
}
