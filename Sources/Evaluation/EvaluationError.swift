// Why evaluations cannot be compared, each reason with its remedy.

import Files

/// Evaluations that cannot be compared.
package enum EvaluationError: DescribedFailure, Equatable {
  /// A system has no results.
  case noSeeds
  /// No user has a relevant item.
  case noUsers
  /// The evaluations are over different users, so many in the one and so many in the other.
  case differentUsers(Int, Int)
  /// The evaluations hold different metrics or cut-offs.
  case differentMetrics

  package var description: String {
    switch self {
    case .noSeeds:
      return "a comparison needs at least one run of each system"
    case .noUsers:
      return "no user has an item in the evaluated split; give a split that holds interactions"
    case .differentUsers(let first, let second):
      return
        "the runs evaluate different users (\(first) and \(second)); compare runs on the same split of the same data"
    case .differentMetrics:
      return "the runs hold different metrics or cut-offs; evaluate them again with the same ones"
    }
  }

  package var exitStatus: ExitStatus { .badData }
}
