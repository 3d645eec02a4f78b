// The export of explanations: whole lines in order, whatever stops it.

import Files
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif
import Foundation

@Suite struct ExportExplanationsTests {
  private func model() throws -> String { try #require(TrainedModel.shared).model }

  @Test func linesAreThoseOfExplain() throws {
    let directory = try TemporaryFolder()
    let path = directory.path + "/why.jsonl"
    let words = [try model(), "--users", "all", "--top", "2"]
    let run = try DarecProcess(["export", "explanations"] + words + ["--output", path, "--threads", "2"])
    #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text == (try DarecProcess(["explain"] + words)).output)
    let one = try DarecProcess(["export", "explanations"] + words + ["--threads", "1"])
    #expect(one.output == text)
    for line in text.split(separator: "\n") {
      let record = try JSONValue.parse(Array(line.utf8))
      let values = (record["contributions"]?.array ?? []).compactMap { $0["value"]?.double }
      let score = try #require(record["score"]?["value"]?.double)
      let residual = try #require(record["residual"]?.double)
      #expect((values.reduce(0, +) + residual - score).magnitude < 1e-5 && residual.magnitude < 1e-5)
    }
  }

  @Test func counterfactualsAreAddedWhenAskedFor() throws {
    let words = ["export", "explanations", try model(), "--users", "all", "--top", "1"]
    let without = try DarecProcess(words).output
    let with = try DarecProcess(words + ["--counterfactuals"]).output
    #expect(try DarecProcess(["explain"] + words.dropFirst(2) + ["--counterfactuals"]).output == with)
    #expect(!without.contains("counterfactual_test"))
    #expect(with.split(separator: "\n").allSatisfy { $0.contains("\"counterfactual_test\":{\"top\":1,") })
  }

  @Test func anUnknownUserIsNamedAndTheOthersAreWritten() throws {
    let directory = try TemporaryFolder()
    let first = try DarecProcess(["recommend", try model(), "--users", "all", "--top", "1"]).output
    let known = try #require(
      try JSONValue.parse(Array((first.split(separator: "\n").first ?? "").utf8))["user"]?["id"]?.string)
    try "\(known)\nnobody\n\(known)\n".write(toFile: directory.path + "/users", atomically: false, encoding: .utf8)
    let run = try DarecProcess([
      "export", "explanations", try model(), "--users", directory.path + "/users", "--top", "1",
    ])
    #expect(run.status == 1 && run.errors.contains("unknown user 'nobody'"))
    #expect(run.output.split(separator: "\n").count == 2)
  }

  @Test func ctrlCLeavesCompleteLines() throws {
    let directory = try TemporaryFolder()
    let path = directory.path + "/why.jsonl"
    // Long enough to be interrupted: every user again and again, with the search.
    let users = try DarecProcess(["recommend", try model(), "--users", "all", "--top", "1"]).output
      .split(separator: "\n").compactMap { try? JSONValue.parse(Array($0.utf8))["user"]?["id"]?.string }
    let many = Array(repeating: users.joined(separator: "\n"), count: 200).joined(separator: "\n")
    try many.write(toFile: directory.path + "/users", atomically: false, encoding: .utf8)
    let run = try DarecProcess(
      [
        "export", "explanations", try model(), "--users", directory.path + "/users", "--top", "5", "--counterfactuals",
        "--output", path,
      ],
      interruptWhen: { (try? FileReader.contents(of: path).isEmpty) == false })
    #expect(run.status == 130 && run.errors.contains("interrupted after"), "\(run.errors)")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasSuffix("\n"))
    for line in text.split(separator: "\n") { _ = try JSONValue.parse(Array(line.utf8)) }
  }

  /// A run killed at any moment, resumed and killed again, ends with the bytes of a run that nobody disturbed.
  @Test func killedRunsAreResumedToTheSameBytes() throws {
    let directory = try TemporaryFolder()
    let path = directory.path + "/why.jsonl"
    let words = ["export", "explanations", try model(), "--users", "all", "--top", "3", "--counterfactuals"]
    let whole = try DarecProcess(words).output
    var random = SplitMix(state: 11)
    var run = try DarecProcess(words + ["--output", path], killAfter: 0.02)
    var kills = run.status == 137 ? 1 : 0
    for round in 0..<200 where run.status != 0 {
      run = try DarecProcess(
        words + ["--output", path, "--resume"], killAfter: round < 40 ? 0.02 + Double(random.below(60)) / 1000 : 60)
      kills += run.status == 137 ? 1 : 0
      #expect(run.status == 137 || run.status == 0, "\(run.errors)")
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
    #expect(kills > 0)
  }

  /// Every beginning of the file, as a kill inside of a write leaves it, is completed to the same bytes.
  @Test func everyTornFileIsCompleted() throws {
    let directory = try TemporaryFolder()
    let path = directory.path + "/why.jsonl"
    let ids = try DarecProcess(["recommend", try model(), "--users", "all", "--top", "1"]).output
      .split(separator: "\n").prefix(6).compactMap { try? JSONValue.parse(Array($0.utf8))["user"]?["id"]?.string }
    try ids.joined(separator: "\n").write(toFile: directory.path + "/users", atomically: false, encoding: .utf8)
    let words = ["export", "explanations", try model(), "--users", directory.path + "/users", "--top", "2"]
    let whole = Array(try DarecProcess(words).output.utf8)
    var random = SplitMix(state: 5)
    let cuts = [0, 1, whole.count - 1, whole.count] + (0..<20).map { _ in random.below(whole.count) }
    for cut in cuts {
      try Data(whole[..<cut]).write(to: URL(fileURLWithPath: path))
      let run = try DarecProcess(words + ["--output", path, "--resume"])
      #expect(run.status == 0, "\(cut): \(run.errors)")
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == whole, "\(cut)")
    }
  }

  @Test func resumingAnotherExportIsRefusedAndTheFileStays() throws {
    let directory = try TemporaryFolder()
    let path = directory.path + "/why.jsonl"
    let words = ["export", "explanations", try model(), "--users", "all", "--output", path]
    #expect(try DarecProcess(words + ["--top", "2"]).status == 0)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let settings = try DarecProcess(words + ["--top", "3", "--neighbors", "1", "--resume"])
    #expect(settings.status == 65 && settings.errors.contains("other settings"), "\(settings.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    try text.replacingOccurrences(of: "\"fingerprint\":\"", with: "\"fingerprint\":\"0")
      .write(toFile: path, atomically: false, encoding: .utf8)
    let model = try DarecProcess(words + ["--top", "2", "--resume"])
    #expect(model.status == 65 && model.errors.contains("is of the model"), "\(model.errors)")
    try "notes\n".write(toFile: path, atomically: false, encoding: .utf8)
    let foreign = try DarecProcess(words + ["--top", "2", "--resume"])
    #expect(foreign.status == 65 && foreign.errors.contains(":1: the line is no explanation"), "\(foreign.errors)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "notes\n")
    #expect(try DarecProcess(Array(words.dropLast(2)) + ["--resume"]).status == 64)
  }

  @Test func whatCannotBeWrittenIsNamed() throws {
    let words = ["export", "explanations", try model(), "--users", "all", "--top", "1", "--output"]
    let full = try DarecProcess(words + ["/dev/full"])
    #expect(full.status == 1 && full.errors == "darec: cannot write '/dev/full': No space left on device\n")
    let missing = try DarecProcess(words + ["/nonexistent/x"])
    #expect(missing.status == 1)
    #expect(missing.errors == "darec: cannot write '/nonexistent/x': No such file or directory\n")
  }

  @Test func dataIsStillExportedWithoutASubcommand() throws {
    let directory = try TemporaryFolder()
    let shared = try #require(TrainedModel.shared)
    let run = try DarecProcess(
      ["export", "--data", shared.data, "--format", "tsv", "--out", directory.path + "/out"])
    #expect(run.status == 0, "\(run.errors)")
  }
}
