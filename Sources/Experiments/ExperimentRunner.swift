// Runs what is missing of an experiment, several runs at a time, each in a process of its own.

import Evaluation
import Files
import Interactions

#if canImport(Glibc)
  import Glibc
#endif

/// Is told how an experiment goes on.
package protocol ExperimentObserver: AnyObject {
  /// Runs are going on; called several times a second.
  func running(_ progress: ExperimentProgress)
  /// A run has ended.
  func ended(_ run: PlannedRun, failure: String?, progress: ExperimentProgress)
}

/// Where an experiment stands.
package struct ExperimentProgress: Sendable {
  /// Runs that are done, failed ones among them.
  package var finished: Int
  /// All runs of the plan.
  package var total: Int
  /// What is running now, longest first.
  package var current: [String]
  /// Seconds since the start of this process's work.
  package var elapsed: Double
  /// Seconds left, about; nil while nothing is known.
  package var left: Double?
}

/// How an experiment's process ended.
package enum ExperimentEnd: Sendable, Equatable {
  /// All runs are done.
  case finished
  /// It was cancelled; what was finished is kept.
  case interrupted
}

/// Works through a schedule.
///
/// Every run is a child process that starts, reads its definition, and ends: peak memory is honest, a crash costs one
/// run, and several runs of one thread each use the processors better than one run of several threads.
package final class ExperimentRunner {
  /// How the work is done; nothing here changes a result.
  package struct Options: Sendable {
    /// Runs at a time; nil for as many as processors and threads allow.
    package var jobs: Int?
    /// Threads of each run.
    package var threads = 1
    /// Processors to use when `jobs` is nil.
    package var processors = 1
    /// Whether failed runs are done again.
    package var retriesFailures = false
    /// The program of the runs.
    package var program = "/proc/self/exe"

    /// The defaults.
    package init() {}
  }

  /// What is to be done.
  package let schedule: Schedule
  /// The experiment's folder.
  package let folder: ExperimentFolder
  /// What is done.
  package private(set) var store: RunStore
  let options: Options
  let clock: () -> Double
  private let lock: FolderLock
  private var lost: [(run: String, reason: String)] = []

  /// Takes a folder and reads what is done.
  /// - Parameters:
  ///   - plan: the plan.
  ///   - planBytes: its file, kept beside the results.
  ///   - folder: where results are; made when missing.
  ///   - options: how the work is done.
  ///   - load: reads a data set given the words of the command line and the seed of its division.
  ///   - clock: a monotonic time in seconds.
  /// - Throws: whatever is wrong with plan, data or folder, before anything runs; `ExperimentError.foreignFolder` and
  ///   `.notAFolder` before anything is written.
  package init(
    plan: ExperimentPlan, planBytes: [UInt8], folder: ExperimentFolder, options: Options,
    load: (ExperimentPlan.Source) throws -> DataSet, clock: @escaping () -> Double
  ) throws {
    self.options = options
    self.folder = folder
    self.clock = clock
    try folder.requireOwn(planBytes: planBytes)
    // What a plan says wrong is said before its data is read.
    let unread = plan.data.map { _ in DataIdentity(fingerprint: "", textFingerprint: "", statistics: .null) }
    _ = try Schedule(plan: plan, identities: unread)
    let identities = try plan.data.map { source -> DataIdentity in
      let dataSet = try load(source)
      for (split, matrix) in [("validation", dataSet.valid), ("test", dataSet.test)] where matrix.entryCount == 0 {
        throw ExperimentError.splitMissing(data: source.name, split: split)
      }
      return DataIdentity(dataSet)
    }
    schedule = try Schedule(plan: plan, identities: identities)
    try folder.create()
    lock = try folder.lock()
    store = try RunStore(folder: folder.path)
    try store.repair()
    try folder.removeWork()
    // From here on the folder is known as an experiment's, whatever interrupts the first start.
    try folder.rememberData(plan, identities)
    try folder.write("plan.json", planBytes)
    if options.retriesFailures { store.forgetFailures() }
    probes = RunProbe.read(folder.file("probes.jsonl"))
  }

  /// A run in the making.
  private struct Running {
    let run: PlannedRun
    let id: String
    let definition: RunDefinition
    let process: ChildProcess
    let started: Double
  }

  /// Does what is missing.
  /// - Parameters:
  ///   - observer: is told how it goes.
  ///   - isCancelled: polled several times a second.
  /// - Throws: `ExperimentError.runsLost` at the end when runs ended without result; an error of the folder at once.
  package func run(observer: (any ExperimentObserver)?, isCancelled: () -> Bool) throws -> ExperimentEnd {
    let start = clock()
    var active: [Running] = []
    defer { for running in active { running.process.stop() } }
    var runs = try schedule.runs(records: store.records)
    let jobs = jobCount(open: runs.count { !isDone($0) })
    var estimate = RunningTimeEstimate(schedule: schedule, store: store, probes: probes)
    var lastTold = -Double.infinity
    while true {
      while active.count < jobs, let next = nextRun(runs, active: active) {
        active.append(
          Running(
            run: next.run, id: next.id, definition: next.definition, process: try begin(next.definition, id: next.id),
            started: clock()))
      }
      if active.isEmpty { break }
      usleep(20_000)
      // Ctrl-C on a terminal reaches the runs as well: what it ended is not lost but interrupted.
      if isCancelled() { return .interrupted }
      for index in active.indices.reversed() {
        guard let end = active[index].process.end() else { continue }
        let running = active.remove(at: index)
        let failure = try finish(running, end: end)
        runs = try schedule.runs(records: store.records)
        estimate = RunningTimeEstimate(schedule: schedule, store: store, probes: probes)
        observer?.ended(
          running.run, failure: failure,
          progress: progress(runs, active: active, jobs: jobs, start: start, estimate: estimate))
      }
      if clock() - lastTold > Self.progressInterval {
        lastTold = clock()
        observer?.running(progress(runs, active: active, jobs: jobs, start: start, estimate: estimate))
      }
    }
    if let first = lost.first {
      throw ExperimentError.runsLost(count: lost.count, run: first.run, reason: first.reason)
    }
    return .finished
  }

  /// Seconds between two reports of progress.
  private static let progressInterval = 0.5

  /// How many runs are made at a time, given how many are missing.
  func jobCount(open: Int) -> Int {
    max(1, min(options.jobs ?? max(1, options.processors / options.threads), open))
  }

  func isDone(_ run: PlannedRun) -> Bool { run.id.map { store.records[$0] != nil } ?? false }

  private func nextRun(
    _ runs: [PlannedRun], active: [Running]
  ) -> (run: PlannedRun, id: String, definition: RunDefinition)? {
    for run in runs {
      guard let id = run.id, let definition = run.definition, store.records[id] == nil else { continue }
      if !active.contains(where: { $0.id == id }) && !lost.contains(where: { $0.run == id }) {
        return (run, id, definition)
      }
    }
    return nil
  }

  /// Starts the process of a run.
  func begin(_ definition: RunDefinition, id: String, extraWords: [String] = []) throws -> ChildProcess {
    let path = folder.workFile(id, "json")
    try AtomicReplace.file(at: path, bytes: try definition.json.serialized() + [0x0A])
    return try ChildProcess(
      program: options.program,
      arguments: [
        "experiment-run", path, "--users", UserMetrics.path(folder: folder.path, id: id),
        "--threads", String(options.threads), "--parent", String(ParentProcess.own),
      ] + extraWords,
      output: folder.workFile(id, "result"), errors: folder.workFile(id, "log"))
  }

  /// Keeps the result of a run that ended; returns what went wrong.
  private func finish(_ running: Running, end: ChildProcess.End) throws -> String? {
    let id = running.id
    defer { removeWork(of: id) }
    guard end == .exited(0), let report = RunReport(path: folder.workFile(id, "result")) else {
      let reason = lastLine(of: folder.workFile(id, "log")) ?? end.text
      lost.append((id, reason))
      return reason
    }
    try store.append(
      RunRecord(
        id: id, label: running.run.label(schedule.kinds), definition: running.definition.json,
        environment: report.environment, failure: report.failure, results: report.results, costs: report.costs))
    return report.failure
  }

  func removeWork(of id: String) {
    for kind in ["json", "result", "log"] { try? PosixFileSystem().removeFile(folder.workFile(id, kind)) }
  }

  /// The last line that a run wrote to standard error.
  func lastLine(of path: String) -> String? {
    guard let bytes = try? FileReader.contents(of: path, limit: 1 << 20) else { return nil }
    let line = bytes.split(separator: 0x0A).last
    return line.map { String(decoding: $0, as: UTF8.self) }
  }

  private func progress(
    _ runs: [PlannedRun], active: [Running], jobs: Int, start: Double, estimate: RunningTimeEstimate
  ) -> ExperimentProgress {
    let now = clock()
    var left = 0.0
    var isKnown = true
    for run in runs where !isDone(run) {
      guard let seconds = estimate.seconds(ofKind: run.kind) else {
        isKnown = false
        continue
      }
      let running = active.first { $0.id == run.id }
      left += max(0, seconds - (running.map { now - $0.started } ?? 0))
    }
    return ExperimentProgress(
      finished: runs.count(where: isDone), total: runs.count,
      current: active.map { "\(schedule.kinds[$0.run.kind].text) (\($0.run.stage.rawValue))" },
      elapsed: now - start, left: isKnown ? left / Double(jobs) : nil)
  }

  /// Timed beginnings of runs by the identity of the run.
  var probes: [String: RunProbe] = [:]
}
