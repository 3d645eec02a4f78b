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

  @Test func dataIsStillExportedWithoutASubcommand() throws {
    let directory = try TemporaryFolder()
    let shared = try #require(TrainedModel.shared)
    let run = try DarecProcess(
      ["export", "--data", shared.data, "--format", "tsv", "--out", directory.path + "/out"])
    #expect(run.status == 0, "\(run.errors)")
  }
}
