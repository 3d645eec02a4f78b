// Operations of the base models written out in Double, entry by entry, and central differences of them.

import Autodiff
import Numerics
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A dense matrix of Double; slow and obvious on purpose.
struct DoubleMatrix {
  var rows: Int
  var columns: Int
  var values: [Double]

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    values = [Double](repeating: 0, count: rows * columns)
  }

  init(_ matrix: Matrix) {
    rows = matrix.rows
    columns = matrix.columns
    values = matrix.values.map(Double.init)
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }

  func selected(_ indices: [Int]) -> DoubleMatrix {
    var result = DoubleMatrix(rows: indices.count, columns: columns)
    result.values = indices.flatMap { row($0) }
    return result
  }

  static func * (left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
    var result = DoubleMatrix(rows: left.rows, columns: right.columns)
    for i in 0..<left.rows {
      for j in 0..<right.columns {
        for k in 0..<left.columns { result[i, j] += left[i, k] * right[k, j] }
      }
    }
    return result
  }

  static func + (left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
    var result = left
    for index in result.values.indices { result.values[index] += right.values[index] }
    return result
  }

  static func * (factor: Double, matrix: DoubleMatrix) -> DoubleMatrix {
    var result = matrix
    for index in result.values.indices { result.values[index] *= factor }
    return result
  }

  var transposed: DoubleMatrix {
    var result = DoubleMatrix(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }
}

func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

func cosine(_ a: [Double], _ b: [Double]) -> Double {
  let scale = inner(a, a).squareRoot() * inner(b, b).squareRoot()
  return scale > 0 ? inner(a, b) / scale : 0
}

/// D^-1/2 A D^-1/2 of the bipartite graph, dense.
func normalizedAdjacency(_ pattern: DoubleMatrix) -> DoubleMatrix {
  let degrees = (0..<pattern.rows).map { pattern.row($0).reduce(0, +) }
  var result = pattern
  for i in 0..<pattern.rows {
    for j in 0..<pattern.columns where pattern[i, j] != 0 { result[i, j] = 1 / (degrees[i] * degrees[j]).squareRoot() }
  }
  return result
}

/// The 0/1 bipartite graph of interactions, dense, `[users + items, users + items]`.
func adjacency(_ interactions: CSRMatrix, selfLoops: Bool = false) -> DoubleMatrix {
  let nodes = interactions.rows + interactions.columns
  var result = DoubleMatrix(rows: nodes, columns: nodes)
  for user in 0..<interactions.rows {
    for item in interactions.row(user) {
      result[user, interactions.rows + Int(item)] = 1
      result[interactions.rows + Int(item), user] = 1
    }
  }
  if selfLoops { for node in 0..<nodes { result[node, node] = 1 } }
  return result
}

/// Σ_i m_i [ -a_i·b_i / τ + log Σ_j exp(a_i·c_j / τ) ] over rows divided by sqrt(1e-8 + |x|²).
func contrastOracle(
  _ a: DoubleMatrix, _ b: DoubleMatrix, _ c: DoubleMatrix, temperature: Double, multiplicities: [Double]
) -> Double {
  func unit(_ x: [Double]) -> [Double] {
    let length = (1e-8 + inner(x, x)).squareRoot()
    return x.map { $0 / length }
  }
  var total = 0.0
  for i in 0..<a.rows {
    let anchor = unit(a.row(i))
    let sum = (0..<c.rows).reduce(0.0) { $0 + exp(inner(anchor, unit(c.row($1))) / temperature) }
    total += multiplicities[i] * (log(sum) - inner(anchor, unit(b.row(i))) / temperature)
  }
  return total
}

/// softmax(x C) Cᵀ of some rows.
func softAssignmentOracle(_ x: DoubleMatrix, _ prototypes: DoubleMatrix) -> DoubleMatrix {
  var shares = x * prototypes
  for i in 0..<shares.rows {
    let sum = shares.row(i).reduce(0) { $0 + exp($1) }
    for j in 0..<shares.columns { shares[i, j] = exp(shares[i, j]) / sum }
  }
  return shares * prototypes.transposed
}

/// Rows of α = (cos + 1) / 2 on the pattern, each divided by its sum, times x.
func adaptiveOracle(_ x: DoubleMatrix, ends: DoubleMatrix, pattern: DoubleMatrix) -> DoubleMatrix {
  var weights = pattern
  for i in 0..<pattern.rows {
    for j in 0..<pattern.columns where pattern[i, j] != 0 {
      weights[i, j] = (cosine(ends.row(i), ends.row(j)) + 1) / 2
    }
    let sum = weights.row(i).reduce(0, +)
    for j in 0..<pattern.columns where sum > 0 { weights[i, j] /= sum }
  }
  return weights * x
}

/// One attention layer, head by head and edge by edge.
func attentionOracle(
  _ x: DoubleMatrix, query: DoubleMatrix, key: DoubleMatrix, value: DoubleMatrix, pattern: DoubleMatrix, heads: Int
) -> DoubleMatrix {
  let q = x * query
  let k = x * key
  let v = x * value
  let piece = x.columns / heads
  var result = DoubleMatrix(rows: x.rows, columns: x.columns)
  for i in 0..<x.rows {
    for head in 0..<heads {
      let columns = head * piece..<(head + 1) * piece
      var exponentials = [Double](repeating: 0, count: x.rows)
      for j in 0..<x.rows where pattern[i, j] != 0 {
        let logit = columns.reduce(0) { $0 + q[i, $1] * k[j, $1] }
        exponentials[j] = exp(min(10, max(-10, logit)))
      }
      let sum = exponentials.reduce(0, +) + 1e-8
      for j in 0..<x.rows where pattern[i, j] != 0 {
        for column in columns { result[i, column] += exponentials[j] / sum * v[j, column] }
      }
    }
  }
  return result
}

/// AutoCF's seed scores by its own recursion, with the division by counts.
func seedScoresOracle(_ x: DoubleMatrix, pattern: DoubleMatrix) -> [Double] {
  let degrees = (0..<pattern.rows).map { pattern.row($0).reduce(0, +) }
  let f = pattern * x + -1 * x
  var g = pattern * f + -1 * f
  for i in 0..<x.rows {
    for j in 0..<x.columns { g[i, j] -= degrees[i] * x[i, j] }
  }
  return (0..<x.rows).map { i in
    let reached = (0..<x.rows).reduce(0) { $0 + pattern[i, $1] * degrees[$1] }
    let count = degrees[i] + (reached - degrees[i] - degrees[i]) + 1e-8
    let around = zip(f.row(i), g.row(i)).map { ($0 + $1) / count }
    return -log(1 + exp(-cosine(around, x.row(i))))
  }
}

/// Compares the tape's gradients with central differences of an oracle in Double, element by element.
///
/// The differences have a step of 1e-5 in Double, so their own error is about 1e-9. The bar is relative to the largest
/// element of each gradient.
func expectGradientMatchesOracle(
  of parameters: [Parameter], tolerance: Double = 1e-4, sourceLocation: SourceLocation = #_sourceLocation,
  oracle: ([DoubleMatrix]) -> Double, loss: (Tape) -> [LossTerm]
) {
  for parameter in parameters { parameter.gradient.fill(0) }
  let tape = Tape()
  let total = loss(tape).reduce(0) { $0 + Double($1.weight) * $1.value }
  tape.backward()
  var values = parameters.map { DoubleMatrix($0.value) }
  let truth = oracle(values)
  #expect(
    abs(total - truth) <= tolerance * max(abs(truth), 1e-3), "\(total), oracle \(truth)", sourceLocation: sourceLocation
  )
  for (index, parameter) in parameters.enumerated() {
    let step = 1e-5
    let numeric = values[index].values.indices.map { place -> Double in
      let original = values[index].values[place]
      values[index].values[place] = original + step
      let above = oracle(values)
      values[index].values[place] = original - step
      let below = oracle(values)
      values[index].values[place] = original
      return (above - below) / (2 * step)
    }
    #expect(
      relativeError(parameter.gradient.values, numeric) < tolerance, "\(parameter.name)", sourceLocation: sourceLocation
    )
  }
}
