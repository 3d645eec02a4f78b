// Small random problems and dense Double references.

import Baselines
import Files
import Numerics
import TestSupport

/// A random interaction matrix with text, small enough for brute force.
struct ExampleProblem {
  let problem: BaselineProblem

  /// - Parameters:
  ///   - density: share of pairs that are interactions.
  ///   - textWidth: width of the text vectors.
  init(users: Int, items: Int, density: Double, textWidth: Int = 5, seed: UInt64 = 1) {
    var random = SplitMix(state: seed)
    func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }
    var entries: [(row: Int32, column: Int32)] = []
    for user in 0..<users {
      for item in 0..<items where uniform() < density { entries.append((Int32(user), Int32(item))) }
    }
    func unitRows(_ count: Int) -> Matrix {
      let matrix = Matrix(
        rows: count, columns: textWidth, values: (0..<count * textWidth).map { _ in Float(uniform() - 0.4) })
      return matrix.normalizedRows().matrix
    }
    problem = BaselineProblem(
      training: CSRMatrix(rows: users, columns: items, entries: entries), userText: unitRows(users),
      itemText: unitRows(items), seed: 7)
  }

  /// X as dense rows of Double, `[users][items]`.
  var dense: [[Double]] {
    (0..<problem.users).map { user in
      var row = [Double](repeating: 0, count: problem.items)
      for item in problem.training.row(user) { row[Int(item)] = 1 }
      return row
    }
  }

  /// Z as rows of Double, `[items][text width]`.
  var text: [[Double]] { rows(problem.itemText) }
}

/// The rows of a matrix in Double.
func rows(_ matrix: Matrix?) -> [[Double]] {
  guard let matrix else { return [] }
  return (0..<matrix.rows).map { row in (0..<matrix.columns).map { Double(matrix[row, $0]) } }
}

/// Aᵀ A + r I for rows of A, `[n][n]`.
func regularizedGramian(_ a: [[Double]], size: Int, _ regularization: Double) -> [[Double]] {
  (0..<size).map { i in
    (0..<size).map { j in a.reduce(i == j ? regularization : 0) { $0 + $1[i] * $1[j] } }
  }
}

/// The inverse of a symmetric positive definite matrix in Double.
func inverse(_ a: [[Double]]) throws -> [[Double]] {
  let flat = try DoubleCholesky(a.flatMap { $0 }, size: a.count).inverse()
  return (0..<a.count).map { Array(flat[$0 * a.count..<($0 + 1) * a.count]) }
}

/// A · B.
func times(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
  a.map { row in (0..<(b.first?.count ?? 0)).map { j in zip(row, b).reduce(0) { $0 + $1.0 * $1.1[j] } } }
}

/// Z Zᵀ for rows of Z, as the Gramian of its columns would be, plus r on the diagonal.
func regularizedOuter(_ z: [[Double]], _ regularization: Double) -> [[Double]] {
  z.indices.map { i in
    z.indices.map { j in zip(z[i], z[j]).reduce(i == j ? regularization : 0) { $0 + $1.0 * $1.1 } }
  }
}

/// The defaults of a baseline with some values of its own.
func options(_ descriptor: BaselineDescriptor, _ settings: [String: String] = [:]) throws -> OptionValues {
  var values = OptionValues(descriptor.options)
  for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
    try values.set(name, to: value, declarations: descriptor.options, owner: descriptor.name)
  }
  return values
}

/// Largest difference of a matrix from a reference, relative to the reference's largest magnitude.
func difference(_ found: Matrix, _ truth: [[Double]]) -> Double { relativeError(found.elements, truth.flatMap { $0 }) }
