// The folder of an experiment: its files, its lock, what is remembered of the data.

import Files

#if canImport(Glibc)
  import Glibc
#endif

/// An experiment's folder.
///
/// `plan.json` (the plan as given), `data.json` (what the data was), `runs.jsonl` (one line a run), `users/` (metrics of
/// every test user), `probes.jsonl` (timed beginnings for the estimate), `work/` (runs that are being made), and the
/// reports `table.md`, `summary.json` and `costs.md`.
package struct ExperimentFolder: Sendable {
  /// Its path.
  package let path: String

  /// Names a folder, which need not exist.
  package init(_ path: String) { self.path = path }

  /// A file of the folder.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Where a run in the making keeps a file.
  func workFile(_ id: String, _ kind: String) -> String { "\(path)/work/\(id).\(kind)" }

  /// Makes the folder and those in it.
  func create() throws {
    for name in ["users", "work"] { try FileWriter.createDirectory(file(name)) }
  }

  /// Removes what runs left that were interrupted, and nothing else that may lie there.
  func removeWork() throws {
    let system = PosixFileSystem()
    for name in try FileReader.names(inDirectory: file("work")) where Self.isWorkFile(name) {
      try? system.removeFile(file("work/" + name))
    }
  }

  /// Takes the folder for this process.
  /// - Throws: `ExperimentError.folderInUse` when another one has it.
  func lock() throws -> FolderLock {
    do {
      guard let lock = try FolderLock(path: file(".lock")) else { throw ExperimentError.folderInUse(path) }
      return lock
    } catch let error as SystemError {
      throw ExperimentError.system(error)
    }
  }

  /// Replaces a file at once.
  func write(_ name: String, _ bytes: [UInt8]) throws { try AtomicReplace.file(at: file(name), bytes: bytes) }
}

/// An exclusive lock on a folder, given back with the object or when the process ends.
final class FolderLock {
  private let path: String
  private let descriptor: Int32

  /// Takes the lock; nil when somebody else holds it.
  init?(path: String) throws(SystemError) {
    guard let descriptor = try PosixFileSystem().lock(path) else { return nil }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { PosixFileSystem().unlock(descriptor, path: path) }
}

// MARK: What the data was

extension ExperimentFolder {
  /// What is remembered of the data sets of a plan; nil where one is not known or is told of in other words.
  package func knownData(_ plan: ExperimentPlan) -> [DataIdentity]? {
    guard let json = try? JSONValue.read(file("data.json")), let entries = json["data"]?.array else { return nil }
    var identities: [DataIdentity] = []
    for source in plan.data {
      guard
        let entry = entries.first(where: { $0["name"]?.string == source.name }),
        entry["options"]?.array?.map(\.string) == source.words,
        entry["split_seed"]?.string == String(source.splitSeed), let fingerprint = entry["fingerprint"]?.string,
        let text = entry["text_fingerprint"]?.string, let statistics = entry["statistics"]
      else { return nil }
      identities.append(DataIdentity(fingerprint: fingerprint, textFingerprint: text, statistics: statistics))
    }
    return identities
  }

  /// Remembers the data sets of a plan.
  func rememberData(_ plan: ExperimentPlan, _ identities: [DataIdentity]) throws {
    let entries = zip(plan.data, identities).map { source, identity -> JSONValue in
      .object([
        .init("name", .string(source.name)), .init("options", .strings(source.words)),
        .init("split_seed", .string(String(source.splitSeed))), .init("fingerprint", .string(identity.fingerprint)),
        .init("text_fingerprint", .string(identity.textFingerprint)), .init("statistics", identity.statistics),
      ])
    }
    let json: JSONValue = .object([
      .init("schema", .string(Self.dataSchema)), .init("data", .array(entries)),
    ])
    try write("data.json", try json.serialized(.pretty) + [0x0A])
  }
}
