// Why an experiment cannot be planned, started or finished.

import Files

/// An error of an experiment; the message says what to do.
package enum ExperimentError: DescribedFailure {
  /// A member of the plan cannot be used; `member` is its path, such as `$.models[1].set`.
  case badPlan(member: String, reason: String)
  /// A plan file cannot be used.
  indirect case badPlanFile(path: String, ExperimentError)
  /// Another process works in the folder.
  case folderInUse(String)
  /// The folder holds files of somebody else; `found` is one of them.
  case foreignFolder(path: String, found: String)
  /// Something that is no folder is at the path.
  case notAFolder(String)
  /// The data has no interactions in a split that the experiment needs.
  case splitMissing(data: String, split: String)
  /// The data is not what it was when the run was planned.
  case dataChanged(data: String, expected: String, found: String)
  /// A line in the middle of `runs.jsonl` is not a run.
  case badRecord(path: String, line: Int, reason: String)
  /// A system call failed.
  case system(SystemError)
  /// Some runs ended without a result, for example because they were killed.
  case runsLost(count: Int, run: String, reason: String)

  package var description: String {
    switch self {
    case .badPlan(let member, let reason): return "\(member): \(reason)"
    case .badPlanFile(let path, let error): return "\(path): \(error.description)"
    case .folderInUse(let path):
      return "\(path): another experiment is running in this folder; wait for it or choose another --out"
    case .foreignFolder(let path, let found):
      return "\(path): the folder is not empty and not that of an experiment (it holds '\(found)'), so nothing is "
        + "written there; choose a new or empty folder with --out"
    case .notAFolder(let path):
      return "\(path): is a file, and an experiment needs a folder; choose another --out"
    case .splitMissing(let data, let split):
      return "data '\(data)' has no \(split) interactions; an experiment needs training, validation and test: "
        + "see --split and --split-shares in 'darec train --help'"
    case .dataChanged(let data, let expected, let found):
      return "data '\(data)' changed while the experiment ran (fingerprint \(expected), now \(found)); start it again"
    case .badRecord(let path, let line, let reason):
      return "\(path), line \(line): \(reason); remove the line, and its run is done again"
    case .system(let error): return error.description
    case .runsLost(let count, let run, let reason):
      return "\(count) run\(count == 1 ? "" : "s") ended without a result, such as \(run): \(reason); "
        + "the same command does what is missing"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .badPlan, .badPlanFile, .splitMissing, .dataChanged, .badRecord: return .badData
    case .foreignFolder, .notAFolder: return .usage
    case .folderInUse, .system, .runsLost: return .failure
    }
  }
}
