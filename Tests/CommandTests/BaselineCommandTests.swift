// darec baseline: what it prints, saves and refuses.

import Files
import TestSupport
import Testing

@Suite struct BaselineCommandTests {
  @Test func aSavedBaselineEvaluatesToWhatWasPrinted() throws {
    let data = try #require(TrainedModel.shared).data
    let folder = try TemporaryFolder()
    let model = folder.path + "/ials"
    let fitted = try DarecProcess([
      "baseline", "ials", "--data", data, "--set", "dimension=8", "--threads", "1", "--out", model,
    ])
    #expect(fitted.status == 0, "\(fitted.errors)")
    let evaluated = try DarecProcess(["evaluate", model])
    #expect(fitted.output.contains("ials: dimension=8"))
    #expect(!evaluated.output.isEmpty && fitted.output.hasSuffix(evaluated.output))
    let answer = try DarecProcess([model, "-c", "model"])
    #expect(answer.status == 0 && answer.output.contains("ials"), "\(answer.errors)")
    let again = try DarecProcess(["baseline", "ials", "--data", data, "--set", "dimension=8", "--threads", "2"])
    #expect(again.output == fitted.output)
  }

  @Test func tuningPrintsEveryCellAndTheBestOne() throws {
    let data = try #require(TrainedModel.shared).data
    let tuned = try DarecProcess(["baseline", "ease", "--data", data, "--tune"])
    #expect(tuned.status == 0, "\(tuned.errors)")
    let cells = tuned.output.split(separator: "\n").filter { $0.contains("/7  recall@20") }
    #expect(cells.count == 7)
    let recalls = cells.compactMap { Double($0.split(separator: " ")[2]) }
    let chosen = try #require(tuned.output.split(separator: "\n").first { $0.hasPrefix("ease: ") })
    let best = try #require(recalls.max().flatMap { recalls.firstIndex(of: $0) })
    // Printed to four digits, so only the value is compared, not which of two equal cells came first.
    let winner = try #require(cells.firstIndex { $0.hasSuffix(chosen.dropFirst("ease: ".count)) })
    #expect(recalls[winner] == recalls[best])
  }

  @Test func recordsAreJSON() throws {
    let data = try #require(TrainedModel.shared).data
    let process = try DarecProcess(["baseline", "text", "--data", data, "--tune", "--format", "json"])
    #expect(process.status == 0, "\(process.errors)")
    let record = try JSONValue.parse(Array(process.output.utf8))
    #expect(record["schema"]?.string == "darec/baseline/1")
    #expect(record["cells"]?.array?.count == 8)
    #expect(record["metrics"]?["test"] != nil)
  }

  @Test(arguments: [
    (["nothing"], 64, "popularity"), (["ease", "--out", "x"], 64, "item-item"), (["ials"], 64, "--data"),
    (["ials", "--set", "width=3"], 64, "dimension"), (["ials", "--set", "dimension"], 64, "NAME=VALUE"),
    (["ials", "--set", "dimension=0"], 64, "1 to 1024"), (["ials", "--data", "/nonexistent"], 66, "/nonexistent"),
    (["ials", "--format", "yaml"], 64, "json"),
  ]) func wrongCommandLinesAreRefused(_ arguments: [String], _ status: Int32, _ says: String) throws {
    let process = try DarecProcess(["baseline"] + arguments)
    #expect(process.status == status && process.errors.contains(says), "\(arguments): \(process.errors)")
  }

  @Test func dataWithoutTextIsRefusedByTextBaselines() throws {
    let folder = try TemporaryFolder()
    try folder.write("ratings.tsv", "user\titem\n" + (0..<20).map { "u\($0 % 5)\ti\($0 % 7)\n" }.joined())
    for name in ["text", "text-probe", "l3ae"] {
      let process = try DarecProcess(["baseline", name, "--data", folder.path])
      #expect(process.status == 65 && process.errors.contains("--item-embeddings"), "\(process.errors)")
    }
  }
}
