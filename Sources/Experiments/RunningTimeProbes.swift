// The estimate before the start: a short beginning of one run of each row is timed.

import Files

#if canImport(Glibc)
  import Glibc
#endif

/// What is left of an experiment, and how long it will take.
package struct RemainingTime: Sendable {
  /// Runs that are done.
  package var finished: Int
  /// Runs that are missing.
  package var open: Int
  /// Runs that are made at a time.
  package var jobs: Int
  /// Seconds, about; nil while nothing is known.
  package var seconds: Double?
  /// Seconds if every run reached its limit of epochs; nil where that is not known.
  package var upperSeconds: Double?
}

extension RunProbe {
  /// The measurements in a file, by the identity of the run; what is no measurement is passed over.
  static func read(_ path: String) -> [String: RunProbe] {
    guard let bytes = try? FileReader.contents(of: path, limit: 1 << 24) else { return [:] }
    var probes: [String: RunProbe] = [:]
    for line in bytes.split(separator: 0x0A) {
      guard let json = try? JSONValue.parse(Array(line)), let id = json["id"]?.string else { continue }
      probes[id] = json["probe"].flatMap { RunProbe(json: $0) }
    }
    return probes
  }
}

extension ExperimentRunner {
  /// Times the beginning of a run of every row of which nothing is known yet.
  /// - Parameter isCancelled: polled several times a second.
  /// - Returns: false when it was cancelled.
  package func measure(isCancelled: () -> Bool) throws -> Bool {
    let open = Set(try schedule.runs(records: store.records).filter { !isDone($0) }.map(\.kind))
    let estimate = RunningTimeEstimate(schedule: schedule, store: store, probes: probes)
    var waiting = schedule.kinds.indices.filter { open.contains($0) && estimate.seconds(ofKind: $0) == nil }
    let jobs = jobCount(open: waiting.count)
    var active: [(id: String, process: ChildProcess)] = []
    defer { for probe in active { probe.process.stop() } }
    while !active.isEmpty || !waiting.isEmpty {
      if isCancelled() { return false }
      while active.count < jobs, let kind = waiting.first {
        waiting.removeFirst()
        guard let run = schedule.firstRun(kind) else { continue }
        let id = run.id
        guard probes[id] == nil, !active.contains(where: { $0.id == id }) else { continue }
        active.append((id, try begin(run, id: id, extraWords: ["--probe"])))
      }
      usleep(20_000)
      for index in active.indices.reversed() {
        guard let end = active[index].process.end() else { continue }
        let id = active.remove(at: index).id
        // A beginning that fails is no error here: the run itself will say what is wrong.
        if end == .exited(0), let json = try? JSONValue.read(folder.workFile(id, "result")) {
          probes[id] = RunProbe(json: json)
        }
        removeWork(of: id)
      }
    }
    let lines = try probes.sorted { $0.key < $1.key }.map { id, probe in
      try JSONValue.object([.init("id", .string(id)), .init("probe", probe.json)]).text() + "\n"
    }
    if !lines.isEmpty { try folder.write("probes.jsonl", Array(lines.joined().utf8)) }
    return true
  }

  /// What is left.
  package func remaining() throws -> RemainingTime {
    let estimate = RunningTimeEstimate(schedule: schedule, store: store, probes: probes)
    let runs = try schedule.runs(records: store.records)
    let open = runs.filter { !isDone($0) }
    let jobs = jobCount(open: open.count)
    func sum(_ seconds: (Int) -> Double?) -> Double? {
      var total = 0.0
      for run in open {
        guard let value = seconds(run.kind) else { return nil }
        total += value
      }
      return total / Double(jobs)
    }
    return RemainingTime(
      finished: runs.count - open.count, open: open.count, jobs: jobs, seconds: sum(estimate.seconds(ofKind:)),
      upperSeconds: sum(estimate.upperSeconds(ofKind:)))
  }

  /// All runs of the plan, and which of them are done.
  package func plannedRuns() throws -> [(run: PlannedRun, isDone: Bool)] {
    try schedule.runs(records: store.records).map { ($0, isDone($0)) }
  }
}
