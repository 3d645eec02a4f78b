// Controls that take the meaning out of text vectors and leave everything else.

import Autodiff
import Interactions
import Numerics

/// What a run does to the text vectors before it trains.
///
/// A gain that survives these controls is not the text's: the alignment then regularises or adds parameters.
package enum TextControl: String, CaseIterable, Sendable {
  /// The vectors as they are.
  case none
  /// Rows permuted, users among users and items among items: every vector is real, but of another node (but for chance).
  case shuffled
  /// Random vectors with the mean and the covariance of the real ones, users and items each by themselves: the
  /// spectrum without the points.
  case gaussian

  /// The text vectors of a run.
  ///
  /// Users' vectors that were derived from their items' are derived again from the changed ones: permuting them as they
  /// are would take the behaviour away that is in them, which is more than the meaning of the text.
  /// - Parameters:
  ///   - text: unit rows, users first, `[users + items, width]`.
  ///   - users: number of users.
  ///   - history: training interactions when users' vectors are the means of their items', nil when they are their own.
  ///   - seed: the run's seed.
  /// - Returns: unit rows, same shape.
  package func apply(to text: Matrix, users: Int, derivedFrom history: CSRMatrix? = nil, seed: UInt64) -> Matrix {
    let changed: Matrix
    switch self {
    case .none: return text
    case .shuffled: changed = shuffled(text, users: users, seed: seed)
    case .gaussian: changed = resampled(text, users: users, seed: seed)
    }
    guard let history else { return changed }
    let derived = meanItemEmbeddings(training: history, items: changed.rows(users..<text.rows))
    changed.pointer.update(from: derived.pointer, count: derived.count)
    return changed
  }

  private func shuffled(_ text: Matrix, users: Int, seed: UInt64) -> Matrix {
    var order = (0..<Int32(text.rows)).map { $0 }
    for (part, range) in [0..<users, users..<text.rows].enumerated() {
      var stream = RandomStream(seed: seed, purpose: .textControl, epoch: 0, step: part)
      order[range].shuffle(using: &stream)
    }
    return text.gatherRows(order)
  }

  /// μ + n^-1/2 Σ_j g_j (x_j - μ) with standard normal g: its covariance over draws is the sample covariance of x.
  private func resampled(_ text: Matrix, users: Int, seed: UInt64) -> Matrix {
    let result = Matrix.uninitialized(rows: text.rows, columns: text.columns)
    for (part, range) in [0..<users, users..<text.rows].enumerated() where !range.isEmpty {
      let rows = text.rows(range)
      let mean = rows.columnSums().map { $0 / Float(range.count) }
      let centred = rows.copy()
      for row in 0..<centred.rows { kernels.axpy(-1, mean, centred.row(row), centred.columns) }
      let scale = Float(1 / Double(range.count).squareRoot())
      // A block of weights at a time: all of them would be a matrix of nodes by nodes.
      for start in stride(from: 0, to: range.count, by: Self.block) {
        let count = min(Self.block, range.count - start)
        let weights = Matrix.uninitialized(rows: count, columns: range.count)
        parallelRanges(count, blockSize: 16) { block in
          for row in block {
            var stream = RandomStream(seed: seed, purpose: .textControl, epoch: 1 + part, step: start + row)
            for column in 0..<range.count { weights.row(row)[column] = scale * Float(stream.normal()) }
          }
        }
        let sample = Matrix.uninitialized(rows: count, columns: text.columns)
        gemm(weights, centred, into: sample)
        for row in 0..<count {
          kernels.axpy(1, mean, sample.row(row), text.columns)
          result.row(range.lowerBound + start + row).update(from: sample.row(row), count: text.columns)
        }
      }
    }
    return UnitRows(result).value
  }

  private static let block = 1024
}
