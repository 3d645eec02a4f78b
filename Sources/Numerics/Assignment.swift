// Matching of two sets of equal size by a table of distances.

/// Greedy matching: repeatedly the globally closest free pair, ties to the lower row, then the lower column.
///
/// Source: the adaptive preference matching of DaRec (Docs/Method.md).
/// - Parameters:
///   - distances: `[size, size]` row-major.
///   - size: number of rows and of columns.
/// - Returns: for each row its column.
/// - Complexity: O(size^2 log size).
package func greedyAssignment(distances: [Double], size: Int) -> [Int] {
  precondition(distances.count == size * size, "the table is not square")
  var order = Array(0..<distances.count)
  order.sort { distances[$0] < distances[$1] || (!(distances[$1] < distances[$0]) && $0 < $1) }
  var result = [Int](repeating: -1, count: size)
  var taken = [Bool](repeating: false, count: size)
  for pair in order where result[pair / size] < 0 && !taken[pair % size] {
    result[pair / size] = pair % size
    taken[pair % size] = true
  }
  return result
}

/// The matching of least total distance (Kuhn-Munkres with potentials, shortest augmenting paths).
/// - Parameters:
///   - distances: `[size, size]` row-major, finite.
///   - size: number of rows and of columns.
/// - Returns: for each row its column.
/// - Complexity: O(size^3).
package func optimalAssignment(distances: [Double], size: Int) -> [Int] {
  precondition(distances.count == size * size, "the table is not square")
  // Index 0 of the column arrays is a virtual column that starts every augmenting path.
  var rowPotential = [Double](repeating: 0, count: size + 1)
  var columnPotential = [Double](repeating: 0, count: size + 1)
  var rowOfColumn = [Int](repeating: 0, count: size + 1)
  for row in 1..<max(1, size + 1) {
    rowOfColumn[0] = row
    var column = 0
    var least = [Double](repeating: .infinity, count: size + 1)
    var previous = [Int](repeating: 0, count: size + 1)
    var visited = [Bool](repeating: false, count: size + 1)
    repeat {
      visited[column] = true
      let current = rowOfColumn[column]
      var step = Double.infinity
      var next = 0
      for candidate in 1...size where !visited[candidate] {
        let reduced =
          distances[(current - 1) * size + candidate - 1] - rowPotential[current] - columnPotential[candidate]
        if reduced < least[candidate] || previous[candidate] == 0 && least[candidate] == .infinity {
          least[candidate] = reduced
          previous[candidate] = column
        }
        if next == 0 || least[candidate] < step {
          step = least[candidate]
          next = candidate
        }
      }
      for candidate in 0...size {
        if visited[candidate] {
          rowPotential[rowOfColumn[candidate]] += step
          columnPotential[candidate] -= step
        } else {
          least[candidate] -= step
        }
      }
      column = next
    } while rowOfColumn[column] != 0
    repeat {
      let from = previous[column]
      rowOfColumn[column] = rowOfColumn[from]
      column = from
    } while column != 0
  }
  var result = [Int](repeating: 0, count: size)
  for column in 1..<max(1, size + 1) { result[rowOfColumn[column] - 1] = column - 1 }
  return result
}

/// Squared Euclidean distance of every row of `a` to every row of `b` in Double, `[a.rows * b.rows]` row-major.
package func squaredDistances(_ a: Matrix, _ b: Matrix) -> [Double] {
  precondition(a.columns == b.columns, "rows have different widths")
  var result = [Double](repeating: 0, count: a.rows * b.rows)
  for first in 0..<a.rows {
    let left = a.row(first)
    for second in 0..<b.rows {
      let right = b.row(second)
      var sum = 0.0
      for column in 0..<a.columns {
        let difference = Double(left[column]) - Double(right[column])
        sum += difference * difference
      }
      result[first * b.rows + second] = sum
    }
  }
  return result
}
