// Why a linear system cannot be solved.

import Files

/// An error of the dense factorisations.
package enum LinearAlgebraError: DescribedFailure, Equatable {
  /// The matrix is not positive definite, or so nearly singular that Float32 cannot tell: pivot `pivot` of `size`
  /// (zero-based) is not positive, not finite, or has lost every digit of the diagonal element it came from.
  case notPositiveDefinite(pivot: Int, size: Int)
  /// The eigenvalues of a matrix of `size` rows cannot be found: it holds numbers that are not finite.
  case noConvergence(size: Int)

  package var description: String {
    switch self {
    case .notPositiveDefinite(let pivot, let size):
      return "a symmetric \(size) x \(size) system is not positive definite at pivot \(pivot); "
        + "add more regularization to its diagonal"
    case .noConvergence(let size):
      return "the eigenvalues of a symmetric \(size) x \(size) matrix were not found: it holds numbers that are not "
        + "finite; add more regularization"
    }
  }

  package var exitStatus: ExitStatus { .failure }
}
