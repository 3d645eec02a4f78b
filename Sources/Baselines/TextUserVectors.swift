// Vectors of users made of what their training items' text says.

import Numerics

/// Mean of the rows of `itemVectors` over each user's training items, `[users, width]`; zeros without any.
package func meanOfTrainingItems(_ training: CSRMatrix, _ itemVectors: Matrix) -> Matrix {
  var values: [Float] = []
  values.reserveCapacity(training.entryCount)
  for user in 0..<training.rows {
    let degree = training.degree(user)
    values.append(contentsOf: repeatElement(1 / Float(max(1, degree)), count: degree))
  }
  let means = Matrix.uninitialized(rows: training.rows, columns: itemVectors.columns)
  values.withUnsafeBufferPointer { sparseTimesDense(training, values: $0.baseAddress, itemVectors, into: means) }
  return means
}
