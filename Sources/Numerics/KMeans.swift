// Lloyd's k-means, as the local structure term of DaRec uses it.

/// k-means clustering of the rows of a matrix, deterministic at every thread count.
package enum KMeans {
  /// Lloyd's algorithm for a fixed number of rounds, then a last assignment.
  ///
  /// A round assigns each row to the nearest centre (squared Euclidean distance, ties to the lowest index) and moves
  /// each centre to the mean of its rows. An empty cluster takes the row farthest from its own centre.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - start: `[K, d]`, the first centres.
  ///   - iterations: rounds of assignment and means.
  /// - Returns: the centres of the last round, `[K, d]`, and the label of each row by the last assignment, `[n]`.
  package static func lloyd(x: Matrix, start: Matrix, iterations: Int) -> (centres: Matrix, labels: [Int32]) {
    precondition(x.columns == start.columns && start.rows > 0, "centres do not fit the rows")
    let centres = start.copy()
    for _ in 0..<iterations {
      let (labels, distances) = assign(x, centres)
      update(x, labels, distances, centres)
    }
    return (centres, assign(x, centres).labels)
  }

  /// k-means++ starting centres (Arthur and Vassilvitskii 2007), `[k, d]`: each drawn with probability proportional to
  /// the squared distance from those already drawn.
  package static func plusPlus(x: Matrix, k: Int, stream: inout RandomStream) -> Matrix {
    precondition(k > 0 && x.rows > 0, "k-means++ needs rows and a positive number of centres")
    let centres = Matrix.uninitialized(rows: k, columns: x.columns)
    var chosen = stream.below(x.rows)
    var nearest = [Float](repeating: .infinity, count: x.rows)
    for centre in 0..<k {
      centres.row(centre).update(from: x.row(chosen), count: x.columns)
      var total = 0.0
      for row in 0..<x.rows {
        nearest[row] = min(nearest[row], kernels.squaredDistance(x.row(row), centres.row(centre), x.columns))
        total += Double(nearest[row])
      }
      let target = stream.uniformDouble() * total
      var sum = 0.0
      chosen = x.rows - 1
      for row in 0..<x.rows {
        sum += Double(nearest[row])
        if sum > target {
          chosen = row
          break
        }
      }
    }
    return centres
  }

  private static func assign(_ x: Matrix, _ centres: Matrix) -> (labels: [Int32], distances: [Float]) {
    var labels = [Int32](repeating: 0, count: x.rows)
    var distances = [Float](repeating: 0, count: x.rows)
    for row in 0..<x.rows {
      var best = Float.infinity
      for centre in 0..<centres.rows {
        let distance = kernels.squaredDistance(x.row(row), centres.row(centre), x.columns)
        if distance < best {
          best = distance
          labels[row] = Int32(centre)
        }
      }
      distances[row] = best
    }
    return (labels, distances)
  }

  private static func update(_ x: Matrix, _ labels: [Int32], _ distances: [Float], _ centres: Matrix) {
    var labels = labels
    var distances = distances
    var counts = [Int](repeating: 0, count: centres.rows)
    for label in labels { counts[Int(label)] += 1 }
    for centre in 0..<centres.rows where counts[centre] == 0 && x.rows > 0 {
      var farthest = 0
      for row in 1..<max(1, x.rows) where distances[row] > distances[farthest] { farthest = row }
      counts[Int(labels[farthest])] -= 1
      labels[farthest] = Int32(centre)
      distances[farthest] = 0
      counts[centre] = 1
    }
    var sums = [Double](repeating: 0, count: centres.count)
    for row in 0..<x.rows {
      let base = Int(labels[row]) * x.columns
      for column in 0..<x.columns { sums[base + column] += Double(x.row(row)[column]) }
    }
    for centre in 0..<centres.rows where counts[centre] > 0 {
      for column in 0..<x.columns {
        centres.row(centre)[column] = Float(sums[centre * x.columns + column] / Double(counts[centre]))
      }
    }
  }
}
