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
      + "\n  \(QueryBenchmark.name): \(QueryBenchmark.summary)"
      + "\n  \(LoadBenchmark.name): \(LoadBenchmark.summary)"
      + "\n\nExamples: darec bench gemm --json\n          darec bench query --model Models/sample --queries questions.txt"
  )

  @Argument(help: "Name of the benchmark.") var name: String
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "Thread count (default: one, then all processors).") var threads: Int?
  @Option(help: "Rounds; the median is reported.") var rounds: Int?
  @Flag(help: "Leave peers out.") var withoutPeers = false
  @Option(help: "Directory of the model that 'query' asks and 'load' opens.") var model: String = "Models/sample"
  @Option(help: "Script that 'query' runs, one query a line (default: a mixture of four kinds).") var queries: String?

  @Option(help: "Directory with queries.npy and items.npy that 'topk' takes instead of drawn vectors.") var vectors:
    String?

  /// A benchmark of the target `Benchmarks`; an unknown name is told all names there are.
  private static func kernelBenchmark(_ name: String) throws -> Benchmark {
    guard Benchmark.all.contains(where: { $0.name == name }) else {
      throw BenchmarkError.unknown(
        name: name, known: Benchmark.all.map(\.name) + [QueryBenchmark.name, LoadBenchmark.name])
    }
    return try Benchmark.named(name)
  }

  mutating func run() throws {
    let benchmark: Benchmark
    switch name {
    case QueryBenchmark.name: benchmark = try QueryBenchmark(model: model, script: queries).benchmark()
    case LoadBenchmark.name: benchmark = LoadBenchmark(model: model).benchmark()
    case Benchmark.topK.name: benchmark = .topK(vectors: vectors)
    default: benchmark = try Self.kernelBenchmark(name)
    }
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
