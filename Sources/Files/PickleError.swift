// Why a pickle is not read, always with the byte at which it became clear.

/// A pickle that is refused.
///
/// Offsets count bytes of the file from 0 and are those of the opcode at fault.
package enum PickleError: DescribedFailure, Equatable {
  /// The pickle asks for something that is not on the allow-list; `what` names the opcode, class or type.
  case notAllowed(path: String, offset: Int, what: String)
  /// The bytes are not a well-formed pickle of an array or a sparse matrix.
  case malformed(path: String, offset: Int, detail: String)
  /// Reading on would take more room than a file of this size may have.
  case overBudget(path: String, offset: Int, what: String, limit: Int)
  /// The file is a good pickle, of something else than what is needed here.
  case unexpected(path: String, detail: String)

  package var description: String {
    switch self {
    case .notAllowed(let path, let offset, let what):
      return "\(path): offset \(offset): \(what) is not allowed; pickles are never executed, only arrays of numpy and "
        + "sparse matrices of scipy are read from them: save it as .npy or .npz"
    case .malformed(let path, let offset, let detail):
      return "\(path): offset \(offset): \(detail); the file is damaged or no pickle of an array or a sparse matrix"
    case .overBudget(let path, let offset, let what, let limit):
      return "\(path): offset \(offset): more than \(limit) \(what); no pickled array or sparse matrix needs as many"
    case .unexpected(let path, let detail):
      return "\(path): \(detail)"
    }
  }

  package var exitStatus: ExitStatus { .badData }
}
