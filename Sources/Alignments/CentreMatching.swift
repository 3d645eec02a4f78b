// Which preference centre of one side belongs to which of the other.

import Numerics

/// How the preference centres of the two sides are paired (reading A6).
package enum CentreMatching: String, CaseIterable, Sendable {
  /// Repeatedly the closest free pair by Euclidean distance.
  case greedy
  /// The one-to-one pairing with the smallest total distance.
  case optimal
  /// The one-to-one pairing with the most nodes in common.
  case coMembership = "co-membership"
  /// Every collaborative centre takes its nearest language centre; repeats are allowed.
  case nearest
  /// A random pairing drawn for the step: the control that shows whether matching matters.
  case random

  /// The language cluster of every collaborative cluster.
  /// - Parameters:
  ///   - left: collaborative centres, `[K, d]`.
  ///   - right: language centres, `[K, d]`.
  ///   - leftLabels: collaborative cluster of every node.
  ///   - rightLabels: language cluster of every node, in the same order of nodes.
  ///   - stream: used by `random` only.
  /// - Complexity: O(K² d), plus O(K² log K) greedy, O(K³) optimal, O(n) co-membership.
  func match(
    _ left: CentreTable, _ right: CentreTable, leftLabels: [Int32], rightLabels: [Int32], stream: RandomStream
  ) -> [Int] {
    let count = left.count
    switch self {
    case .greedy: return greedyAssignment(distances: left.distances(to: right), size: count)
    case .optimal: return optimalAssignment(distances: left.distances(to: right), size: count)
    case .coMembership:
      var costs = [Double](repeating: 0, count: count * count)
      for (leftLabel, rightLabel) in zip(leftLabels, rightLabels) {
        costs[Int(leftLabel) * count + Int(rightLabel)] -= 1
      }
      return optimalAssignment(distances: costs, size: count)
    case .nearest:
      let distances = left.distances(to: right)
      return (0..<count).map { row in
        var best = 0
        for column in 1..<max(1, count) where distances[row * count + column] < distances[row * count + best] {
          best = column
        }
        return best
      }
    case .random:
      var stream = stream
      var order = Array(0..<count)
      stream.shuffle(&order)
      return order
    }
  }
}

/// Cluster centres in Double, `[count, width]` row-major: K is small, so exactness costs nothing.
struct CentreTable {
  let count: Int
  let width: Int
  var values: [Double]
  /// Members of every cluster.
  let sizes: [Int]

  /// Means of the rows of `x` by label; an empty cluster is the zero vector.
  ///
  /// Sums in Double, in row order.
  init(meansOf x: Matrix, labels: [Int32], count: Int) {
    self.count = count
    width = x.columns
    var values = [Double](repeating: 0, count: count * x.columns)
    var sizes = [Int](repeating: 0, count: count)
    for (row, label) in labels.enumerated() {
      let base = Int(label) * x.columns
      let source = x.row(row)
      sizes[Int(label)] += 1
      for column in 0..<x.columns { values[base + column] += Double(source[column]) }
    }
    for cluster in 0..<count where sizes[cluster] > 0 {
      for column in 0..<x.columns { values[cluster * x.columns + column] /= Double(sizes[cluster]) }
    }
    self.values = values
    self.sizes = sizes
  }

  /// Centres given directly; every cluster counts as having one member.
  init(_ matrix: Matrix) {
    count = matrix.rows
    width = matrix.columns
    values = matrix.elements.map(Double.init)
    sizes = [Int](repeating: 1, count: matrix.rows)
  }

  /// Euclidean distances to the centres of `other`, `[count, other.count]` row-major.
  func distances(to other: CentreTable) -> [Double] {
    var result = [Double](repeating: 0, count: count * other.count)
    for row in 0..<count {
      for column in 0..<other.count {
        var squared = 0.0
        for position in 0..<width {
          let difference = values[row * width + position] - other.values[column * width + position]
          squared += difference * difference
        }
        result[row * other.count + column] = squared.squareRoot()
      }
    }
    return result
  }

  /// The centres with index `order[i]` at place i.
  func reordered(_ order: [Int]) -> [Double] {
    order.flatMap { values[$0 * width..<($0 + 1) * width] }
  }

  /// As Float32, `[count, width]`.
  var matrix: Matrix { Matrix(rows: count, columns: width, values: values.map { Float($0) }) }
}
