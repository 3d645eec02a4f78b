// darec bench: measurements against a peer in the same run.

import ArgumentParser
import Benchmarks
import Files

/// `darec bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure a part of the program against a peer, alternating in one run.",
    discussion: "Benchmarks:\n"
      + Benchmark.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n")
      + "\n\nExample: darec bench gemm --json")

  @Argument(help: "Name of the benchmark.") var name: String
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "Thread count (default: one, then all processors).") var threads: Int?
  @Option(help: "Rounds; the median is reported.") var rounds: Int?
  @Flag(help: "Leave peers out.") var withoutPeers = false

  mutating func run() throws {
    let benchmark = try Benchmark.named(name)
    var options = BenchmarkOptions()
    if let threads {
      guard (1...1024).contains(threads) else { throw CommandFailure.usage("--threads must be from 1 to 1024") }
      options.threadCounts = [threads]
    }
    if let rounds {
      guard (1...10_000).contains(rounds) else { throw CommandFailure.usage("--rounds must be from 1 to 10000") }
      options.rounds = rounds
    }
    options.includesPeers = !withoutPeers
    options.progress = { Console.error($0) }
    let report = try benchmark.run(options)
    try Console.output(json ? try report.json.serialized(.pretty) + [0x0A] : Array(report.text.utf8))
  }
}
