// Why a model cannot be loaded, put together or saved.

import Files

/// A model that is missing, damaged, inconsistent, or cannot be written.
package enum BundleError: DescribedFailure {
  /// No such directory.
  case missing(path: String)
  /// The path is a file.
  case notADirectory(path: String)
  /// The directory is something else; `hint` says what it looks like and what to do.
  case notABundle(path: String, hint: String)
  /// The tensors file cannot be read.
  case tensors(SafetensorsError)
  /// Another file of the bundle cannot be read.
  case file(FileError)
  /// The file was written by a later version, or is a safetensors file of another kind.
  case format(path: String, found: String?)
  /// An entry of the metadata is missing or wrong.
  case metadata(path: String, key: String, problem: String)
  /// `config.json` does not say what the tensors file says.
  case configurationDiffers(path: String)
  /// A file beside `model.safetensors` is not the one that was saved with it.
  case differs(path: String)
  /// A tensor's shape does not fit the rest of the model.
  case shape(path: String, tensor: String, expected: [Int], found: [Int])
  /// A number is NaN or infinite, or too large for the type it is stored in.
  case notFinite(path: String, tensor: String, row: Int, column: Int)
  /// An index points outside of what it indexes.
  case outOfRange(path: String, tensor: String, position: Int, value: Int, limit: Int)
  /// Row starts do not ascend from 0 to the number of entries.
  case rowStarts(path: String, tensor: String, row: Int)
  /// Columns of a row do not ascend strictly.
  case columnOrder(path: String, tensor: String, row: Int)
  /// A table of ids or titles is wrong.
  case table(path: String, tensor: String, StringTableError)
  /// A size is over its limit.
  case limit(path: String, what: String, value: Int, limit: Int)
  /// Parts that need each other are not both there.
  case incomplete(path: String, missing: String, neededBy: String)
  /// Configuration or metrics cannot be written as JSON.
  case json(path: String, JSONError)
  /// The name cannot be used.
  case name(String)
  /// The bundle could not be written; the old one is unchanged.
  case save(AtomicReplaceError)

  package var description: String {
    switch self {
    case .missing(let path): return "\(path): no such model; `darec train --out \(path)` makes one"
    case .notADirectory(let path): return "\(path) is a file; a model is a directory that holds model.safetensors"
    case .notABundle(let path, let hint): return "\(path) is not a model: \(hint)"
    case .tensors(let error): return error.description
    case .file(let error): return error.description
    case .format(let path, let found):
      guard let found else {
        return "\(path) is a safetensors file without the entry 'format': it was not written by darec"
      }
      return "\(path) has the format '\(found)', this program reads '\(Bundle.format)'; use a newer darec or retrain"
    case .metadata(let path, let key, let problem): return "\(path): metadata '\(key)' \(problem)"
    case .configurationDiffers(let path):
      return "\(path)/config.json differs from the configuration stored in model.safetensors; restore it or retrain"
    case .differs(let path):
      return "\(path) is missing or differs from what was saved with model.safetensors; "
        + "restore the directory from a copy, or train again"
    case .shape(let path, let tensor, let expected, let found):
      return "\(path): tensor '\(tensor)' must have the shape \(expected) but has \(found)"
    case .notFinite(let path, let tensor, let row, let column):
      return "\(path): tensor '\(tensor)' is not a finite number at row \(row), column \(column)"
    case .outOfRange(let path, let tensor, let position, let value, let limit):
      return "\(path): tensor '\(tensor)' has the value \(value) at position \(position); it must be in 0 ..< \(limit)"
    case .rowStarts(let path, let tensor, let row):
      return "\(path): tensor '\(tensor)' does not ascend from 0 to the number of interactions at row \(row)"
    case .columnOrder(let path, let tensor, let row):
      return "\(path): tensor '\(tensor)' does not ascend strictly in row \(row)"
    case .table(let path, let tensor, let error): return "\(path): '\(tensor)': \(error)"
    case .limit(let path, let what, let value, let limit):
      return "\(path): \(what) is \(value); at most \(limit) is supported"
    case .incomplete(let path, let missing, let neededBy):
      return "\(path): '\(neededBy)' needs '\(missing)', which is not there"
    case .json(let path, let error): return "\(path): \(error)"
    case .name(let name):
      return "'\(name)' is not a model name: 1 to 64 of A-Z a-z 0-9 . _ - and no dot at the start"
    case .save(let error): return error.description
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .missing: return .missingInput
    case .tensors(let error): return error.exitStatus
    case .file(let error): return error.exitStatus
    case .save(let error): return error.exitStatus
    default: return .badData
    }
  }
}
