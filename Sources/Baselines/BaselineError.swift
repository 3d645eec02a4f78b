// Why a baseline cannot be fitted.

import Files

/// An error of a baseline; the message says what to do.
package enum BaselineError: DescribedFailure, Equatable {
  /// No baseline is registered under this name.
  case unknown(String)
  /// The baseline needs text vectors of items and the data has none.
  case textMissing(baseline: String)
  /// User vectors were asked for from text and the data has no text of users.
  case userTextMissing
  /// The data has no training interactions.
  case nothingToLearn
  /// A dense item-item matrix of this data is larger than is allowed, or than this machine's memory.
  case tooManyItems(baseline: String, items: Int, limit: Int)
  /// The sum of the two regularisation weights of the item-item system is not positive.
  case noRegularization(sum: Double)
  /// A fitted number is not finite.
  case notFinite(baseline: String)

  package var description: String {
    switch self {
    case .unknown(let name):
      return "unknown baseline '\(name)'; there is: " + BaselineRegistry.all.map(\.name).joined(separator: ", ")
    case .textMissing(let baseline):
      return
        "baseline '\(baseline)' needs text embeddings of the items and the data has none; add --item-embeddings FILE"
    case .userTextMissing:
      return "user-vector=text needs text embeddings of users and the data has none; "
        + "add --user-embeddings FILE, or use --set user-vector=items"
    case .nothingToLearn: return "the data has no training interactions after filtering; loosen the filters"
    case .tooManyItems(let baseline, let items, let limit):
      return
        "baseline '\(baseline)' needs a dense matrix of \(items) x \(items) items, and at most \(limit) items fit; "
        + "filter rare items with --core N, or use ials"
    case .noRegularization(let sum):
      return "the regularization of the item-item system adds up to \(sum); it must be more than 0"
    case .notFinite(let baseline):
      return "baseline '\(baseline)' ended with numbers that are not finite; use more regularization"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .unknown, .noRegularization: return .usage
    case .textMissing, .userTextMissing, .nothingToLearn, .tooManyItems: return .badData
    case .notFinite: return .failure
    }
  }
}
