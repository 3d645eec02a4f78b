// The same model bytes from separate processes: threads, resume, weight 0.

import Files
import TestSupport
import Testing

@Suite struct ReproducibilityTests {
  private func modelBytes(_ directory: String) throws -> [UInt8] {
    try FileReader.contents(of: directory + "/model.safetensors")
  }

  /// Trains into a fresh directory; the last path component, which is part of the model, is the same every time.
  private func train(_ arguments: [String], in directory: TemporaryFolder, run: String) throws -> String {
    let data = try #require(TrainedModel.shared).data
    let out = directory.path + "/" + run + "/model"
    let process = try DarecProcess(["train", "--data", data, "--quiet", "--out", out] + arguments)
    #expect(process.status == 0, "\(process.errors)")
    return out
  }

  @Test(arguments: ["none", "darec"])
  func oneAndTwoThreadsGiveTheSameFile(alignment: String) throws {
    let directory = try TemporaryFolder()
    let arguments = ["--align", alignment, "--epochs", "4", "--batch-size", "500"]
    let one = try modelBytes(try train(arguments + ["--threads", "1"], in: directory, run: "one"))
    let two = try modelBytes(try train(arguments + ["--threads", "2"], in: directory, run: "two"))
    #expect(one == two)
  }

  @Test func twoEpochsResumedForTwoMoreEqualFour() throws {
    let directory = try TemporaryFolder()
    let arguments = ["--align", "darec", "--batch-size", "500"]
    let four = try train(arguments + ["--epochs", "4"], in: directory, run: "four")
    let two = try train(arguments + ["--epochs", "2"], in: directory, run: "two")
    let resumed = try DarecProcess(["train", "--resume", "--epochs", "4", "--quiet", "--out", two])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try modelBytes(two) == modelBytes(four))
  }

  @Test func weightZeroGivesTheBaseModelsVectors() throws {
    let directory = try TemporaryFolder()
    let arguments = ["--epochs", "4", "--minimum-epochs", "0"]
    let base = try train(arguments + ["--align", "none"], in: directory, run: "base")
    let zero = try train(
      arguments + ["--align", "darec", "--score", "final", "--lambda", "0"], in: directory, run: "zero")
    let left = try SafetensorsFile(path: base + "/model.safetensors")
    let right = try SafetensorsFile(path: zero + "/model.safetensors")
    for name in ["final.users", "final.items", "attribution.own", "attribution.item_partial"] {
      #expect(try left.bytesOfTensor(name) == right.bytesOfTensor(name), "\(name)")
    }
  }
}

extension SafetensorsFile {
  /// The stored bytes of a tensor of any type.
  fileprivate func bytesOfTensor(_ name: String) throws -> [UInt8] {
    let tensor = try requiredTensor(name)
    var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
    try bytes.withUnsafeMutableBytes { try read(tensor, into: $0) }
    return bytes
  }
}
