// Writing a model: the same content gives the same bytes, and a reader never sees half of it.

import Files
import Numerics

extension Bundle {
  /// The format's name and major version, as in the metadata of `model.safetensors`.
  package static let format = "darec/bundle/1"

  /// The metadata entry that holds the CRC32C of `metrics.json`.
  static let metricsChecksumKey = "metrics_crc32c"

  /// Names of the files in a bundle's directory.
  package enum FileName {
    /// All tensors.
    package static let tensors = "model.safetensors"
    /// What the training run was configured with.
    package static let configuration = "config.json"
    /// The final evaluation.
    package static let metrics = "metrics.json"
    /// One JSON record a line: run, epochs, end.
    package static let trainingLog = "train.jsonl"
    /// The model card.
    package static let card = "README.md"
    /// All of them.
    package static let all = [tensors, configuration, metrics, trainingLog, card]
  }

  /// Writes a file that lies in a bundle's directory without being part of the bundle, such as a checkpoint.
  ///
  /// It waits while another process replaces the directory, so that the file cannot end in the one that goes.
  /// - Parameters:
  ///   - name: path below the directory; its folders are created.
  ///   - bytes: the contents; they appear at once or not at all.
  ///   - path: the bundle's directory, which is created.
  package static func saveBeside(_ name: String, bytes: [UInt8], inBundle path: String) throws {
    try saveBeside(name, inBundle: path) { (file) throws(AtomicReplaceError) in
      try AtomicReplace.file(at: file, bytes: bytes)
    }
  }

  /// The same for tensors, which are written from where they lie.
  package static func saveBeside(_ name: String, tensors: SafetensorsWriter, inBundle path: String) throws {
    try saveBeside(name, inBundle: path) { (file) throws(AtomicReplaceError) in try tensors.write(toFile: file) }
  }

  private static func saveBeside(
    _ name: String, inBundle path: String, write: (String) throws(AtomicReplaceError) -> Void
  ) throws {
    if !FileReader.isDirectory(path) { try FileWriter.createDirectory(path) }
    try AtomicReplace.whileNotReplaced(directory: path, known: FileName.all) { () throws(AtomicReplaceError) in
      let file = path + "/" + name
      do throws(FileError) { try FileWriter.createDirectory(AtomicReplace.parent(of: file)) } catch {
        throw .notCreated(error)
      }
      try write(file)
    }
  }

  /// Puts back what a process that died while saving left beside the directory, such as its checkpoint.
  ///
  /// Every save does this too; it is for readers of such files.
  package static func recover(_ path: String) throws(AtomicReplaceError) {
    try AtomicReplace.whileNotReplaced(directory: path, known: FileName.all) { () throws(AtomicReplaceError) in }
  }

  /// Writes the bundle's directory, replacing an older one in one step.
  ///
  /// Files of the older directory that are not part of a bundle, and the notes of its model card, are kept.
  /// - Parameters:
  ///   - path: the directory.
  ///   - trainingLog: the contents of `train.jsonl`.
  /// - Throws: `BundleError`; the older directory is then unchanged.
  package func save(
    to path: String, trainingLog: [UInt8] = [], fileSystem: any FileSystem = PosixFileSystem()
  ) throws(BundleError) {
    var writer = try tensorsFile()
    let metricsBytes = try json(metrics, .pretty) + [0x0A]
    // metrics.json is part of what a damaged copy must not pass for: its checksum lies under the header's.
    writer.metadata.append((Self.metricsChecksumKey, CRC32C.text(CRC32C.checksum(metricsBytes))))
    let notes = ModelCard.notes(inDirectory: path)
    let files = [
      AtomicReplace.DirectoryFile(name: FileName.tensors, byteCount: writer.byteCount) { sink throws(SystemError) in
        try writer.write(to: sink)
      },
      .init(name: FileName.configuration, bytes: try json(configuration, .pretty) + [0x0A]),
      .init(name: FileName.metrics, bytes: metricsBytes),
      .init(name: FileName.trainingLog, bytes: trainingLog),
      .init(name: FileName.card, bytes: Array(ModelCard.text(of: self, notes: notes).utf8)),
    ]
    do throws(AtomicReplaceError) {
      try AtomicReplace.directory(at: path, files: files, fileSystem: fileSystem)
    } catch { throw .save(error) }
  }

  /// The contents of `model.safetensors`.
  ///
  /// No time, path or machine is in it.
  package func tensorsFile() throws(BundleError) -> SafetensorsWriter {
    var writer = SafetensorsWriter()
    writer.metadata = [
      ("format", Self.format), ("name", name), ("attribution", attribution.name),
      ("user_text_derived", userTextDerived ? "true" : "false"),
    ]
    if scoreParts != ScorePart.undivided(dimension) {
      writer.metadata.append(("score_parts", ScorePart.text(scoreParts)))
    }
    if case .representation(let regularization) = attribution {
      writer.metadata.append(("regularization", "\(regularization)"))
    }
    if let propagation { writer.metadata.append(("propagation", propagation.text)) }
    writer.metadata.append(("configuration", String(decoding: try json(configuration, .compact), as: UTF8.self)))
    writer.add("final.users", matrix: finalUsers)
    writer.add("final.items", matrix: finalItems)
    for (stem, split) in splits {
      writer.add(stem + ".row_starts", integers: split.rowStarts)
      writer.add(stem + ".columns", int32s: split.columnIndices)
    }
    // Interactions are almost always binary: values are stored only when one of them is not 1.
    if interactions.values.contains(where: { $0 != 1 }) {
      writer.add("interactions.values", floats: interactions.values)
    }
    writer.add("ids.user", table: users)
    writer.add("ids.item", table: items)
    if let titles { writer.add("titles.item", table: titles) }
    if case .propagation(let own, let itemPartial) = attribution {
      writer.add("attribution.own", matrix: own)
      writer.add("attribution.item_partial", matrix: itemPartial)
    }
    if let items = propagation?.items { writer.add("propagation.items", matrix: items) }
    func add(_ name: String, _ half: HalfMatrix?, _ full: @autoclosure () -> Matrix?) {
      if let half {
        writer.add(name, type: .float16, shape: [half.rows, half.columns], owner: half, bytes: half.bytes)
      } else if let full = full() {
        writer.add(name, halves: full)
      }
    }
    for part in components?.named ?? [] { writer.add(part.name, matrix: part.matrix) }
    if let centres {
      writer.add("centres.collaborative", matrix: centres.collaborative)
      writer.add("centres.language", matrix: centres.language)
      writer.add("centres.matching", int32s: centres.matching)
      writer.add("centres.collaborative_labels", int32s: centres.collaborativeLabels)
      writer.add("centres.language_labels", int32s: centres.languageLabels)
    }
    add("text.items", compactItemText, itemText)
    add("text.users", compactUserText, userText)
    return writer
  }

  private func json(_ value: JSONValue, _ style: JSONStyle) throws(BundleError) -> [UInt8] {
    do throws(JSONError) { return try value.serialized(style) } catch { throw .json(path: name, error) }
  }
}
