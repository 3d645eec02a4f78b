// Tables from hand-made runs: the same bytes whatever the order of the lines, and numbers that can be checked by hand.

import Evaluation
import Experiments
import Files
import Interactions
import TestSupport
import Testing

@Suite struct ExperimentTablesTests {
  private static let plan = ExamplePlan.with(
    """
    {"models": ["bprmf", "lightgcn"], "baselines": ["popularity"],
     "tuning": {"seeds": [7], "grids": {"darec": {"lambda": [0.1, 1]}, "popularity": {}}},
     "sweeps": [{"model": "bprmf", "alignment": "darec", "option": "centres", "values": [4, 8]}],
     "report": {"resamples": 200}}
    """)

  /// Test recall of a user: every user has another one, and rows differ by the same amount for each user.
  private static func recall(_ user: Int, _ shift: Double) -> Double { 0.1 + 0.1 * Double(user) + shift }

  /// Recall above the base model, for the rows of both models; the control of the second gains as much as DaRec.
  private static let shifts: [Double] = [0, 0.02, -0.01, 0, 0.03, 0.03, 0.25]

  /// A folder with finished runs for everything the plan asks for, and its schedule.
  private func folder(_ keep: (PlannedRun) -> Bool = { _ in true }) throws -> (TemporaryFolder, [RunRecord]) {
    let folder = try TemporaryFolder()
    try FileWriter.createDirectory(folder.path + "/users")
    let schedule = try ExamplePlan.schedule(Self.plan)
    let identity = ExamplePlan.identity
    let data: JSONValue = [
      "schema": "darec/experiment-data/1",
      "data": [
        [
          "name": "planted", "options": ["--data", "planted"], "split_seed": "2023",
          "fingerprint": .string(identity.fingerprint), "text_fingerprint": .string(identity.textFingerprint),
          "statistics": identity.statistics,
        ]
      ],
    ]
    try folder.write("data.json", try data.text())
    var records: [String: RunRecord] = [:]
    while let run = try schedule.runs(records: records).first(where: { $0.id.map { records[$0] == nil } ?? false }) {
      let record = try record(run, schedule)
      records[record.id] = record
      guard run.stage != .tuning, keep(run) else { continue }
      try users(run).save(to: "\(folder.path)/users/\(record.id).safetensors")
    }
    let all = try schedule.runs(records: records).filter(keep).compactMap { run in run.id.flatMap { records[$0] } }
    return (folder, all)
  }

  private func users(_ run: PlannedRun) -> UserMetrics {
    let shift = Self.shifts[run.kind]
    return UserMetrics(
      users: [0, 1, 2, 3, 4], names: [MetricName(.recall, 20), MetricName(.ndcg, 20)],
      values: [(0..<5).map { Self.recall($0, shift) }, (0..<5).map { Self.recall($0, shift) / 2 }])
  }

  private func record(_ run: PlannedRun, _ schedule: Schedule) throws -> RunRecord {
    var record = try ExamplePlan.record(run, schedule, validation: 0.2 + Self.shifts[run.kind])
    guard run.stage != .tuning else {
      let options = run.definition?.json["work"]?["training"]?["alignment_options"]
      record.results["validation"] = ["recall@20": options?["global"]?.string == "1.0" ? 0.3 : 0.2]
      return record
    }
    let report = users(run).report
    record.results["test"] = .object(
      [.init("users", 5)] + report.values.map { .init($0.name.text, .number($0.value)) })
    record.results["beyond_accuracy"] = ["coverage@20": 0.5, "gini@20": 0.25]
    record.results["user_degree"] = [
      "<=5": ["users": 2, "recall@20": 0.125], ">20": ["users": 0, "recall@20": .null],
    ]
    record.costs = ["total_seconds": .number(Double(run.kind)), "peak_bytes": 1_048_576]
    return record
  }

  private func write(_ folder: TemporaryFolder, _ records: [RunRecord]) throws -> (table: String, summary: [UInt8]) {
    try folder.write("runs.jsonl", try records.flatMap { try $0.json.serialized() + [0x0A] })
    let table = try ExperimentTables.write(
      plan: try ExperimentPlan(json: Self.plan), folder: ExperimentFolder(folder.path)
    ) { source in throw FileError.missing(path: source.name) }
    return (table, try FileReader.contents(of: folder.path + "/summary.json"))
  }

  @Test func theTableIsTheCommittedOne() throws {
    let (folder, records) = try folder()
    let table = try write(folder, records).table
    let path = fixturePath("experiments/table.md")
    let golden = FileReader.exists(path) ? String(decoding: try FileReader.contents(of: path), as: UTF8.self) : ""
    #expect(table == golden, "\(table)")
  }

  @Test func aConstantDifferenceHasAnIntervalWithoutWidth() throws {
    let (folder, records) = try folder()
    let (table, summary) = try write(folder, records)
    #expect(table.contains("| bprmf | darec | - | - | 0.3200 | - | - | 0.1600 | +0.0200 (+0.0200 to +0.0200)"))
    let json = try JSONValue.parse(summary)
    #expect(json["complete"]?.bool == true)
    let readings = json["findings"]?.array?.compactMap { $0["reading"]?.string }
    #expect(readings == ["meaning", "no_meaning_shown"])
    #expect(table.contains("survives darec shuffled: no part is shown to be meaning"))
    #expect(json["rows"]?[1]?["cell"] == ["lambda": "1"])
  }

  @Test func theOrderInWhichRunsFinishedDoesNotMatter() throws {
    let (folder, records) = try folder()
    let first = try write(folder, records)
    for shift in [1, 5, 11] {
      let rotated = Array(records[shift...] + records[..<shift])
      let second = try write(folder, rotated.reversed())
      #expect(first.table == second.table && first.summary == second.summary)
    }
  }

  @Test func timesStandInTheCostsOnly() throws {
    let (folder, records) = try folder()
    let first = try write(folder, records)
    let changed = records.map { record in
      var record = record
      record.costs["total_seconds"] = 1234.5
      return record
    }
    let second = try write(folder, changed)
    #expect(first.table == second.table && first.summary == second.summary)
    #expect(String(decoding: try FileReader.contents(of: folder.path + "/costs.md"), as: UTF8.self).contains("1234.5"))
  }

  @Test func whatIsMissingOrFailedIsShown() throws {
    let (folder, records) = try folder()
    let missing = try write(folder, records.filter { $0.label.model != "lightgcn" })
    #expect(missing.table.contains("| lightgcn | darec | - | - | - |"))
    #expect(try JSONValue.parse(missing.summary)["complete"]?.bool == false)
    let failed = records.map { record in
      var record = record
      if record.label.model == "popularity" { record.failure = "it | diverged" }
      return record
    }
    let table = try write(folder, failed).table
    #expect(table.contains("| popularity | baseline (failed) | - |"))
    #expect(table.contains("- planted: popularity, seed 1: it \\| diverged"))
  }

  @Test func withoutAnyRunThereIsStillATable() throws {
    let (folder, _) = try folder()
    #expect(try write(folder, []).table.contains("| bprmf | none | - |"))
  }
}
