// darec report from the command line: where the page goes and how the process ends.

import Files
import TestSupport
import Testing

@Suite struct ReportCommandTests {
  @Test func thePageIsTheSameInAFileAndOnStandardOutput() throws {
    let model = try #require(TrainedModel.shared).model
    let folder = try TemporaryFolder()
    let path = folder.path + "/page.html"
    let words = ["report", model, "--map", "pca", "--points", "60"]
    let file = try DarecProcess(words + ["--out", path])
    #expect(file.status == 0, "\(file.errors)")
    let output = try DarecProcess(words + ["--threads", "1", "--out", "-"])
    #expect(try FileReader.contents(of: path) == Array(output.output.utf8))
    #expect(output.output.hasPrefix("<!DOCTYPE html>") && !output.output.contains(folder.path))
  }

  @Test func wrongUseHasTheDesignedExitCodes() throws {
    let model = try #require(TrainedModel.shared).model
    let folder = try TemporaryFolder()
    let out = folder.path + "/page.html"
    for (words, status, part) in [
      ([model], 64, "--out"), ([model, "--out", out, "--map", "sphere"], 64, "tsne"),
      ([model, "--out", out, "--points", "100000"], 64, "--points"),
      ([folder.path + "/none", "--out", out], 66, "none"), ([folder.path, "--out", out], 65, "not a model"),
      ([model, "--out", folder.path + "/none/page.html"], 1, "none"),
    ] as [([String], Int32, String)] {
      let process = try DarecProcess(["report"] + words)
      #expect(process.status == status && process.errors.contains(part), "\(words): \(process.errors)")
      #expect(!FileReader.exists(out))
    }
  }

  @Test func anExperimentsFolderIsRecognised() throws {
    let folder = try TemporaryFolder()
    try folder.write("plan.json", "{}")
    let early = try DarecProcess(["report", folder.path, "--out", "-"])
    #expect(early.status == 65 && early.errors.contains("no summary"))
    try folder.write("summary.json", "{\"schema\":\"darec/experiment-summary/1\",\"data\":[],\"rows\":[]}")
    let page = try DarecProcess(["report", folder.path, "--out", "-"])
    #expect(page.status == 0 && page.output.contains("</html>"), "\(page.errors)")
  }
}
