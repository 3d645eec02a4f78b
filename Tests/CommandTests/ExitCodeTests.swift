// What the program does with wrong input: the exit code, and a message that names the file, the place and the remedy.

import Files
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ExitCodeTests {
  private func expect(
    _ arguments: [String], input: String = "", status: Int32, says parts: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let process = try DarecProcess(arguments, input: input)
    #expect(process.status == status, "\(arguments): \(process.errors)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(process.errors.contains(part), "\(arguments): \(process.errors)", sourceLocation: sourceLocation)
    }
  }

  @Test func wrongCommandLinesAre64() throws {
    let model = try #require(TrainedModel.shared).model
    try expect(["recomend"], status: 64, says: ["recommend"])
    try expect(["train"], status: 64, says: ["--out"])
    try expect(["train", "--out", "x"], status: 64, says: ["--data"])
    try expect(["train", "--data", "x", "--out", "x", "--set", "a"], status: 64, says: ["NAME=VALUE"])
    try expect(["train", "--nonsense"], status: 64)
    try expect(["evaluate", model, "--split", "later"], status: 64, says: ["validation"])
    try expect(["evaluate", model, "--format", "yaml"], status: 64)
    try expect(["recommend", model], status: 64, says: ["--users"])
    try expect(["recommend", model, "u1", "--top", "0"], status: 64)
    try expect(["similar", model, "thing", "u1"], status: 64, says: ["user or item"])
    try expect(["schema", "poem"], status: 64, says: ["explanation"])
    try expect(["bench", "nothing"], status: 64, says: ["gemm"])
    try expect([model, "--mode", "loud"], status: 64, says: ["jsonl"])
  }

  @Test func aFolderNamedLikeAVerbIsOpenedByItsPath() throws {
    let directory = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: directory.path + "/sample", withIntermediateDirectories: true)
    let hinted = try DarecProcess(["sample", "-c", "stats"], directory: directory.path)
    #expect(hinted.status == 64)
    #expect(
      hinted.errors.hasSuffix("darec: 'sample' is a verb; to open the model in the folder 'sample', write ./sample\n"))
    let plain = try DarecProcess(["schema", "-c", "stats"], directory: directory.path)
    #expect(plain.status == 64 && !plain.errors.contains("is a verb"))
  }

  @Test func missingFilesAre66() throws {
    let model = try #require(TrainedModel.shared).model
    let missing = try TemporaryFolder().path + "/nothing"
    try expect([missing], status: 66, says: [missing])
    try expect(["repl", missing], status: 66, says: [missing])
    try expect(["evaluate", missing], status: 66, says: [missing])
    try expect(["train", "--data", missing, "--out", missing + "-out"], status: 66, says: [missing])
    try expect(["train", "--interactions", missing, "--out", missing + "-out"], status: 66, says: [missing])
    try expect([model, "-f", missing], status: 66, says: [missing])
    try expect(["train", "--resume", "--out", missing], status: 66, says: ["checkpoint"])
  }

  @Test func unknownUsersAndItemsAre1WithNearMatches() throws {
    let model = try #require(TrainedModel.shared).model
    let user = try #require(try firstId(of: "ids.user", in: model))
    try expect([model, "-c", "recommend \(user)x"], status: 1, says: ["unknown user", user])
    try expect([model, "-c", "similar item nothing-like-it"], status: 1, says: ["unknown item"])
    try expect(["recommend", model, "\(user)x"], status: 1, says: ["near"])
  }

  @Test func aScriptStopsAtItsFirstErrorAndNamesTheLine() throws {
    let model = try #require(TrainedModel.shared).model
    let user = try #require(try firstId(of: "ids.user", in: model))
    let script = "recommend \(user)\nrecomend \(user)\nrecommend \(user)\n"
    let process = try DarecProcess([model, "--mode", "jsonl"], input: script)
    #expect(process.status == 1)
    #expect(process.errors.contains("<stdin>:2:") && process.errors.contains("recommend"))
    #expect(process.output.split(separator: "\n").count == 1)
    let going = try DarecProcess([model, "--mode", "jsonl", "--keep-going"], input: script)
    #expect(going.status == 1)
    #expect(going.output.split(separator: "\n").count == 2)
  }

  @Test func damagedModelsAre65() throws {
    let shared = try #require(TrainedModel.shared)
    let bytes = try FileReader.contents(of: shared.model + "/model.safetensors")
    for (name, damaged) in [
      ("cut", Array(bytes.dropLast(17))), ("flipped", flipped(bytes, at: bytes.count - 4_000)),
      ("header", flipped(bytes, at: 40)), ("empty", []),
    ] {
      let directory = try TemporaryFolder()
      let model = directory.path + "/" + name
      try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
      for file in ["config.json", "metrics.json", "train.jsonl"] {
        try FileManager.default.copyItem(atPath: shared.model + "/" + file, toPath: model + "/" + file)
      }
      try Data(damaged).write(to: URL(fileURLWithPath: model + "/model.safetensors"))
      try expect([model, "-c", "stats"], status: 65, says: ["model.safetensors"])
    }
  }

  private func flipped(_ bytes: [UInt8], at position: Int) -> [UInt8] {
    var copy = bytes
    copy[position] ^= 0x10
    return copy
  }

  @Test func badDataIs65AndNamesFileAndLine() throws {
    func train(_ files: [(String, String)], _ arguments: [String], says parts: [String]) throws {
      let directory = try TemporaryFolder()
      for (name, text) in files {
        try text.write(toFile: directory.path + "/" + name, atomically: false, encoding: .utf8)
      }
      let words = arguments.map { $0.hasPrefix("@") ? directory.path + "/" + $0.dropFirst() : $0 }
      try expect(["train", "--quiet", "--out", directory.path + "/model"] + words, status: 65, says: parts)
    }
    try train(
      [("r.csv", "user_id,item_id\nu1,i1\nu2\n")], ["--interactions", "@r.csv"], says: ["r.csv:3:"])
    try train(
      [("r.csv", "user_id,item_id,rating\nu1,i1,good\n")], ["--interactions", "@r.csv"], says: ["r.csv:2:", "rating"])
    try train(
      [("r.csv", "user_id,item_id\nu1,i1\n"), ("i.csv", "item_id,title\ni1,One\n"), ("v.npy", "not npy")],
      ["--interactions", "@r.csv", "--items", "@i.csv", "--item-embeddings", "@v.npy"], says: ["v.npy"])
  }

  @Test func embeddingsMustFitTheCatalogueAndBeFinite() throws {
    let directory = try TemporaryFolder()
    let interactions = directory.path + "/r.csv"
    let items = directory.path + "/items.csv"
    let ids = directory.path + "/ids.txt"
    let vectors = directory.path + "/v.npy"
    let rows = (0..<40).map { "u\($0 % 8),i\($0 % 5)" }
    try (["user_id,item_id"] + rows).joined(separator: "\n").write(
      toFile: interactions, atomically: false, encoding: .utf8)
    try "item_id\ni0\ni1\ni2\ni3\ni4\n".write(toFile: items, atomically: false, encoding: .utf8)
    func train(_ names: [String], _ values: [Float], status: Int32, says parts: [String]) throws {
      try names.joined(separator: "\n").write(toFile: ids, atomically: false, encoding: .utf8)
      try NpyFile.write(vectors, shape: [names.count, 2], values: values, dataType: .float32)
      try expect(
        [
          "train", "--quiet", "--interactions", interactions, "--items", items, "--item-embeddings", vectors,
          "--item-ids", ids,
          "--align", "darec", "--epochs", "1", "--out", directory.path + "/model",
        ], status: status, says: parts)
    }
    let good = ["i0", "i1", "i2", "i3", "i4"]
    let values: [Float] = [1, 0, 0, 1, 1, 1, -1, 0.5, 0.3, 0.2]
    try train(good, values, status: 0, says: [])
    try train(Array(good.dropLast()), Array(values.dropLast(2)), status: 65, says: ["i4"])
    try train(good + ["i9"], values + [1, 1], status: 65, says: ["i9"])
    var broken = values
    broken[5] = .nan
    try train(good, broken, status: 65, says: ["v.npy", "row"])
  }

  /// The first id of a table of a model, as the program prints it.
  private func firstId(of table: String, in model: String) throws -> String? {
    let file = try SafetensorsFile(path: model + "/model.safetensors")
    let offsets = try file.integers(table + ".offsets")
    let bytes = try file.bytes(table + ".utf8")
    guard offsets.count > 1 else { return nil }
    return String(decoding: bytes[offsets[0]..<offsets[1]], as: UTF8.self)
  }
}
