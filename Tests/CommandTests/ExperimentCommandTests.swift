// darec experiment: killed at any moment and started again, it gives the same table.

import Files
import Foundation
import TestSupport
import Testing

@Suite struct ExperimentCommandTests {
  private let folder: TemporaryFolder
  private let plan: String

  init() throws {
    folder = try TemporaryFolder()
    let data = try #require(TrainedModel.shared).data
    plan = try folder.write(
      "plan.json",
      """
      {"schema": "darec/experiment-plan/1",
       "data": [{"name": "planted", "options": ["--data", "\(data)"]}],
       "training": {"epochs": 3, "batch_size": 500},
       "models": ["bprmf"], "alignments": ["none", "darec"], "baselines": ["popularity"], "seeds": [1, 2],
       "tuning": {"seeds": [1], "grids": {"darec": {"lambda": [0.1, 1]}}},
       "report": {"resamples": 200}}
      """)
  }

  private func arguments(_ name: String, _ more: [String] = []) -> [String] {
    ["experiment", plan, "--out", folder.path + "/" + name] + more
  }

  private func contents(_ name: String, _ file: String) throws -> String {
    String(decoding: try FileReader.contents(of: "\(folder.path)/\(name)/\(file)"), as: UTF8.self)
  }

  /// Starts the experiment and kills it without warning.
  private func killed(_ name: String, after seconds: Double) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: DarecProcess.path)
    process.arguments = arguments(name)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(seconds * 1e6))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  @Test func killedAndRestartedGivesTheSameTable() throws {
    let whole = try DarecProcess(arguments("whole", ["--jobs", "1"]))
    #expect(whole.status == 0, "\(whole.errors)")
    for (index, seconds) in [0.05, 0.15, 0.3].enumerated() {
      try killed("killed", after: seconds)
      // What a write that was cut short leaves behind.
      let path = folder.path + "/killed/runs.jsonl"
      if index == 1, let lines = try? FileReader.contents(of: path) {
        try folder.write("killed/runs.jsonl", lines + Array("{\"schema\":\"darec/exp".utf8))
      }
    }
    let resumed = try DarecProcess(arguments("killed", ["--jobs", "2"]))
    #expect(resumed.status == 0, "\(resumed.errors)")
    for file in ["table.md", "summary.json"] { #expect(try contents("killed", file) == contents("whole", file)) }
    #expect(resumed.output == whole.output)
    // Eight runs: two of tuning, two final ones of each of three rows; none of them twice.
    let ids = try contents("killed", "runs.jsonl").split(separator: "\n").compactMap {
      try JSONValue.parse(String($0))["id"]?.string
    }
    #expect(ids.count == 8 && Set(ids).count == 8)
    // With all runs finished nothing is run again.
    let again = try DarecProcess(arguments("killed"))
    #expect(again.errors.contains("0 of 8 runs to do"), "\(again.errors)")
    #expect(try FileReader.names(inDirectory: folder.path + "/killed/work").isEmpty)
  }

  @Test func aDryRunListsTheRunsAndRunsNone() throws {
    let process = try DarecProcess(arguments("dry", ["--dry-run"]))
    #expect(process.status == 0, "\(process.errors)")
    #expect(process.output.split(separator: "\n").count == 8)
    #expect(process.errors.contains("8 of 8 runs to do"))
    #expect(!FileReader.exists(folder.path + "/dry/runs.jsonl"))
  }

  @Test func interruptedSaysHowToGoOn() throws {
    let path = folder.path + "/interrupted/runs.jsonl"
    let process = try DarecProcess(arguments("interrupted"), interruptWhen: { FileReader.exists(path) })
    // On a fast machine all may be done before the signal comes.
    #expect([130, 0].contains(process.status))
    if process.status == 130 { #expect(process.errors.contains("go on with: darec experiment \(plan)")) }
    let table = try DarecProcess(arguments("interrupted", ["--table"]))
    #expect(table.status == 0 && table.output.contains("| bprmf | none |"), "\(table.errors)")
  }

  @Test func aDivergedRunIsAResult() throws {
    let text = String(decoding: try FileReader.contents(of: plan), as: UTF8.self)
    try folder.write(
      "plan.json", text.replacingOccurrences(of: "\"batch_size\": 500", with: "\"learning_rate\": 1e30"))
    let process = try DarecProcess(arguments("diverged"))
    #expect(process.status == 0, "\(process.errors)")
    #expect(process.output.contains("| bprmf | none (failed) |"))
    #expect(process.output.contains("training diverged"))
    let again = try DarecProcess(arguments("diverged"))
    #expect(again.errors.contains("0 of "), "\(again.errors)")
    let retried = try DarecProcess(arguments("diverged", ["--retry", "--dry-run"]))
    #expect(!retried.errors.contains("0 of "), "\(retried.errors)")
  }

  @Test func anotherExperimentInTheFolderIsRefused() throws {
    let name = folder.path + "/locked"
    try FileWriter.createDirectory(name)
    let lock = try #require(try PosixFileSystem().lock(name + "/.lock"))
    let process = try DarecProcess(arguments("locked"))
    #expect(process.status == 1 && process.errors.contains("another experiment is running"))
    PosixFileSystem().unlock(lock, path: name + "/.lock")
  }

  @Test func theExampleIsPrinted() throws {
    let process = try DarecProcess(["experiment", "--example"])
    #expect(process.status == 0 && process.output.contains("darec/experiment-plan/1"))
  }
}
