// The named benchmarks and how one is asked for. Guide: Docs/Benchmarks.

import Files
import Numerics

/// What a benchmark run is asked to do.
package struct BenchmarkOptions: Sendable {
  /// Thread counts to measure; empty means one thread and all processors.
  package var threadCounts: [Int]
  /// Rounds of alternating runs; the median is reported.
  package var rounds: Int
  /// Whether to measure peers (numpy in a child process) where they are installed.
  package var includesPeers: Bool
  /// Called with a line about what is being measured now; for standard error.
  package var progress: @Sendable (String) -> Void

  /// Creates options; the defaults are those of `darec bench NAME`.
  package init(
    threadCounts: [Int] = [], rounds: Int = 7, includesPeers: Bool = true,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.threadCounts = threadCounts
    self.rounds = max(1, rounds)
    self.includesPeers = includesPeers
    self.progress = progress
  }

  /// The thread counts to measure, ascending, without repeats.
  package var resolvedThreadCounts: [Int] {
    let wanted = threadCounts.isEmpty ? [1, Parallelism.processorCount] : threadCounts.map { max(1, $0) }
    return wanted.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}

/// One benchmark: a name, a sentence, and the measurement.
package struct Benchmark: Sendable {
  /// The word after `darec bench`.
  package let name: String
  /// What it measures, one line.
  package let summary: String
  private let measure: @Sendable (BenchmarkOptions) throws -> [BenchmarkSection]

  /// Creates a benchmark; `Training` and others add theirs to what `darec bench` offers.
  package init(
    name: String, summary: String, measure: @escaping @Sendable (BenchmarkOptions) throws -> [BenchmarkSection]
  ) {
    self.name = name
    self.summary = summary
    self.measure = measure
  }

  /// Every benchmark of this target, in the order of the help text.
  package static let all: [Benchmark] = [.gemm, .sparse, .kernels, .losses, .topK, .kMeans]

  /// The benchmark called `name`, out of those given.
  /// - Parameters:
  ///   - name: the word after `darec bench`.
  ///   - benchmarks: where to look; `all` unless the caller adds benchmarks of other targets.
  /// - Throws: `BenchmarkError.unknown` with the names there are.
  package static func named(_ name: String, among benchmarks: [Benchmark] = all) throws -> Benchmark {
    guard let found = benchmarks.first(where: { $0.name == name }) else {
      throw BenchmarkError.unknown(name: name, known: benchmarks.map(\.name))
    }
    return found
  }

  /// Runs the benchmark and restores the thread count it found.
  /// - Throws: what the measurement throws; a missing peer is a note in the report, not an error.
  package func run(_ options: BenchmarkOptions = BenchmarkOptions()) throws -> BenchmarkReport {
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let load = loadAverage()
    var report = BenchmarkReport(
      name: name, summary: summary, level: Numerics.kernels.level.name, processors: Parallelism.processorCount,
      sections: try measure(options))
    for index in report.sections.indices {
      let threads = report.sections[index].threads
      let known = report.sections[..<index].first { $0.threads == threads }?.multiplyAddRate
      report.sections[index].multiplyAddRate = known ?? MachineCeiling.multiplyAdd(threads: threads)
    }
    if load > 0.5, !report.sections.isEmpty {
      report.sections[0].notes.append(
        "the machine was not quiet: load average \(fixed(load, 2)) before the run; only ratios mean something")
    }
    return report
  }
}

/// Why a benchmark could not run.
package enum BenchmarkError: DescribedFailure, Equatable {
  /// No benchmark has this name.
  case unknown(name: String, known: [String])
  /// A file of vectors has another number of axes than two.
  case notAMatrix(path: String)
  /// A line of a history is no report.
  case notAHistory(path: String, line: Int)
  /// Queries and items have different widths.
  case widths(queries: Int, items: Int)

  package var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no benchmark \"\(name)\"; the benchmarks are: \(known.joined(separator: ", "))"
    case .notAMatrix(let path): "\(path): vectors must be a matrix, one row for each; write an array with two axes"
    case .notAHistory(let path, let line):
      "\(path): line \(line) is no report of `darec bench`; a history holds one a line, as --record writes them"
    case .widths(let queries, let items):
      "queries have \(queries) columns and items \(items): write vectors of the same model"
    }
  }

  package var exitStatus: ExitStatus {
    if case .unknown = self { return .usage }
    return .badData
  }
}
