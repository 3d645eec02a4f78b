// Damaged and hostile bundles are refused, each with an error of its own; a failed save loses nothing.

import Files
import ModelFile
import Numerics
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct BundleDamageTests {
  private func load(_ bytes: [UInt8], checksums: SafetensorsFile.Checksums = .required) throws -> Bundle {
    let file: SafetensorsFile
    do { file = try SafetensorsFile(bytes: bytes, name: "memory", checksums: checksums) } catch {
      throw BundleError.tensors(error)
    }
    return try Bundle.load(tensors: file)
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try exampleBundle().tensorsFile().bytes()
    for length in 0..<bytes.count where (try? load(Array(bytes[..<length]))) != nil {
      Issue.record("accepted \(length) bytes")
    }
  }

  @Test func everyFlippedBitIsDetected() throws {
    let bytes = try exampleBundle().tensorsFile().bytes()
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 1 << (position % 8)
      if (try? load(damaged)) != nil { Issue.record("accepted a flipped bit at byte \(position)") }
    }
    for position in 0..<4_096 {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        if (try? load(damaged)) != nil { Issue.record("accepted bit \(bit) of header byte \(position)") }
      }
    }
  }

  /// Mutations below the checksums, which an attacker can recompute: refused or accepted, but never a trap.
  @Test func mutationsWithoutChecksumsNeverTrap() throws {
    let bytes = try exampleBundle().tensorsFile().bytes()
    let header = bytes[0..<8].enumerated().reduce(8) { $0 + Int($1.element) << (8 * $1.offset) }
    var random = SplitMix(state: 21)
    var accepted = 0
    for round in 0..<6_000 {
      var damaged = bytes
      if round % 3 == 0 {
        damaged = random.mutate(bytes)
      } else {
        // Changes in the data alone pass the header's checks and reach those of the meaning.
        for _ in 0...random.below(3) {
          damaged[header + random.below(bytes.count - header)] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      if (try? load(damaged, checksums: .ignored)) != nil { accepted += 1 }
    }
    #expect(accepted > 0)
  }

  /// A bundle's tensors, rewritten with one of them changed.
  private func changed(
    _ options: ExampleOptions = ExampleOptions(), metadata: [String: String?] = [:], dropping: String? = nil,
    _ replace: (String, inout SafetensorsWriter) -> Bool = { _, _ in false }
  ) throws -> [UInt8] {
    let file = try SafetensorsFile(bytes: exampleBundle(options).tensorsFile().bytes(), name: "memory")
    var writer = SafetensorsWriter()
    for entry in file.header.metadata
    where entry.key != SafetensorsFile.headerChecksumKey && entry.key != SafetensorsFile.tensorChecksumsKey {
      if let replacement = metadata[entry.key] {
        if let replacement { writer.metadata.append((entry.key, replacement)) }
      } else {
        writer.metadata.append((entry.key, entry.value))
      }
    }
    for tensor in file.header.tensors where tensor.name != dropping {
      if replace(tensor.name, &writer) { continue }
      var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
      try bytes.withUnsafeMutableBytes { try file.read(tensor, into: $0) }
      switch tensor.type.byteCount {
      case 8:
        let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
        writer.add(tensor.name, type: tensor.type, shape: tensor.shape, values: values)
      case 4:
        let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        writer.add(tensor.name, type: tensor.type, shape: tensor.shape, values: values)
      case 2:
        let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
        writer.add(tensor.name, type: tensor.type, shape: tensor.shape, values: values)
      default: writer.add(tensor.name, type: tensor.type, shape: tensor.shape, values: bytes)
      }
    }
    return writer.bytes()
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      _ = try load(bytes)
      return "accepted"
    } catch let error as BundleError {
      #expect(error.exitStatus == .badData)
      return error.description
    } catch {
      return "other error"
    }
  }

  @Test func theUnchangedRewriteIsAccepted() throws {
    #expect(message(try changed()) == "accepted")
  }

  @Test(arguments: [
    ("final.users", "must be a matrix [5, d]"), ("final.items", "must be a matrix [7, d]"),
    ("interactions.row_starts", "must have the shape [6]"), ("text.items", "must be a matrix [7, d]"),
    ("propagation.items", "must be a matrix [7, d]"), ("components.language_shared", "must be a matrix [12, d]"),
    ("attribution.own", "must be a matrix [5, 4]"),
    ("centres.matching", "must have the shape [2]"), ("centres.language_labels", "must have the shape [12]"),
    ("ids.user.order", "sorted order is wrong"), ("titles.item.offsets", "offset 0"),
    ("interactions.columns", "row_starts' does not ascend"),
  ])
  func aTensorOfAnotherShapeIsNamed(name: String, expected: String) throws {
    let found = message(
      try changed { tensor, writer in
        guard tensor == name else { return false }
        switch name {
        case "interactions.row_starts", "titles.item.offsets": writer.add(name, integers: [0, 1])
        case "interactions.columns", "ids.user.order": writer.add(name, int32s: [0])
        case "centres.matching", "centres.language_labels": writer.add(name, int32s: [0, 0, 0])
        default: writer.add(name, floats: [0, 0, 0], shape: [3, 1])
        }
        return true
      })
    #expect(found.contains(expected), "\(found)")
    #expect(found.contains(name) || name.hasPrefix("interactions") || name.hasPrefix("ids") || name.hasPrefix("titles"))
  }

  @Test(arguments: [
    ("final.users", Float.nan), ("final.items", .infinity), ("attribution.item_partial", -.infinity),
    ("propagation.items", .nan),
    ("components.collaborative_specific", .nan), ("centres.language", .infinity), ("text.users", .nan),
  ])
  func aNumberThatIsNotFiniteIsNamed(name: String, value: Float) throws {
    let file = try SafetensorsFile(bytes: exampleBundle().tensorsFile().bytes(), name: "memory")
    var values = try file.floats(name)
    values[5] = value
    let shape = try file.requiredTensor(name).shape
    let found = message(
      try changed { tensor, writer in
        guard tensor == name else { return false }
        writer.add(name, floats: values, shape: shape)
        return true
      })
    #expect(
      found.contains("'\(name)' is not a finite number at row \(5 / shape[1]), column \(5 % shape[1])"), "\(found)")
  }

  @Test(arguments: [
    ("interactions.columns", 0, Int32(-1), "must be in 0 ..< 7"), ("interactions.columns", 0, 7, "must be in 0 ..< 7"),
    ("interactions.columns", 1, 0, "does not ascend strictly"), ("centres.matching", 0, 2, "must be in 0 ..< 2"),
    ("centres.collaborative_labels", 3, -1, "must be in 0 ..< 2"), ("ids.item.order", 2, 99, "sorted order is wrong"),
    ("ids.item.order", 0, 1, "sorted order is wrong"), ("titles.item.order", 0, 2, "sorted order is wrong"),
  ])
  func anIndexOutOfRangeIsNamed(name: String, position: Int, value: Int32, expected: String) throws {
    let file = try SafetensorsFile(bytes: exampleBundle().tensorsFile().bytes(), name: "memory")
    var values = try file.int32s(name)
    values[position] = value
    let found = message(
      try changed { tensor, writer in
        guard tensor == name else { return false }
        writer.add(name, int32s: values)
        return true
      })
    #expect(found.contains(expected), "\(found)")
  }

  @Test(
    arguments: [
      ("format", "darec/bundle/2", "has the format 'darec/bundle/2'"), ("format", nil, "without the entry 'format'"),
      ("name", nil, "'name' is missing"), ("name", "../x", "is not a model name"),
      ("attribution", "magic", "unknown value 'magic'"), ("attribution", nil, "'attribution' is missing"),
      ("configuration", "{", "is not JSON"), ("configuration", nil, "'configuration' is missing"),
      ("user_text_derived", "true", "contradicts"), ("propagation", "magic 3", "unknown value 'magic 3'"),
      ("propagation", "sum", "unknown value 'sum'"),
      ("propagation", "sum 3 self-loops", "which a sum of layers has not"),
      ("propagation", "sum 65", "at most 64"), ("propagation", "sum -1", "at most 64"),
      ("propagation", "concatenation 2", "do not divide 4 columns"),
      ("attribution", "none", "needs 'attribution.own'"),
    ] as [(String, String?, String)])
  func metadataIsChecked(key: String, value: String?, expected: String) throws {
    let found = message(try changed(metadata: [key: value]))
    #expect(found.contains(expected), "\(found)")
  }

  @Test(arguments: ["nan", "0", "-1", "inf", "x"])
  func theRegularizationMustBePositive(text: String) throws {
    var options = ExampleOptions()
    options.attribution = "representation"
    #expect(message(try changed(options, metadata: ["regularization": text])).contains("'regularization'"))
  }

  @Test(arguments: [
    "final.users", "final.items", "interactions.columns", "ids.user.utf8", "ids.item.order", "attribution.own",
    "components.language_specific", "centres.matching", "titles.item.order", "propagation.items",
  ])
  func aMissingTensorIsNamed(name: String) throws {
    let found = message(try changed(dropping: name))
    #expect(found.contains("has no tensor '\(name)'"), "\(found)")
  }

  @Test func otherPathsSayWhatTheyAre() throws {
    func failure(_ path: String) -> (String, Files.ExitStatus?) {
      do {
        _ = try Bundle.load(path)
        return ("accepted", nil)
      } catch { return (error.description, error.exitStatus) }
    }
    let folder = try TemporaryFolder()
    #expect(failure(folder.path + "/none").1 == .missingInput)
    #expect(failure(folder.path).0.contains("has no model.safetensors"))
    try folder.write("train.tsv", "")
    #expect(failure(folder.path).0.contains("data folder"))
    try folder.write("trn_mat.pkl", "")
    #expect(failure(folder.path).0.contains("RLMRec"))
    #expect(failure(folder.path + "/train.tsv").0.contains("is a file"))
    #expect(failure(folder.path).1 == .badData)
    #expect(mkfifo(folder.path + "/model.safetensors", 0o600) == 0)
    #expect(failure(folder.path).0.contains("not a regular file"))
    try exampleBundle().save(to: folder.path + "/m")
    try folder.write("m/config.json", "{\"seed\": 8}\n")
    #expect(failure(folder.path + "/m").0.contains("differs from the configuration"))
  }

  @Test func everyFlippedBitOfTheMetricsIsDetected() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/m"
    try exampleBundle().save(to: path, fileSystem: UnsynchronizedFileSystem())
    let metrics = try FileReader.contents(of: path + "/metrics.json")
    for position in metrics.indices {
      var damaged = metrics
      damaged[position] ^= 1 << (position % 8)
      try folder.write("m/metrics.json", damaged)
      let error = #expect(throws: BundleError.self) { try Bundle.load(path) }
      #expect(error?.exitStatus == .badData)
      #expect(error?.description.contains("/m/metrics.json is missing or differs") == true)
    }
    #expect(unlink(path + "/metrics.json") == 0)
    #expect(throws: BundleError.self) { try Bundle.load(path) }
    try folder.write("m/metrics.json", metrics)
    _ = try Bundle.load(path)
  }

  @Test func filesBesideAModelSurviveAKilledSave() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a/m"
    try Bundle.saveBeside("checkpoint/state", bytes: [1, 2], inBundle: path)
    #expect(try FileReader.contents(of: path + "/checkpoint/state") == [1, 2])
    try exampleBundle().save(to: path, fileSystem: UnsynchronizedFileSystem())
    // As a process that was killed after the exchange leaves it; no process has this number.
    let old = folder.path + "/a/.m.new-5000000-1"
    #expect(mkdir(old, 0o755) == 0 && rename(path + "/checkpoint", old + "/checkpoint") == 0)
    try Bundle.recover(path)
    #expect(try FileReader.contents(of: path + "/checkpoint/state") == [1, 2])
    #expect(try FileReader.names(inDirectory: folder.path + "/a") == ["m"])
    _ = try Bundle.load(path)
  }

  @Test func invalidPartsCannotBecomeABundle() throws {
    func build(_ change: (inout ExampleOptions) -> Void, name: String, users: Matrix?, text: Matrix?) throws {
      var options = ExampleOptions()
      change(&options)
      let bundle = try exampleBundle(options)
      _ = try Bundle(
        name: name, configuration: .null, users: bundle.users, items: bundle.items, interactions: bundle.interactions,
        finalUsers: users ?? bundle.finalUsers, finalItems: bundle.finalItems, itemText: text)
    }
    for name in ["", ".hidden", "a/b", "a b", String(repeating: "x", count: 65), "é"] {
      #expect(throws: BundleError.self) { try build({ _ in }, name: name, users: nil, text: nil) }
    }
    #expect(throws: BundleError.self) { try build({ _ in }, name: "m", users: Matrix(rows: 4, columns: 4), text: nil) }
    #expect(throws: BundleError.self) { try build({ _ in }, name: "m", users: Matrix(rows: 5, columns: 3), text: nil) }
    // A half cannot hold this.
    let large = Matrix(rows: 7, columns: 2)
    large[6, 1] = 65_520
    #expect(throws: BundleError.self) { try build({ _ in }, name: "m", users: nil, text: large) }
    large[6, 1] = 65_519
    try build({ _ in }, name: "m", users: nil, text: large)
  }

  @Test func aFullDiskLeavesTheOldModel() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/m"
    try exampleBundle().save(to: path)
    let before = try contents(ofDirectory: path)
    let large = try exampleBundle(ExampleOptions(users: 200, items: 200, dimension: 16))
    let error = #expect(throws: BundleError.self) {
      try large.save(to: path, fileSystem: UnsynchronizedFileSystem(limit: 4_096))
    }
    #expect(error?.description.contains("what was saved before is unchanged") == true)
    #expect(try contents(ofDirectory: path) == before)
    #expect(try FileReader.names(inDirectory: folder.path) == ["m"])
    _ = try Bundle.load(path)
  }

  @Test func readersOfAModelThatIsBeingReplacedSeeAWholeOne() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/m"
    let first = try exampleBundle(ExampleOptions(seed: 1))
    let second = try exampleBundle(ExampleOptions(seed: 2))
    let quick = UnsynchronizedFileSystem()
    try first.save(to: path, fileSystem: quick)
    let expected = [first.finalUsers.values, second.finalUsers.values]
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<3 {
        group.addTask {
          for _ in 0..<60 {
            let values = try Bundle.load(path).finalUsers.values
            if !expected.contains(values) { return 1 }
          }
          return 0
        }
      }
      group.addTask {
        for round in 0..<60 { try (round % 2 == 0 ? second : first).save(to: path, fileSystem: quick) }
        return 0
      }
      for try await strange in group { #expect(strange == 0) }
    }
    #expect(try FileReader.names(inDirectory: folder.path) == ["m"])
  }
}
