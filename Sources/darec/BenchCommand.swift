// darec bench: measurements against a peer in the same run.

import ArgumentParser
import Benchmarks
import Files
import Glibc

/// `darec bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure a part of the program against a peer, alternating in one run.",
    discussion: "Benchmarks:\n"
      + Benchmark.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n")
      + "\n  \(QueryBenchmark.name): \(QueryBenchmark.summary)"
      + "\n  \(LoadBenchmark.name): \(LoadBenchmark.summary)"
      + "\n  \(EpochBenchmark.name), \(EpochBenchmark.memoryName): \(EpochBenchmark.summary)"
      + "\n  \(ScaleBenchmark.name): \(ScaleBenchmark.summary)"
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

  @Option(help: "Base models of 'epoch' and 'scale', separated by commas, or all.") var models: String = "lightgcn"
  @Option(help: "Alignments of 'epoch', separated by commas, or all.") var alignments: String = "all"
  @Option(help: "Sizes of 'epoch': amazon, yelp, steam, separated by commas, or all.") var sizes: String = "amazon"
  @Flag(help: "Measure 'epoch' once more beside a program that takes a processor.") var shared = false
  @Option(help: "Axes of 'scale': users, items, interactions, width, everything, separated by commas, or all.")
  var axes: String = "all"

  @Option(help: "Name what takes 10 % longer than in the last run of a history.", completion: .file())
  var compare: String?
  @Option(help: "Append the report to a history.", completion: .file()) var record: String?

  /// A benchmark of the target `Benchmarks`; an unknown name is told all names there are.
  private static func kernelBenchmark(_ name: String) throws -> Benchmark {
    guard Benchmark.all.contains(where: { $0.name == name }) else {
      throw BenchmarkError.unknown(
        name: name,
        known: Benchmark.all.map(\.name)
          + [
            QueryBenchmark.name, LoadBenchmark.name, EpochBenchmark.name, EpochBenchmark.memoryName,
            ScaleBenchmark.name,
          ])
    }
    return try Benchmark.named(name)
  }

  mutating func run() throws {
    let benchmark: Benchmark
    switch name {
    case QueryBenchmark.name: benchmark = try QueryBenchmark(model: model, script: queries).benchmark()
    case LoadBenchmark.name: benchmark = LoadBenchmark(model: model).benchmark()
    case EpochBenchmark.name, EpochBenchmark.memoryName:
      benchmark = try EpochBenchmark(models: models, alignments: alignments, sizes: sizes, isShared: shared)
        .benchmark(name: name)
    case ScaleBenchmark.name: benchmark = try ScaleBenchmark(models: models, axes: axes).benchmark()
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
    } else if name == EpochBenchmark.name || name == EpochBenchmark.memoryName {
      options.rounds = EpochBenchmark.rounds
    } else if name == ScaleBenchmark.name {
      options.rounds = ScaleBenchmark.rounds
    }
    // Read before hours are spent on a report that has nowhere to go.
    let earlier = try compare.map { try BenchmarkHistory(path: $0) }
    var history = try record.map { try BenchmarkHistory(path: $0) }
    options.includesPeers = !withoutPeers
    options.progress = { Console.error($0) }
    let report = try benchmark.run(options)
    try Console.output(json ? try report.json.serialized(.pretty) + [0x0A] : Array(report.text.utf8))
    if let earlier { Console.error(Self.comparison(of: report, with: earlier)) }
    if let record { try history?.append(report.json, date: Self.today(), path: record) }
  }

  /// What became slower, in lines for standard error.
  private static func comparison(of report: BenchmarkReport, with history: BenchmarkHistory) -> String {
    guard let slower = history.slowdowns(in: report.json) else {
      return "nothing to compare with: the history has no run of '\(report.name)' with these kernels and processors"
    }
    if slower.isEmpty { return "nothing is more than 10 % slower than in the last run of the history" }
    return "slower than in the last run of the history, by the machine's own speed in both runs:\n"
      + slower.map { "  " + $0.text }.joined(separator: "\n")
  }

  /// The day by Greenwich, such as 2026-11-26.
  private static func today() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(twoDigits(parts.tm_mon + 1))-\(twoDigits(parts.tm_mday))"
  }
}
