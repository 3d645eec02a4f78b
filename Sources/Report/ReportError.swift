// Why a report cannot be made.

import Files
import ModelFile

/// A report that cannot be made; the message says what to do.
package enum ReportError: DescribedFailure {
  /// A model cannot be read.
  case model(BundleError)
  /// A file beside the model cannot be read.
  case file(FileError)
  /// A line of a training log is not what training writes.
  case log(path: String, line: Int, problem: String)
  /// The model to compare with was trained on other users, items or interactions.
  case otherData(model: String, base: String, what: String)
  /// A summary of an experiment does not follow its schema.
  case summary(path: String, problem: String)

  package var description: String {
    switch self {
    case .model(let error): return error.description
    case .file(let error): return error.description
    case .log(let path, let line, let problem):
      return "\(path):\(line): \(problem); restore the file from a copy, or remove it to report without curves"
    case .otherData(let model, let base, let what):
      return "'\(base)' cannot stand beside '\(model)': the \(what) differ; give a model trained on the same data"
    case .summary(let path, let problem):
      return "\(path): \(problem); write it again with 'darec experiment PLAN.json --out FOLDER --table'"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .model(let error): return error.exitStatus
    case .file(let error): return error.exitStatus
    case .log, .otherData, .summary: return .badData
    }
  }
}
