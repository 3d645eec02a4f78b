// What is run, in which order, and what tuning chooses.

import Evaluation
import Experiments
import Files
import Testing

@Suite struct ScheduleTests {
  private static let tuned = ExamplePlan.with(
    """
    {"tuning": {"seeds": [7, 8], "grids": {"darec": {"lambda": [0.1, 1, 2]}}},
     "sweeps": [{"model": "bprmf", "alignment": "darec", "option": "centres", "values": [4, 8]}]}
    """)

  /// All tuning runs with validation recalls by lambda.
  private func records(_ schedule: Schedule, _ recall: (PlannedRun, String) -> Double?) throws -> [String: RunRecord] {
    var records: [String: RunRecord] = [:]
    for run in try schedule.runs(records: [:]) where run.stage == .tuning {
      let options = run.definition?.json["work"]?["training"]?["alignment_options"]
      let value = recall(run, options?["global"]?.string ?? "")
      var record = try ExamplePlan.record(run, schedule, validation: value ?? 0)
      if value == nil { record.failure = "diverged" }
      records[record.id] = record
    }
    return records
  }

  @Test func tuningComesFirstAndNeverEvaluatesTheTestSplit() throws {
    let schedule = try ExamplePlan.schedule(Self.tuned)
    let runs = try schedule.runs(records: [:])
    let tuning = runs.filter { $0.stage == .tuning }
    #expect(tuning.count == 2 * 3 * 2)
    #expect(tuning.allSatisfy { $0.definition?.evaluatesTest == false })
    // Without a grid there is nothing to wait for.
    #expect(runs.filter { $0.kind == 0 }.allSatisfy { $0.stage == .final && $0.definition?.evaluatesTest == true })
    #expect(runs.filter { $0.kind == 1 && $0.stage != .tuning }.allSatisfy { $0.definition == nil })
    #expect(runs.count == 12 + 3 * 2 + 2 * 2)
  }

  @Test func theBestMeanWinsAndOfEqualsTheEarlier() throws {
    let schedule = try ExamplePlan.schedule(Self.tuned)
    let records = try records(schedule) { run, lambda in
      // Row 1 has one best cell, row 2 has two equal ones.
      run.kind == 1 ? (lambda == "1.0" ? 0.4 : 0.3) : (lambda == "0.1" ? 0.1 : 0.2)
    }
    #expect(try schedule.tunedCell(1, records: records)?.settings.map(\.text) == ["lambda=1"])
    #expect(try schedule.tunedCell(2, records: records)?.settings.map(\.text) == ["lambda=1"])
    let runs = try schedule.runs(records: records)
    #expect(runs.allSatisfy { $0.definition != nil })
    // The chosen lambda with the default number of centres is one of the sweep's values: it is run once.
    #expect(runs.count == 12 + 3 * 2 + 1 * 2)
  }

  @Test func aFailedCellIsOutAndARowWithoutCellsEnds() throws {
    let schedule = try ExamplePlan.schedule(Self.tuned)
    let records = try records(schedule) { run, lambda in
      run.kind == 1 && lambda != "2.0" ? 0.3 : run.kind == 2 ? nil : nil
    }
    #expect(try schedule.tunedCell(1, records: records)?.settings.map(\.text) == ["lambda=0.1"])
    #expect(try schedule.tunedCell(1, records: records)?.scores.last == .some(nil))
    #expect(try schedule.tunedCell(2, records: records) == nil)
    #expect(try schedule.runs(records: records).filter { $0.kind == 2 && $0.stage == .final }.isEmpty)
  }

  @Test func tuningIsOpenWhileOneRunIsMissing() throws {
    let schedule = try ExamplePlan.schedule(Self.tuned)
    var records = try records(schedule) { _, _ in 0.1 }
    let missing = try #require(records.keys.sorted().first)
    records[missing] = nil
    let open = try [1, 2].filter { try schedule.tunedCell($0, records: records) == nil }
    #expect(open.count == 1)
  }

  @Test func theIdentityIsOfWhatDecidesTheResult() throws {
    let runs = try ExamplePlan.schedule(ExamplePlan.json).runs(records: [:])
    let run = try #require(runs.first?.definition)
    var moved = run
    moved.dataName = "elsewhere"
    moved.dataWords = ["--data", "elsewhere"]
    #expect(moved.id == run.id)
    var other = run
    other.fingerprint = "0000000000000000"
    #expect(other.id != run.id)
    other = run
    other.evaluatesTest = false
    #expect(other.id != run.id)
    #expect(try RunDefinition(json: run.json) == run)
  }

  @Test func anAlignmentWithoutTextIsRefused() throws {
    let plan = try ExperimentPlan(json: ExamplePlan.json)
    let identity = DataIdentity(fingerprint: "x", textFingerprint: "none", statistics: .null)
    #expect(throws: (any Error).self) { try Schedule(plan: plan, identities: [identity]) }
  }
}
