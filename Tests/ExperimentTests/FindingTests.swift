// What findings claim: only controls of the same settings count, seeds that disagree are told.

import Evaluation
import Experiments
import Files
import Interactions
import TestSupport
import Testing

@Suite struct FindingTests {
  /// The reports of hand-made runs whose test users all gain the same over the row without alignment.
  /// - Parameter gains: gain of an alignment by its label, one for each seed of the plan.
  private func summary(_ json: JSONValue, gains: [String: [Double]]) throws -> JSONValue {
    let folder = try TemporaryFolder()
    try FileWriter.createDirectory(folder.path + "/users")
    let plan = try ExperimentPlan(json: json)
    let schedule = try ExamplePlan.schedule(json)
    var seen: [Int: Int] = [:]
    var lines: [UInt8] = []
    for run in try schedule.runs(records: [:]) {
      let seed = seen[run.kind, default: 0]
      seen[run.kind] = seed + 1
      let kind = schedule.kinds[run.kind]
      let gain = gains[kind.alignment ?? kind.model]?[seed] ?? 0
      let metrics = UserMetrics(
        users: [0, 1, 2, 3], names: [MetricName(.recall, 20), MetricName(.ndcg, 20)],
        values: [[Double]](repeating: (0..<4).map { 0.25 + 0.125 * Double($0) + gain }, count: 2))
      var record = try ExamplePlan.record(run, schedule, validation: 0.2 + gain)
      record.results["test"] = ["recall@20": .number(0.4 + gain)]
      try metrics.save(to: "\(folder.path)/users/\(record.id).safetensors")
      lines += try record.json.serialized() + [0x0A]
    }
    try folder.write("runs.jsonl", lines)
    try folder.write("data.json", try rememberedData.text())
    _ = try ExperimentTables.write(plan: plan, folder: ExperimentFolder(folder.path)) { source in
      throw FileError.missing(path: source.name)
    }
    return try JSONValue.read(folder.path + "/summary.json")
  }

  private var rememberedData: JSONValue {
    [
      "schema": "darec/experiment-data/1",
      "data": [
        [
          "name": "planted", "options": ["--data", "planted"], "split_seed": "2023",
          "fingerprint": .string(ExamplePlan.identity.fingerprint),
          "text_fingerprint": .string(ExamplePlan.identity.textFingerprint),
          "statistics": ExamplePlan.identity.statistics,
        ]
      ],
    ]
  }

  private static let alignments = """
    {"name": "darec", "label": "darec own", "set": {"score": "final"}},
    {"name": "darec", "label": "plain", "text_control": "shuffled"}
    """

  private func plan(_ more: String = "", seeds: String = "[1, 2]") -> JSONValue {
    ExamplePlan.with(
      """
      {"alignments": ["none", \(Self.alignments)\(more)], "seeds": \(seeds),
       "report": {"subject": "darec own", "resamples": 200}}
      """)
  }

  private static let control = """
    , {"name": "darec", "label": "own shuffled", "set": {"score": "final"}, "text_control": "shuffled"}
    """

  @Test func aControlOfOtherSettingsIsNone() throws {
    let finding = try summary(plan(), gains: ["darec own": [0.02, 0.02]])["findings"]?[0]
    #expect(finding?["reading"]?.string == "uncontrolled")
    let text = try #require(finding?["text"]?.string)
    #expect(text.contains("without a control of the same settings (plain: other settings)"), "\(text)")
    #expect(!text.contains("seed"))
  }

  @Test func onlyTheControlOfTheSameSettingsIsRead() throws {
    let finding = try summary(
      plan(Self.control), gains: ["darec own": [0.02, 0.02], "plain": [0.02, 0.02]])["findings"]?[0]
    #expect(finding?["reading"]?.string == "meaning")
    let text = try #require(finding?["text"]?.string)
    #expect(text.contains("falls back with own shuffled: it needs the text's meaning; what the control keeps"))
    #expect(text.contains("not told apart from plain"), "\(text)")
  }

  @Test func seedsThatDisagreeAndOneSeedAreTold() throws {
    let mixed = try summary(plan(), gains: ["darec own": [0.04, -0.01]])["findings"]?[0]?["text"]?.string
    #expect(mixed?.contains("a gain (1 of 2 seeds positive)") == true, "\(mixed ?? "-")")
    let single = try summary(plan(seeds: "[1]"), gains: ["darec own": [0.04]])["findings"]?[0]?["text"]?.string
    #expect(single?.contains("(on one seed; not shown to hold for others)") == true, "\(single ?? "-")")
  }

  @Test func aControlIsTunedOnTheGridOfWhatItControls() throws {
    var json = plan(Self.control)
    json["tuning"] = [
      "seeds": [7], "grids": ["darec own": ["lambda": [0.1, 1, 2]], "darec": ["lambda": [0.5, 1]]],
    ]
    let plan = try ExperimentPlan(json: json)
    let cells = try plan.kinds.map { try plan.cells(of: $0).count }
    #expect(cells == [1, 3, 2, 3])
  }

  @Test(arguments: [("32", true), ("64", false)])
  func theStandingNamesWidthsThatDiffer(width: String, isTold: Bool) throws {
    var json = plan()
    json["models"] = [["name": "bprmf", "set": ["dimension": .string(width)]]]
    json["baselines"] = [["name": "ials", "set": ["dimension": "64"]]]
    let text = try summary(json, gains: [:])["standings"]?[0]?["text"]?.string
    let hasWidths = text?.contains("width 32)") == true && text?.contains("width 64)") == true
    #expect(hasWidths == isTold, "\(text ?? "-")")
  }
}
