// Reading a model: structure first, then meaning, and only then a value.

import Files
import Numerics

#if canImport(Glibc)
  import Glibc
#endif

extension Bundle {
  /// Reads a bundle's directory into memory.
  /// - Parameters:
  ///   - path: the directory.
  ///   - verify: whether checksums are required and compared; meaning is checked in any case.
  /// - Throws: `BundleError` naming the file and the tensor.
  package static func load(_ path: String, verify: Bool = true) throws(BundleError) -> Bundle {
    // A writer may exchange the directory between two of our reads. What was read then counts for nothing: it is read
    // again as long as the directory at the path is not the one that was there at the start.
    for _ in 0..<16 {
      let before = identity(path)
      let result = Result { () throws(BundleError) in try loadOnce(path, verify: verify) }
      if identity(path) == before { return try result.get() }
    }
    return try loadOnce(path, verify: verify)
  }

  private static func loadOnce(_ path: String, verify: Bool) throws(BundleError) -> Bundle {
    try checkDirectory(path)
    let file: SafetensorsFile
    do throws(SafetensorsError) {
      file = try SafetensorsFile(
        path: path + "/" + FileName.tensors, checksums: verify ? .required : .ignored)
    } catch { throw .tensors(error) }
    let configuration = try configuration(of: file)
    guard try json(path + "/" + FileName.configuration) == configuration else {
      throw .configurationDiffers(path: path)
    }
    let metricsPath = path + "/" + FileName.metrics
    let logPath = path + "/" + FileName.trainingLog
    return try Bundle(
      reading: file, configuration: configuration,
      metrics: try metrics(metricsPath, checksum: verify ? file.header.metadata(metricsChecksumKey) : nil),
      trainingLogPath: FileReader.exists(logPath) ? logPath : nil)
  }

  /// The final evaluation; bundles of before its checksum was kept may be without it.
  private static func metrics(_ path: String, checksum: String?) throws(BundleError) -> JSONValue {
    guard let checksum else { return FileReader.exists(path) ? try json(path) : .null }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileReader.contents(of: path) } catch {
      // The directory is there, so what is missing is a part of it.
      if case .missing = error { throw .differs(path: path) }
      throw .file(error)
    }
    guard CRC32C.text(CRC32C.checksum(bytes)) == checksum else { throw .differs(path: path) }
    return try json(path)
  }

  private static func json(_ path: String) throws(BundleError) -> JSONValue {
    do throws(FileError) { return try JSONValue.read(path) } catch { throw .file(error) }
  }

  /// Which directory is at a path; nil when there is none.
  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }

  /// Reads a bundle from its tensors file alone, which holds everything but metrics and log.
  package static func load(tensors file: SafetensorsFile) throws(BundleError) -> Bundle {
    try Bundle(reading: file, configuration: try configuration(of: file), metrics: .null, trainingLogPath: nil)
  }

  private init(
    reading file: SafetensorsFile, configuration: JSONValue, metrics: JSONValue, trainingLogPath: String?
  ) throws(BundleError) {
    let reader = BundleReader(file: file)
    let users = try reader.table("ids.user", role: .identifiers)
    let items = try reader.table("ids.item", role: .identifiers)
    let nodes = users.count + items.count
    let finalUsers = try reader.matrix("final.users", rows: users.count)
    let scoreParts = try reader.scoreParts(dimension: finalUsers.columns)
    let modelDimension = scoreParts.last { $0.source == .model }?.columns.upperBound ?? 0
    let components =
      try reader.has("components.collaborative_shared")
      ? Components(
        collaborativeShared: reader.matrix("components.collaborative_shared", rows: nodes),
        collaborativeSpecific: reader.matrix("components.collaborative_specific", rows: nodes),
        languageShared: reader.matrix("components.language_shared", rows: nodes),
        languageSpecific: reader.matrix("components.language_specific", rows: nodes)) : nil
    let centres =
      try reader.has("centres.collaborative")
      ? PreferenceCentres(
        collaborative: reader.matrix("centres.collaborative"), language: reader.matrix("centres.language"),
        matching: reader.int32s("centres.matching"),
        collaborativeLabels: reader.int32s("centres.collaborative_labels"),
        languageLabels: reader.int32s("centres.language_labels")) : nil
    try self.init(
      name: reader.metadata("name"), configuration: configuration, metrics: metrics, users: users, items: items,
      titles: reader.has("titles.item.utf8") ? reader.table("titles.item", role: .titles) : nil,
      interactions: reader.split("interactions", users: users.count, items: items.count),
      validation: reader.has("validation.columns")
        ? reader.split("validation", users: users.count, items: items.count) : nil,
      test: reader.has("test.columns") ? reader.split("test", users: users.count, items: items.count) : nil,
      finalUsers: finalUsers,
      finalItems: reader.matrix("final.items", rows: items.count), scoreParts: scoreParts,
      attribution: reader.attribution(users: users.count, items: items.count, dimension: modelDimension),
      propagation: reader.propagation(items: items.count), components: components, centres: centres,
      itemText: reader.has("text.items") ? reader.matrix("text.items", rows: items.count) : nil,
      userText: reader.has("text.users") ? reader.matrix("text.users", rows: users.count) : nil,
      userTextDerived: reader.metadata("user_text_derived") == "true", trainingLogPath: trainingLogPath,
      fingerprint: file.header.metadata(SafetensorsFile.headerChecksumKey))
  }

  /// Checks the format and parses the configuration stored with the tensors.
  private static func configuration(of file: SafetensorsFile) throws(BundleError) -> JSONValue {
    guard let format = file.header.metadata("format"), format == Self.format else {
      throw .format(path: file.path, found: file.header.metadata("format").map { String($0.prefix(64)) })
    }
    guard let text = file.header.metadata("configuration") else {
      throw .metadata(path: file.path, key: "configuration", problem: "is missing")
    }
    do throws(JSONError) { return try JSONValue.parse(text) } catch {
      throw .metadata(path: file.path, key: "configuration", problem: "is not JSON: \(error)")
    }
  }

  /// Says what a path without a bundle is, so that the message can say what to do.
  private static func checkDirectory(_ path: String) throws(BundleError) {
    guard FileReader.exists(path) else { throw .missing(path: path) }
    guard FileReader.isDirectory(path) else { throw .notADirectory(path: path) }
    if FileReader.exists(path + "/" + FileName.tensors) { return }
    let hint: String
    if FileReader.exists(path + "/trn_mat.pkl") {
      hint = "it holds RLMRec data (trn_mat.pkl), which is input for training: convert it, then `darec train --data`"
    } else if FileReader.exists(path + "/checkpoint") {
      hint = "it holds a checkpoint of a training run that has not finished; resume the run to get a model"
    } else if FileReader.exists(path + "/train.tsv") || FileReader.exists(path + "/train.txt")
      || FileReader.exists(path + "/interactions.csv")
    {
      hint = "it looks like a data folder; train a model with `darec train --data \(path) --out Models/NAME`"
    } else {
      hint = "it has no \(FileName.tensors)"
    }
    throw .notABundle(path: path, hint: hint)
  }
}

/// Reads the parts of a bundle from its tensors file and turns every error into a `BundleError`.
private struct BundleReader {
  let file: SafetensorsFile

  func has(_ tensor: String) -> Bool { file.tensor(tensor) != nil }

  func metadata(_ key: String) throws(BundleError) -> String {
    guard let value = file.header.metadata(key) else {
      throw .metadata(path: file.path, key: key, problem: "is missing")
    }
    return value
  }

  func matrix(_ name: String, rows: Int? = nil, columns: Int? = nil) throws(BundleError) -> Matrix {
    do throws(SafetensorsError) { return try file.matrix(name, rows: rows, columns: columns) } catch {
      throw .tensors(error)
    }
  }

  func int32s(_ name: String) throws(BundleError) -> [Int32] {
    do throws(SafetensorsError) { return try file.int32s(name) } catch { throw .tensors(error) }
  }

  func integers(_ name: String) throws(BundleError) -> [Int] {
    do throws(SafetensorsError) {
      let tensor = try file.requiredTensor(name)
      guard tensor.type == .int64, tensor.shape.count == 1 else { throw file.unexpected(tensor, "I64 [n]") }
      return try file.integers(name)
    } catch { throw .tensors(error) }
  }

  func table(_ name: String, role: StringTable.Role) throws(BundleError) -> StringTable {
    let bytes: [UInt8]
    do throws(SafetensorsError) {
      let tensor = try file.requiredTensor(name + ".utf8")
      guard tensor.type == .uint8 else { throw file.unexpected(tensor, "U8 [n]") }
      bytes = try file.bytes(name + ".utf8")
    } catch { throw .tensors(error) }
    let offsets = try integers(name + ".offsets")
    let order = try int32s(name + ".order")
    do throws(StringTableError) {
      return try StringTable(bytes: bytes, offsets: offsets, order: order, role: role)
    } catch { throw .table(path: file.path, tensor: name, error) }
  }

  func split(_ stem: String, users: Int, items: Int) throws(BundleError) -> CSRMatrix {
    let rowStarts = try integers(stem + ".row_starts")
    let columns = try int32s(stem + ".columns")
    try Bundle.checkInteractions(
      path: file.path, stem: stem, rowStarts: rowStarts, columns: columns, users: users, items: items)
    var values = [Float](repeating: 1, count: columns.count)
    if has(stem + ".values") {
      do throws(SafetensorsError) { values = try file.floats(stem + ".values") } catch { throw .tensors(error) }
      guard values.count == columns.count else {
        throw .shape(
          path: file.path, tensor: stem + ".values", expected: [columns.count], found: [values.count])
      }
    }
    return CSRMatrix(rows: users, columns: items, rowStarts: rowStarts, columnIndices: columns, values: values)
  }

  /// The encoder's recipe; nil in a bundle without one.
  func propagation(items: Int) throws(BundleError) -> PropagationRecipe? {
    guard let text = file.header.metadata("propagation") else { return nil }
    guard let known = PropagationRecipe.parsed(text) else {
      throw .metadata(path: file.path, key: "propagation", problem: "has the unknown value '\(text.prefix(32))'")
    }
    return PropagationRecipe(
      layers: known.layers, combination: known.combination, hasSelfLoops: known.hasSelfLoops,
      items: known.combination == .sum ? try matrix("propagation.items", rows: items) : nil)
  }

  /// What the columns of the final vectors stand for; a file that does not say has one part.
  func scoreParts(dimension: Int) throws(BundleError) -> [ScorePart] {
    guard let text = file.header.metadata("score_parts") else { return ScorePart.undivided(dimension) }
    guard let parts = ScorePart.parse(text) else {
      throw .metadata(
        path: file.path, key: "score_parts",
        problem: "is not a list of name:columns:source with source model or history")
    }
    return parts
  }

  func attribution(users: Int, items: Int, dimension: Int) throws(BundleError) -> Attribution {
    let name = try metadata("attribution")
    switch name {
    case "propagation":
      return .propagation(
        own: try matrix("attribution.own", rows: users, columns: dimension),
        itemPartial: try matrix("attribution.item_partial", rows: items, columns: dimension))
    case "representation":
      guard let value = Double(try metadata("regularization")) else {
        throw .metadata(path: file.path, key: "regularization", problem: "is not a number")
      }
      return .representation(regularization: value)
    case "none": return .none
    default: throw .metadata(path: file.path, key: "attribution", problem: "has the unknown value '\(name.prefix(32))'")
    }
  }
}
