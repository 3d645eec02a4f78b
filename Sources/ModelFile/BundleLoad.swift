// Reading a model: structure first, then meaning, and only then a value.

import Files
import Numerics

#if canImport(Glibc)
  import Glibc
#endif

extension Bundle {
  /// Reads a bundle's directory into memory, or maps it.
  ///
  /// Mapped, nothing is copied: what every query needs (ids, training interactions, final vectors) is summed and
  /// compared with its checksum in the mapped pages now, every other part when it is first asked for. Tables of ids and
  /// titles are then taken as their writer has checked them. See Docs/ModelFormat.md, "Mapped".
  /// - Parameters:
  ///   - path: the directory.
  ///   - verify: whether checksums are required and compared; meaning is checked in any case.
  /// - Throws: `BundleError` naming the file and the tensor.
  ///   - mapped: map the tensors instead of reading them.
  package static func load(_ path: String, verify: Bool = true, mapped: Bool = false) throws(BundleError) -> Bundle {
    // A writer may exchange the directory between two of our reads. What was read then counts for nothing: it is read
    // again as long as the directory at the path is not the one that was there at the start.
    for _ in 0..<16 {
      let before = identity(path)
      let result = Result { () throws(BundleError) in try loadOnce(path, verify: verify, mapped: mapped) }
      if identity(path) == before { return try result.get() }
    }
    return try loadOnce(path, verify: verify, mapped: mapped)
  }

  private static func loadOnce(_ path: String, verify: Bool, mapped: Bool) throws(BundleError) -> Bundle {
    try checkDirectory(path)
    let file: SafetensorsFile
    do throws(SafetensorsError) {
      file = try SafetensorsFile(
        path: path + "/" + FileName.tensors, checksums: verify ? .required : .ignored,
        access: mapped ? .mapped : .whole,
        loop: { count, body in parallelFor(count, body) })
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
    let (userCount, itemCount) = (users.count, items.count)
    let nodes = userCount + itemCount
    let finalUsers = try reader.matrix("final.users", rows: users.count)
    let scoreParts = try reader.scoreParts(dimension: finalUsers.columns)
    let modelDimension = scoreParts.last { $0.source == .model }?.columns.upperBound ?? 0
    /// A part that is read now and checked with the rest, or in a mapped file both later.
    func part<Value: Sendable>(
      _ read: @escaping @Sendable () throws(BundleError) -> Value,
      _ check: @escaping @Sendable (Bundle, Value) throws(BundleError) -> Void
    ) throws(BundleError) -> LazyPart<Value> {
      guard file.isMapped else { return LazyPart(try read()) }
      return LazyPart { bundle throws(BundleError) in
        let value = try read()
        try check(bundle, value)
        return value
      }
    }
    func split(_ stem: String) throws(BundleError) -> LazyPart<CSRMatrix?> {
      guard reader.has(stem + ".columns") else { return LazyPart(nil) }
      guard !file.isMapped else {
        return LazyPart { _ throws(BundleError) in
          Bundle.nonempty(try reader.split(stem, users: userCount, items: itemCount).matrix)
        }
      }
      let stored = try reader.split(stem, users: userCount, items: itemCount)
      return LazyPart { _ in Bundle.nonempty(stored.matrix) }
    }
    /// A text embedding, widened when it is first asked for: most queries ask for none. Checks of a whole model have seen
    /// that it will be possible.
    func text(
      _ name: String, rows: Int, columns: Int?,
      _ check: @escaping @Sendable (Bundle, Matrix?) throws(BundleError) -> Void
    ) throws(BundleError) -> LazyPart<Matrix?> {
      let read = { @Sendable () throws(BundleError) -> Matrix? in
        reader.has(name) ? try reader.matrix(name, rows: rows) : nil
      }
      guard !file.isMapped, reader.hasFiniteHalves(name, rows: rows, columns: columns) else {
        return try part(read, check)
      }
      return LazyPart { bundle throws(BundleError) in
        let value = try read()
        try check(bundle, value)
        return value
      }
    }
    let userTextDerived = try reader.metadata("user_text_derived") == "true"
    let textColumns = file.tensor("text.items")?.shape.last
    let training = try reader.split("interactions", users: userCount, items: itemCount)
    let parts = Parts(
      interactions: LazyPart { _ in training.matrix },
      titles: try part(
        { () throws(BundleError) in
          reader.has("titles.item.utf8") ? try reader.table("titles.item", role: .titles) : nil
        }, { (bundle, titles) throws(BundleError) in try bundle.check(titles: titles) }),
      validation: try split("validation"), test: try split("test"),
      attribution: try part(
        { () throws(BundleError) in
          try reader.attribution(users: userCount, items: itemCount, dimension: modelDimension)
        }, { (bundle, attribution) throws(BundleError) in try bundle.check(attribution: attribution) }),
      propagation: try part(
        { () throws(BundleError) in try reader.propagation(items: itemCount) },
        { (bundle, propagation) throws(BundleError) in try bundle.check(propagation: propagation) }),
      components: try part(
        { () throws(BundleError) in try reader.components(nodes: nodes) },
        { (bundle, components) throws(BundleError) in try bundle.check(components: components) }),
      centres: try part(
        { () throws(BundleError) in try reader.centres() },
        { (bundle, centres) throws(BundleError) in try bundle.check(centres: centres) }),
      itemText: try text("text.items", rows: itemCount, columns: textColumns) { (bundle, text) throws(BundleError) in
        try bundle.check(itemText: text)
      },
      // Where users' texts contradict the rest, checking them now says so.
      userText: try text("text.users", rows: userCount, columns: userTextDerived ? -1 : textColumns) {
        (bundle, text) throws(BundleError) in
        try bundle.check(userText: text)
      })
    try self.init(
      name: reader.metadata("name"), configuration: configuration, metrics: metrics, users: users, items: items,
      training: training, finalUsers: finalUsers, finalItems: reader.matrix("final.items", rows: itemCount),
      scoreParts: scoreParts,
      userTextDerived: userTextDerived, trainingLogPath: trainingLogPath,
      fingerprint: file.header.metadata(SafetensorsFile.headerChecksumKey), parts: parts, splitsAreChecked: true,
      isMapped: file.isMapped)
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
private struct BundleReader: Sendable {
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

  /// True for a tensor of halves that will be a valid text embedding when it is widened.
  /// - Parameter columns: how many it must have; nil is never met.
  func hasFiniteHalves(_ name: String, rows: Int, columns: Int?) -> Bool {
    guard let tensor = file.tensor(name), tensor.type == .float16, tensor.shape.count == 2, tensor.shape[0] == rows,
      tensor.shape[1] == columns, (1...Bundle.Limits.textDimension).contains(tensor.shape[1]),
      let halves = try? file.buffer(tensor, of: UInt16.self)
    else { return false }
    return halves.withUnsafeBufferPointer { halves in
      var outside: UInt16 = 0
      for half in halves { outside |= half & 0x7C00 == 0x7C00 ? 1 : 0 }
      return outside == 0
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

  /// A table of strings; of a mapped file its checksums are verified, and what the writer has checked is not again.
  func table(_ name: String, role: StringTable.Role) throws(BundleError) -> StringTable {
    let bytes: SharedBuffer<UInt8>
    let offsets: SharedBuffer<Int>
    let order: SharedBuffer<Int32>
    do throws(SafetensorsError) {
      let text = try file.requiredTensor(name + ".utf8")
      guard text.type == .uint8 else { throw file.unexpected(text, "U8 [n]") }
      bytes = try file.buffer(text, of: UInt8.self)
      let ends = try file.requiredTensor(name + ".offsets")
      guard ends.type == .int64, ends.shape.count == 1 else { throw file.unexpected(ends, "I64 [n]") }
      offsets = try file.buffer(ends, of: Int.self)
      let sorted = try file.requiredTensor(name + ".order")
      guard sorted.type == .int32 else { throw file.unexpected(sorted, "I32") }
      order = try file.buffer(sorted, of: Int32.self)
    } catch { throw .tensors(error) }
    do throws(StringTableError) {
      return try StringTable(
        bytes: bytes, offsets: offsets, order: order, role: role, isChecked: !file.isMapped)
    } catch { throw .table(path: file.path, tensor: name, error) }
  }

  /// The four projected parts; nil when there are none.
  func components(nodes: Int) throws(BundleError) -> Components? {
    guard has("components.collaborative_shared") else { return nil }
    return Components(
      collaborativeShared: try matrix("components.collaborative_shared", rows: nodes),
      collaborativeSpecific: try matrix("components.collaborative_specific", rows: nodes),
      languageShared: try matrix("components.language_shared", rows: nodes),
      languageSpecific: try matrix("components.language_specific", rows: nodes))
  }

  /// The preference centres; nil when there are none.
  func centres() throws(BundleError) -> PreferenceCentres? {
    guard has("centres.collaborative") else { return nil }
    return PreferenceCentres(
      collaborative: try matrix("centres.collaborative"), language: try matrix("centres.language"),
      matching: try int32s("centres.matching"),
      collaborativeLabels: try int32s("centres.collaborative_labels"),
      languageLabels: try int32s("centres.language_labels"))
  }

  /// The interactions of a split, checked.
  func split(_ stem: String, users: Int, items: Int) throws(BundleError) -> StoredSplit {
    let rowStarts = try integers(stem + ".row_starts")
    let columns: SharedBuffer<Int32>
    do throws(SafetensorsError) {
      let tensor = try file.requiredTensor(stem + ".columns")
      guard tensor.type == .int32 else { throw file.unexpected(tensor, "I32") }
      columns = try file.buffer(tensor, of: Int32.self)
    } catch { throw .tensors(error) }
    try columns.withUnsafeBufferPointer { (columns) throws(BundleError) in
      try Bundle.checkInteractions(
        path: file.path, stem: stem, rowStarts: rowStarts, columns: columns, users: users, items: items)
    }
    var values: [Float]?
    if has(stem + ".values") {
      let stored: [Float]
      do throws(SafetensorsError) { stored = try file.floats(stem + ".values") } catch { throw .tensors(error) }
      guard stored.count == columns.count else {
        throw .shape(
          path: file.path, tensor: stem + ".values", expected: [columns.count], found: [stored.count])
      }
      try Bundle.checkValues(stored, path: file.path, tensor: stem + ".values")
      values = stored
    }
    return StoredSplit(users: users, items: items, rowStarts: rowStarts, columns: columns, values: values)
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
