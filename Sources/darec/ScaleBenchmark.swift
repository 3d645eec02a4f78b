// darec bench scale: how time and memory grow with users, items, interactions, width, and all of them together.
// Guide: Docs/Benchmarks/scale.md.

import Benchmarks
import Engine
import Files
import Numerics
import Recommenders

/// Trains and asks at four sizes of every axis, on planted data, each in a process of its own, and fits how it grows.
struct ScaleBenchmark {
  static let name = "scale"
  static let summary = "growth of time and memory over four sizes of every axis, and what 100 times more would take"
  /// Rounds where none are asked for: sizes say more than repeats.
  static let rounds = 1

  /// What is varied while the rest stays at the base size.
  enum Axis: String, CaseIterable {
    case users, items, interactions, width, everything
  }

  /// A data set and a model.
  private struct Size {
    var users = 100_000
    var items = 100_000
    var interactions = 1_000_000
    var width = 32
    /// Interactions of a step, so that an epoch of every size has a few.
    var batch = 65_536

    /// The size of step 0, 1, 2 or 3 of an axis, each twice the one before.
    init(_ axis: Axis, step: Int) {
      let factor = 1 << step
      switch axis {
      case .users: users *= factor
      case .items: items *= factor
      case .interactions: interactions = interactions / 2 * factor
      case .width: width = width / 2 * factor
      case .everything:
        (users, items, interactions, batch) = (125_000 * factor, 125_000 * factor, 2_500_000 * factor, 524_288)
      }
    }

    func extent(_ axis: Axis) -> Int {
      switch axis {
      case .users: users
      case .items: items
      case .interactions, .everything: interactions
      case .width: width
      }
    }

    func name(_ axis: Axis) -> String {
      switch axis {
      case .everything: "\(grouped(users)) users x \(grouped(items)) items, \(grouped(interactions)) interactions"
      default: "\(axis.rawValue) \(grouped(extent(axis)))"
      }
    }
  }

  /// What is timed.
  private enum Stage: String, CaseIterable {
    case step = "training step"
    case first = "open, answer once"
    case each = "each answer of a script"
  }

  /// What was seen at one size.
  private struct Observation {
    let size: Size
    let step: [Double]
    let trainingPeak: Int
    let first: [Double]
    let answeringPeak: Int
    let each: [Double]

    func times(of stage: Stage) -> [Double] {
      switch stage {
      case .step: step
      case .first: first
      case .each: each
      }
    }

    func peak(of stage: Stage) -> Int { stage == .step ? trainingPeak : answeringPeak }
  }

  /// Questions of the script that is timed.
  private static let questions = 1000

  let models: [String]
  let axes: [Axis]

  /// Reads the lists of the command line, names separated by commas or `all`.
  init(models: String, axes: String) throws {
    self.models = try NameList.parse(models, among: BaseModelRegistry.all.map(\.name), option: "--models")
    let names = try NameList.parse(axes, among: Axis.allCases.map(\.rawValue), option: "--axes")
    self.axes = Axis.allCases.filter { names.contains($0.rawValue) }
  }

  /// The benchmark to run.
  func benchmark() -> Benchmark {
    Benchmark(name: Self.name, summary: Self.summary) { options in try measure(options) }
  }

  private func measure(_ options: BenchmarkOptions) throws -> [BenchmarkSection] {
    let program = try TimedProcess.ownPath()
    var sections: [BenchmarkSection] = []
    for model in models {
      for axis in axes {
        var observations = options.resolvedThreadCounts.map { _ in [Observation]() }
        for step in 0..<4 {
          let size = Size(axis, step: step)
          // One data set at a time is on the disk.
          let folder = try ScratchFolder()
          let data = "\(folder.path)/data"
          options.progress("scale: \(model), \(size.name(axis))")
          _ = try TimedProcess(
            program,
            [
              "sample", data, "--users", "\(size.users)", "--items", "\(size.items)", "--interactions",
              "\(size.interactions)", "--text-dimension", "0",
            ], name: "darec sample")
          for (position, threads) in options.resolvedThreadCounts.enumerated() {
            observations[position].append(
              try observe(size, model: model, data: data, program: program, threads: threads, rounds: options.rounds))
          }
        }
        for (position, threads) in options.resolvedThreadCounts.enumerated() {
          sections.append(Self.section(of: observations[position], axis: axis, model: model, threads: threads))
        }
      }
    }
    return sections
  }

  private func observe(
    _ size: Size, model: String, data: String, program: String, threads: Int, rounds: Int
  ) throws -> Observation {
    let bundle = "\(data)/\(model)-\(size.width)-\(threads)"
    let script = "\(data)/questions"
    let writer = try FileWriter(script)
    try writer.append(Self.script(users: size.users))
    try writer.finish()
    var (step, first, each): ([Double], [Double], [Double]) = ([], [], [])
    var (trainingPeak, answeringPeak) = (0, 0)
    for _ in 0..<rounds {
      let run = try TimedProcess(
        program,
        [
          "train", "--quiet", "--data", data, "--model", model, "--dim", "\(size.width)", "--epochs", "2",
          "--batch-size", "\(size.batch)", "--evaluate-every", "1000", "--evaluate-users", "500", "--threads",
          "\(threads)", "--out", bundle,
        ], name: "darec train")
      trainingPeak = max(trainingPeak, run.peakBytes)
      step.append(try TrainingLogTime.secondsOfLastStep("\(bundle)/train.jsonl", batch: size.batch))
      let one = try TimedProcess(
        program, [bundle, "--threads", "\(threads)", "-c", "recommend 1"], name: "darec MODEL -c 'recommend 1'")
      let many = try TimedProcess(
        program, [bundle, "--threads", "\(threads)", "--mode", "jsonl", "-f", script], name: "darec MODEL -f FILE")
      first.append(one.seconds)
      each.append(max(1e-9, (many.seconds - one.seconds) / Double(Self.questions)))
      answeringPeak = max(answeringPeak, one.peakBytes, many.peakBytes)
    }
    return Observation(
      size: size, step: step, trainingPeak: trainingPeak, first: first, answeringPeak: answeringPeak, each: each)
  }

  /// Recommendations for users spread over all of them.
  private static func script(users: Int) -> String {
    (0..<questions).map { "recommend \($0 * users / questions + 1)\n" }.joined()
  }

  // MARK: - What it says

  private static func section(
    of observations: [Observation], axis: Axis, model: String, threads: Int
  ) -> BenchmarkSection {
    func mebibytes(_ bytes: Int) -> Double { Double(bytes) / Double(1 << 20) }
    let extents = observations.map { Double($0.size.extent(axis)) }
    var cases: [BenchmarkCase] = []
    var notes: [String] = []
    for stage in Stage.allCases {
      let measurements = observations.map { seen in
        BenchmarkMeasurement(contender: "darec", times: seen.times(of: stage)) { _ in mebibytes(seen.peak(of: stage)) }
      }
      for (seen, measurement) in zip(observations, measurements) {
        cases.append(
          BenchmarkCase(name: "\(model), \(seen.size.name(axis)): \(stage.rawValue)", measurements: [measurement]))
      }
      if let sentence = growth(of: measurements, stage: stage, over: extents, axis) { notes.append(sentence) }
    }
    return BenchmarkSection(
      threads: threads, unit: "MiB", cases: cases,
      notes: notes + [
        "the rest stays at 100,000 users, 100,000 items, 1,000,000 interactions (3 of 5 train), width 32; a step takes "
          + "65,536 interactions (everything: 524,288); MiB: peak of the process"
      ])
  }

  /// How a stage grows along an axis, and what lies beyond the measured range, in a sentence.
  /// - Parameters:
  ///   - measurements: one for each size, rates in MiB.
  ///   - stage: what was measured.
  ///   - extents: the sizes.
  private static func growth(
    of measurements: [BenchmarkMeasurement], stage: Stage, over extents: [Double], _ axis: Axis
  ) -> String? {
    let times = zip(extents, measurements).map { (x: $0, y: $1.median) }
    let peaks = zip(extents, measurements).map { (x: $0, y: $1.rate) }
    guard let law = PowerLaw(times), let seconds = StraightLine(times), let memory = StraightLine(peaks),
      let largest = extents.last
    else { return nil }
    func fixed(_ value: Double, _ digits: Int) -> String { MetricTable.fixed(value, digits) }
    // A straight line, because fixed costs bend the power below what lies beyond the measured sizes.
    let later = max(times.last?.y ?? 0, seconds.value(at: 100 * largest))
    return "\(stage.rawValue) with \(axis.rawValue): time to the power \(fixed(law.exponent, 2)), "
      + "\(fixed(memory.slope * Double(1 << 20), 0)) bytes for each \(axis.unit); a straight line to 100 times the largest: "
      + "\(duration(later)), \(fixed(max(0, memory.value(at: 100 * largest)) / 1024, 1)) GiB"
  }

  private static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-3: "\(MetricTable.fixed(seconds * 1e6, 0)) us"
    case ..<1: "\(MetricTable.fixed(seconds * 1e3, 1)) ms"
    case ..<600: "\(MetricTable.fixed(seconds, 1)) s"
    default: "\(MetricTable.fixed(seconds / 60, 0)) min"
    }
  }
}

extension ScaleBenchmark.Axis {
  /// One of what is counted.
  fileprivate var unit: String {
    switch self {
    case .users: "user"
    case .items: "item"
    case .interactions: "interaction"
    case .everything: "interaction with its share of users and items"
    case .width: "column"
    }
  }
}
