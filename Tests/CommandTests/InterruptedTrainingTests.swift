// Ctrl-C in training: a checkpoint, exit code 130, and the same model after resuming.

import Files
import Foundation
import TestSupport
import Testing

@Suite struct InterruptedTrainingTests {
  @Test(arguments: [0.15, 0.4, 0.8])
  func interruptedAndResumedGivesTheModelOfAnUndisturbedRun(seconds: Double) throws {
    let data = try #require(TrainedModel.shared).data
    let folder = try TemporaryFolder()
    func arguments(_ run: String) -> [String] {
      [
        "train", "--data", data, "--align", "darec", "--epochs", "40", "--batch-size", "150", "--patience", "1000",
        "--quiet", "--out", folder.path + "/" + run + "/model",
      ]
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: DarecProcess.path)
    process.arguments = arguments("interrupted")
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(seconds * 1e6))
    process.interrupt()
    process.waitUntilExit()
    // On a fast machine the run may have ended before the signal came.
    #expect([130, 0].contains(process.terminationStatus))
    #expect(process.terminationReason == .exit)
    let model = folder.path + "/interrupted/model"
    if process.terminationStatus == 130 {
      #expect(FileReader.exists(model + "/checkpoint/state.safetensors"))
      #expect(!FileReader.exists(model + "/model.safetensors"))
      let resumed = try DarecProcess(["train", "--resume", "--quiet", "--out", model])
      #expect(resumed.status == 0, "\(resumed.errors)")
    }
    let whole = try DarecProcess(arguments("whole"))
    #expect(whole.status == 0, "\(whole.errors)")
    let bytes = try ["interrupted", "whole"].map {
      try FileReader.contents(of: folder.path + "/\($0)/model/model.safetensors")
    }
    #expect(bytes[0] == bytes[1])
  }
}
