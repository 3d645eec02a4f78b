// Whose a folder is: files of somebody else are neither removed nor replaced, an interrupted start goes on.

import Experiments
import Files
import Interactions
import TestSupport
import Testing

@Suite struct ExperimentFolderTests {
  /// Ends a start after the folder has been looked at and before data is read.
  private struct Reached: Error {}

  private let planBytes = Array("{}".utf8)

  /// What a start in the folder says; nil when it got as far as to the data.
  private func refusal(_ path: String) throws -> ExperimentError? {
    do {
      _ = try ExperimentRunner(
        plan: try ExperimentPlan(json: ExamplePlan.json), planBytes: planBytes, folder: ExperimentFolder(path),
        options: ExperimentRunner.Options(), load: { _ in throw Reached() }, clock: { 0 })
    } catch let error as ExperimentError {
      return error
    } catch is Reached {}
    return nil
  }

  @Test(arguments: [
    "notes.txt", "table.md", "plan.json", "work/0123456789abcdef.txt", "work/thesis.json", "users/me", "runs.jsonl",
    "data.json",
  ])
  func filesOfSomebodyElseAreRefusedAndKept(name: String) throws {
    let folder = try TemporaryFolder()
    for part in ["work", "users"] { try FileWriter.createDirectory(folder.path + "/" + part) }
    let path = try folder.write(name, Array("{\"schema\": \"mine\"}\n".utf8))
    let error = try #require(try refusal(folder.path))
    #expect(error.exitStatus == Files.ExitStatus.usage)
    #expect(error.description.contains(folder.path) && error.description.contains("--out"))
    #expect(throws: ExperimentError.self) {
      _ = try ExperimentTables.write(
        plan: try ExperimentPlan(json: ExamplePlan.json), folder: ExperimentFolder(folder.path)
      ) { _ in throw Reached() }
    }
    #expect(String(decoding: try FileReader.contents(of: path), as: UTF8.self) == "{\"schema\": \"mine\"}\n")
    #expect(try FileReader.names(inDirectory: folder.path).contains("summary.json") == false)
  }

  @Test func aFileIsNoFolder() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("file", Array("text".utf8))
    let error = try #require(try refusal(path))
    #expect(error.exitStatus == Files.ExitStatus.usage && error.description.contains("is a file"))
  }

  @Test func inAnExperimentOnlyFilesOfRunsAreRemoved() throws {
    let folder = try TemporaryFolder()
    var options = PlantedDataOptions()
    options.users = 60
    options.items = 50
    options.interactions = 1_200
    _ = try PlantedData.write(to: folder.path + "/data", options: options)
    let data = try DataSet.load(DataSetOptions(folder: folder.path + "/data"))
    let experiment = ExperimentFolder(folder.path + "/experiment")
    func start() throws {
      _ = try ExperimentRunner(
        plan: try ExperimentPlan(json: ExamplePlan.json), planBytes: planBytes, folder: experiment,
        options: ExperimentRunner.Options(), load: { _ in data }, clock: { 0 })
    }
    try start()
    let kept = ["0123456789abcdef.txt", "0123456789abcdef0.log", "0123456789abcdeg.log", "notes.json"]
    for name in kept + ["0123456789abcdef.json", "0123456789abcdef.result", "0123456789abcdef.log"] {
      try folder.write("experiment/work/" + name, Array("text".utf8))
    }
    try start()
    #expect(try FileReader.names(inDirectory: experiment.path + "/work") == kept.sorted())
  }

  @Test func missingEmptyAndInterruptedFoldersAreUsed() throws {
    let folder = try TemporaryFolder()
    #expect(try refusal(folder.path + "/missing") == nil)
    #expect(try refusal(folder.path) == nil)
    for part in ["work", "users"] { try FileWriter.createDirectory(folder.path + "/" + part) }
    for name in [".lock", ".data.json.new-12-0", "work/0123456789abcdef.log"] { try folder.write(name, []) }
    try folder.write("plan.json", planBytes)
    #expect(try refusal(folder.path) == nil)
    try folder.write("plan.json", Array("{ }".utf8))
    #expect(try refusal(folder.path) != nil)
  }

  @Test(arguments: ["data.json": "darec/experiment-data/1", "runs.jsonl": "darec/experiment-run/1"])
  func anExperimentMayHoldOtherFilesToo(name: String, schema: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("notes.txt", Array("mine".utf8))
    try folder.write(name, Array("{\"schema\": \"\(schema)\"}\n".utf8))
    #expect(try refusal(folder.path) == nil)
  }
}
