// darec bench epoch, darec bench memory: an epoch of every base model with every alignment, as `darec train` runs it.
// Guide: Docs/Benchmarks/training.md.

import Alignments
import Benchmarks
import Files
import Numerics
import Recommenders

/// Trains for two epochs in a process of its own, on planted data of a published size with text 1,536 wide, and reports the
/// second epoch's time and the process's peak memory.
struct EpochBenchmark {
  /// A published data set's counts: users, items, and interactions of all splits.
  struct Size {
    let name: String
    let users: Int
    let items: Int
    let interactions: Int
  }

  /// The three sets of RLMRec, which DaRec uses.
  static let sizes = [
    Size(name: "amazon", users: 11_000, items: 9_332, interactions: 200_860),
    Size(name: "yelp", users: 11_091, items: 11_010, interactions: 277_535),
    Size(name: "steam", users: 23_310, items: 5_237, interactions: 525_922),
  ]

  static let name = "epoch"
  static let memoryName = "memory"
  static let summary =
    "an epoch of each base model and alignment on planted data of the published sizes, text 1,536 wide (peak MiB)"
  /// Rounds where none are asked for: a run takes seconds to minutes.
  static let rounds = 3
  private static let textWidth = 1536

  let models: [String]
  let alignments: [String]
  let sizes: [Size]
  /// Measures every case once more beside a program that takes a processor.
  let isShared: Bool

  /// Reads the lists of the command line, names separated by commas or `all`.
  init(models: String, alignments: String, sizes: String, isShared: Bool) throws {
    self.isShared = isShared
    self.models = try NameList.parse(models, among: BaseModelRegistry.all.map(\.name), option: "--models")
    self.alignments = try NameList.parse(
      alignments, among: ["none"] + AlignmentRegistry.all.map(\.name), option: "--alignments")
    let wanted = try NameList.parse(sizes, among: Self.sizes.map(\.name), option: "--sizes")
    self.sizes = Self.sizes.filter { wanted.contains($0.name) }
  }

  /// The benchmark to run.
  /// - Parameter name: the word it was called by.
  func benchmark(name: String) -> Benchmark {
    Benchmark(name: name, summary: Self.summary) { options in try measure(options) }
  }

  private func measure(_ options: BenchmarkOptions) throws -> [BenchmarkSection] {
    let program = try TimedProcess.ownPath()
    let folder = try ScratchFolder()
    for size in sizes {
      options.progress("epoch: planted data of the size of \(size.name)")
      let words = [
        "sample", "\(folder.path)/\(size.name)", "--users", "\(size.users)", "--items", "\(size.items)",
        "--interactions", "\(size.interactions)", "--text-dimension", "\(Self.textWidth)", "--seed", "1",
      ]
      _ = try TimedProcess(program, words, name: "darec sample")
    }
    return try options.resolvedThreadCounts.map { threads in
      var cases: [BenchmarkCase] = []
      for size in sizes {
        for model in models {
          for alignment in alignments {
            let name = "\(size.name), \(model)" + (alignment == "none" ? "" : " + \(alignment)")
            options.progress("epoch: \(name), \(threads) thread(s)")
            cases.append(
              try measured(
                name, program: program, folder: folder.path, data: size.name, model: model, alignment: alignment,
                threads: threads, rounds: options.rounds))
          }
        }
      }
      return BenchmarkSection(
        threads: threads, unit: "MiB", cases: cases,
        notes: [
          "median: the second epoch without validation; MiB: peak resident memory of `darec train` from reading to saving"
        ])
    }
  }

  private func measured(
    _ name: String, program: String, folder: String, data: String, model: String, alignment: String, threads: Int,
    rounds: Int
  ) throws -> BenchmarkCase {
    var seconds: [[Double]] = isShared ? [[], []] : [[]]
    var peak = 0
    for round in 0..<rounds {
      for contender in seconds.indices {
        let out = "\(folder)/\(data)-\(model)-\(alignment)-\(threads)-\(round)-\(contender)"
        let other = contender == 0 ? nil : try BusyProcess()
        defer { other?.stop() }
        let run = try TimedProcess(
          program,
          [
            "train", "--quiet", "--data", "\(folder)/\(data)", "--model", model, "--align", alignment, "--epochs", "2",
            "--evaluate-every", "1000", "--threads", "\(threads)", "--out", out,
          ], name: "darec train (\(name))")
        peak = max(peak, run.peakBytes)
        seconds[contender].append(try TrainingLogTime.secondsOfLastEpoch("\(out)/train.jsonl"))
      }
    }
    let mebibytes = Double(peak) / Double(1 << 20)
    var measurements = zip(["darec", "beside a busy processor"], seconds).map { contender, times in
      BenchmarkMeasurement(contender: contender, times: times) { _ in mebibytes }
    }
    for index in measurements.indices {
      measurements[index].ratio = measurements[index].median / measurements[0].median
    }
    return BenchmarkCase(name: name, measurements: measurements)
  }
}
