// Telling an experiment's folder from one that holds somebody else's files.

import Files

extension ExperimentFolder {
  /// The schema of `data.json`.
  static let dataSchema = "darec/experiment-data/1"

  /// Makes sure that nothing of somebody else is in the folder before anything is written to it.
  ///
  /// A folder may be used that is missing, empty or an experiment's: its `data.json` or the first line of its
  /// `runs.jsonl` has our schema. A first start writes `data.json` before every other file; one that was interrupted
  /// before that has left at most empty folders, the lock, and files that are recognised by their names or, as
  /// `plan.json`, by being the same as the one to be written.
  /// - Parameter planBytes: the plan that is to be written; nil where none is.
  /// - Throws: `ExperimentError.foreignFolder` naming a file that is not ours, `.notAFolder`, or `FileError`.
  func requireOwn(planBytes: [UInt8]? = nil) throws {
    guard FileReader.exists(path) else { return }
    guard FileReader.isDirectory(path) else { throw ExperimentError.notAFolder(path) }
    let names = try FileReader.names(inDirectory: path)
    if names.isEmpty || isOwn { return }
    for name in names where try !isLeftByFirstStart(name, planBytes: planBytes) {
      throw ExperimentError.foreignFolder(path: path, found: name)
    }
  }

  /// Whether a file of the folder says that it is an experiment's.
  private var isOwn: Bool {
    if (try? JSONValue.read(file("data.json")))?["schema"]?.string == Self.dataSchema { return true }
    guard let bytes = try? FileReader.contents(of: file("runs.jsonl")) else { return false }
    let line = bytes.prefix { $0 != 0x0A }
    return (try? JSONValue.parse(Array(line)))?["schema"]?.string == RunRecord.schema
  }

  /// Whether a start of ours that got no further than `data.json` can have left this.
  private func isLeftByFirstStart(_ name: String, planBytes: [UInt8]?) throws -> Bool {
    switch name {
    case ".lock": return true
    case "users": return try holdsOnly(name) { _ in false }
    case "work": return try holdsOnly(name, Self.isWorkFile)
    case "plan.json": return planBytes != nil && (try? FileReader.contents(of: file(name))) == planBytes
    default: return name.hasPrefix(".data.json.new-")
    }
  }

  /// Whether a name is that of a folder that holds nothing but what is expected.
  private func holdsOnly(_ name: String, _ isExpected: (String) -> Bool) throws -> Bool {
    guard FileReader.isDirectory(file(name)) else { return false }
    return try FileReader.names(inDirectory: file(name)).allSatisfy(isExpected)
  }

  /// Whether a name is one that `workFile` gives: sixteen hexadecimal digits and a kind.
  static func isWorkFile(_ name: String) -> Bool {
    let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 16, ["json", "result", "log"].contains(parts[1]) else {
      return false
    }
    return parts[0].utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
