// The file of finished runs: torn lines, repetitions, lines of other versions.

import Experiments
import Files
import TestSupport
import Testing

@Suite struct RunStoreTests {
  private func twoRecords() throws -> [RunRecord] {
    let schedule = try ExamplePlan.schedule(ExamplePlan.json)
    return try schedule.runs(records: [:]).prefix(2).map { try ExamplePlan.record($0, schedule, validation: 0.5) }
  }

  private func lines(_ records: [RunRecord]) throws -> [UInt8] {
    try records.flatMap { try $0.json.serialized() + [0x0A] }
  }

  @Test func whatIsAppendedIsReadBack() throws {
    let folder = try TemporaryFolder()
    var store = try RunStore(folder: folder.path)
    for record in try twoRecords() { try store.append(record) }
    let again = try RunStore(folder: folder.path)
    #expect(again.records.keys.sorted() == store.records.keys.sorted() && again.records.count == 2)
    #expect(try FileReader.contents(of: again.path) == lines(twoRecords()))
  }

  @Test func aTornLineIsPassedOverAndCutAtEveryByte() throws {
    let records = try twoRecords()
    let whole = try lines(records)
    let first = try lines([records[0]]).count
    for length in [first, first + 1, first + 40, whole.count - 1] {
      let folder = try TemporaryFolder()
      try folder.write("runs.jsonl", Array(whole[..<length]))
      var store = try RunStore(folder: folder.path)
      #expect(store.records.count == 1)
      try store.repair()
      #expect(try FileReader.contents(of: store.path).count == first)
      try store.append(records[1])
      #expect(try FileReader.contents(of: store.path) == whole)
    }
  }

  @Test func aCompleteLineThatIsNoRunIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("runs.jsonl", try lines([twoRecords()[0]]) + Array("{\"schema\":1}\n".utf8))
    let error = #expect(throws: ExperimentError.self) { try RunStore(folder: folder.path) }
    #expect(error?.description.contains("runs.jsonl, line 2: is no run") == true)
  }

  @Test func aFinishedRunCountsOverAFailedOne() throws {
    let folder = try TemporaryFolder()
    var failed = try twoRecords()[0]
    failed.failure = "diverged"
    var store = try RunStore(folder: folder.path)
    try store.append(failed)
    #expect(store.records.values.first?.failure == "diverged")
    var retried = store
    retried.forgetFailures()
    #expect(retried.records.isEmpty)
    try store.append(try twoRecords()[0])
    try store.append(failed)
    #expect(store.records.count == 1 && store.records.values.first?.failure == nil)
  }

  @Test func aLineWrittenBeforeAnOptionExistedStillCounts() throws {
    let folder = try TemporaryFolder()
    var record = try twoRecords()[0]
    let identity = record.id
    var options = try #require(record.definition["work"]?["training"]?["model_options"]?.object)
    options.removeLast()
    var work = try #require(record.definition["work"])
    var training = try #require(work["training"])
    training["model_options"] = .object(options)
    work["training"] = training
    record.definition["work"] = work
    record.id = "00000000000000aa"
    var store = try RunStore(folder: folder.path)
    try store.append(record)
    #expect(try RunStore(folder: folder.path).records.keys.sorted() == [identity])
  }

  @Test func anIdentityThatIsAPathIsNoIdentity() throws {
    var json = try twoRecords()[0].json
    json["id"] = "../../etc/passwd"
    #expect(RunRecord(json: json) == nil)
  }
}
