// darec experiment: models, alignments, seeds and grids, resumable, with tables.

import ArgumentParser
import Experiments
import Files
import Interactions
import Numerics
import Shell

/// `darec experiment`.
struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Run a plan of models, alignments, baselines and seeds, and compare them.",
    discussion: """
      Options are tuned on validation Recall@20 only; final runs and sweeps are then measured on the test split. Every \
      run is one line of runs.jsonl in the folder. Stopped at any moment, the same command goes on where it was. When \
      all runs are done, table.md, summary.json and costs.md are written.

      Example: darec experiment --example > plan.json
               darec experiment plan.json --out Experiments/first
      """)

  @Argument(help: "The plan, a JSON file. Guide: Docs/Experiments.md.") var plan: String?

  @Option(help: "Folder of the experiment.") var out: String?

  @Option(help: "Runs at a time. (default: as many as there are processors for)") var jobs: Int?

  @Option(help: "Threads of each run. (default: 1)") var threads: Int?

  @Flag(help: "List the runs and estimate the time, and run nothing but a short beginning of each kind.")
  var dryRun = false

  @Flag(help: "Do failed runs again.") var retry = false

  @Flag(help: "Write the tables from the runs that are finished, and run nothing.") var table = false

  @Flag(help: "Print a plan to begin with.") var example = false

  mutating func run() throws {
    if example {
      try Console.output(try ExperimentPlan.example.serialized(.pretty) + [0x0A])
      return
    }
    guard let path = plan else { throw CommandFailure.usage("name a plan; darec experiment --example prints one") }
    guard let out else { throw CommandFailure.usage("say where results go: --out DIR") }
    let plan = try ExperimentPlan.read(path)
    let folder = ExperimentFolder(out)
    if table {
      try writeTables(plan: plan, folder: folder)
      return
    }
    InterruptSignal.install(secondEndsProcess: false)
    let isCancelled = { InterruptSignal.cancellation.isCancelled }
    let runner = try ExperimentRunner(
      plan: plan, planBytes: try FileReader.contents(of: path), folder: folder, options: try runnerOptions(),
      load: ExperimentData.load, clock: monotonicClock)
    guard try runner.measure(isCancelled: isCancelled) else { throw interrupted(path, out) }
    let remaining = try runner.remaining()
    if dryRun {
      try list(runner)
      Console.error(ExperimentConsole.text(remaining))
      return
    }
    Console.error(ExperimentConsole.text(remaining))
    let console = ExperimentConsole(kinds: runner.schedule.kinds)
    let end: ExperimentEnd
    do {
      end = try runner.run(observer: console, isCancelled: isCancelled)
      console.finish()
    } catch {
      console.finish()
      throw error
    }
    guard end == .finished else { throw interrupted(path, out) }
    try writeTables(plan: plan, folder: folder)
  }

  private func runnerOptions() throws -> ExperimentRunner.Options {
    var options = ExperimentRunner.Options()
    for (value, name) in [(jobs, "--jobs"), (threads, "--threads")] {
      if let value, !(1...1024).contains(value) { throw CommandFailure.usage("\(name) must be from 1 to 1024") }
    }
    options.jobs = jobs
    options.threads = threads ?? 1
    options.processors = Parallelism.processorCount
    options.retriesFailures = retry
    return options
  }

  private func interrupted(_ plan: String, _ out: String) -> EndedWith {
    Console.error(
      "interrupted; every finished run is kept\ngo on with: darec experiment \(plan) --out \(out)"
        + "\ntables so far: darec experiment \(plan) --out \(out) --table")
    return EndedWith(status: .interrupted)
  }

  private func list(_ runner: ExperimentRunner) throws {
    var lines: [String] = []
    for (run, isDone) in try runner.plannedRuns() {
      let kind = runner.schedule.kinds[run.kind]
      lines.append(
        "\(isDone ? "done" : "open")  \(run.id ?? "after tuning    ")  \(run.stage.rawValue)  \(kind.text)")
    }
    try Console.output(Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  private func writeTables(plan: ExperimentPlan, folder: ExperimentFolder) throws {
    let table = try ExperimentTables.write(plan: plan, folder: folder, load: ExperimentData.load)
    try Console.output(Array(table.utf8))
  }
}

/// Data sets of plans.
enum ExperimentData {
  /// Reads the data set that a plan's words of the command line name.
  static func load(_ source: ExperimentPlan.Source) throws -> DataSet {
    try load(words: source.words, splitSeed: source.splitSeed, name: source.name)
  }

  /// Reads the data set that words of the command line name.
  static func load(words: [String], splitSeed: UInt64, name: String) throws -> DataSet {
    let arguments: DataArguments
    do {
      arguments = try DataArguments.parse(words)
    } catch {
      throw CommandFailure.usage("data '\(name)': \(DataArguments.message(for: error))")
    }
    guard !arguments.isEmpty else {
      throw CommandFailure.usage("data '\(name)': say where the data is: --data DIR, or --interactions FILE")
    }
    return try DataSet.load(try arguments.options(seed: splitSeed))
  }
}
