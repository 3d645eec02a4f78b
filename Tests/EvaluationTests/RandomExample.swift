// Small random interactions and vectors that every test of evaluation can use.

import Numerics
import TestSupport

/// Interactions of a few users, and vectors that say nothing of them.
struct RandomExample {
  let training: CSRMatrix
  let relevant: CSRMatrix
  let userVectors: Matrix
  let itemVectors: Matrix

  /// Draws an example.
  ///
  /// Roughly one in eight pairs is in training and one in sixteen relevant; some users have neither. Vectors hold small
  /// integers, so that many scores are equal and every product is exact.
  init(users: Int, items: Int, state: UInt64, width: Int = 3) {
    var generator = SplitMix(state: state)
    var seen: [(row: Int32, column: Int32)] = []
    var wanted: [(row: Int32, column: Int32)] = []
    for user in 0..<Int32(users) {
      for item in 0..<Int32(items) {
        switch generator.below(16) {
        case 0, 1: seen.append((row: user, column: item))
        case 2 where user % 5 != 4: wanted.append((row: user, column: item))
        default: break
        }
      }
    }
    training = CSRMatrix(rows: users, columns: items, entries: seen)
    relevant = CSRMatrix(rows: users, columns: items, entries: wanted)
    func vectors(_ rows: Int) -> Matrix {
      Matrix(rows: rows, columns: width, values: (0..<rows * width).map { _ in Float(generator.below(7)) - 3 })
    }
    userVectors = vectors(users)
    itemVectors = vectors(items)
  }

  /// The scores of one user, by the definition.
  func scores(of user: Int) -> [Float] {
    (0..<itemVectors.rows).map { item in
      (0..<itemVectors.columns).reduce(0) { $0 + userVectors[user, $1] * itemVectors[item, $1] }
    }
  }
}
