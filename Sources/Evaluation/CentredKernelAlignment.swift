// How much of the geometry of two spaces is the same.

import Numerics

/// Linear centred kernel alignment of two spaces over the same things.
///
/// With column-centred X `[n, p]` and Y `[n, q]`
///
///     CKA = |Y^T X|_F^2 / (|X^T X|_F |Y^T Y|_F)
///
/// is 1 when the spaces differ by rotation and scale only and near 0 when they are unrelated and n is much larger than
/// p and q. Source: Kornblith, Norouzi, Lee and Hinton 2019, "Similarity of neural network representations revisited",
/// equation 4. Products in Float over blocks of 512 rows, added up in Double.
/// - Parameters:
///   - first: `[n, p]`.
///   - second: `[n, q]`.
/// - Returns: nil when one of the spaces does not vary.
package func centredKernelAlignment(_ first: Matrix, _ second: Matrix) -> Double? {
  precondition(first.rows == second.rows, "the spaces hold different things")
  let x = first.columnCentred()
  let y = second.columnCentred()
  func squares(_ left: Matrix, _ right: Matrix) -> Double {
    doubleGram(left, right).reduce(0) { $0 + $1 * $1 }
  }
  let scale = (squares(x, x) * squares(y, y)).squareRoot()
  guard scale > 0, scale.isFinite else { return nil }
  return min(1, squares(y, x) / scale)
}
