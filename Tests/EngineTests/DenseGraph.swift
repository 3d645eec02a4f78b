// A plain dense implementation of linear propagation, in Double, as an oracle.

import Numerics

/// The normalised adjacency matrix of a bipartite graph, written out.
struct DenseGraph {
  let users: Int
  /// `[users + items][users + items]`.
  let matrix: [[Double]]

  init(_ interactions: CSRMatrix, hasSelfLoops: Bool = false) {
    users = interactions.rows
    let nodes = interactions.rows + interactions.columns
    var adjacency = [[Double]](repeating: [Double](repeating: 0, count: nodes), count: nodes)
    for user in 0..<interactions.rows {
      for item in interactions.row(user) {
        adjacency[user][interactions.rows + Int(item)] = 1
        adjacency[interactions.rows + Int(item)][user] = 1
      }
    }
    if hasSelfLoops { for node in 0..<nodes { adjacency[node][node] = 1 } }
    let degrees = adjacency.map { $0.reduce(0, +) }
    matrix = adjacency.indices.map { row in
      adjacency.indices.map { column in
        adjacency[row][column] == 0 ? 0 : 1 / (degrees[row] * degrees[column]).squareRoot()
      }
    }
  }

  /// A times node vectors.
  func applied(to vectors: [[Double]]) -> [[Double]] {
    matrix.map { row in
      var sum = [Double](repeating: 0, count: vectors[0].count)
      for (weight, vector) in zip(row, vectors) where weight != 0 {
        for column in sum.indices { sum[column] += weight * vector[column] }
      }
      return sum
    }
  }

  /// The layers of all nodes, from 0 to `layers`.
  func layers(_ start: [[Double]], _ layers: Int) -> [[[Double]]] {
    var result = [start]
    for _ in 0..<layers { result.append(applied(to: result[result.count - 1])) }
    return result
  }

  static func vectors(_ matrix: Matrix, columns: Int? = nil) -> [[Double]] {
    (0..<matrix.rows).map { row in (0..<(columns ?? matrix.columns)).map { Double(matrix[row, $0]) } }
  }

  /// Layers side by side as final vectors.
  func blocks(users: Matrix, items: Matrix, layers count: Int) -> (users: Matrix, items: Matrix) {
    let all = layers(Self.vectors(users) + Self.vectors(items), count)
    func matrix(_ nodes: Range<Int>) -> Matrix {
      Matrix(
        rows: nodes.count, columns: (count + 1) * users.columns,
        values: nodes.flatMap { node in all.flatMap { $0[node].map(Float.init) } })
    }
    return (matrix(0..<users.rows), matrix(users.rows..<users.rows + items.rows))
  }
}

/// The inner product.
func dot(_ first: [Double], _ second: [Double]) -> Double { zip(first, second).reduce(0) { $0 + $1.0 * $1.1 } }

/// A graph with one user's history replaced.
func edited(_ graph: CSRMatrix, user: Int, history: [Int]) -> CSRMatrix {
  var entries: [(row: Int32, column: Int32)] = []
  for row in 0..<graph.rows {
    for item in row == user ? history.map(Int32.init) : Array(graph.row(row)) { entries.append((Int32(row), item)) }
  }
  return CSRMatrix(rows: graph.rows, columns: graph.columns, entries: entries)
}
