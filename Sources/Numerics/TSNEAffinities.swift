// How likely t-SNE takes every pair of points to be neighbours.

/// The symmetric neighbour probabilities P of t-SNE for all pairs of points.
///
///     p(j|i) = exp(-b_i |x_i - x_j|^2) / Σ_k≠i exp(-b_i |x_i - x_k|^2),   p_ij = (p(j|i) + p(i|j)) / (2 n)
///
/// with b_i such that the entropy of p(.|i) is ln(perplexity). Source: van der Maaten and Hinton 2008, "Visualizing
/// data using t-SNE", equations 1 and 2.
struct TSNEAffinities {
  /// Number of points.
  let count: Int
  /// `[n, n rounded up to 16]`; the diagonal and the padding are 0, all elements add up to 1.
  let probabilities: Matrix

  /// Computes the probabilities.
  ///
  /// Distances are divided by their mean, so the scale of the points does not matter. Where points coincide no
  /// bandwidth may reach the perplexity; the search then ends at the narrowest one, with finite numbers.
  /// - Parameters:
  ///   - x: `[n, d]`, n at least 2, coordinates of moderate size: the sums of their squares must be finite.
  ///   - perplexity: effective number of neighbours, from 1 to n - 1.
  /// - Complexity: O(n^2 (d + 60)) time, 4 n^2 bytes.
  init(_ x: Matrix, perplexity: Double) {
    let n = x.rows
    count = n
    let stride = GemmBlocking.roundUp(n, to: 16)
    let p = Matrix(rows: n, columns: stride)
    let table = kernels
    let total = parallelSum(n, blockSize: 32) { range in
      var sum = 0.0
      for row in range {
        let line = p.row(row)
        for other in 0..<n {
          line[other] = table.squaredDistance(x.row(row), x.row(other), x.columns)
          sum += Double(line[other])
        }
      }
      return sum
    }
    let mean = total / Double(n * (n - 1))
    let scale: Float = mean > 1e-30 ? Float(1 / mean) : 1
    let wanted = logarithm(perplexity)
    parallelRanges(n, blockSize: 32) { range in
      let weights = Matrix(rows: 1, columns: stride)
      for row in range {
        table.scale(scale, p.row(row), p.row(row), n)
        Self.spread(p.row(row), row, n, wanted, weights.pointer)
      }
    }
    Self.symmetrize(p, n)
    probabilities = p
  }

  /// Replaces the squared distances of one row by its conditional probabilities.
  private static func spread(
    _ row: UnsafeMutablePointer<Float>, _ own: Int, _ n: Int, _ wanted: Double, _ weights: UnsafeMutablePointer<Float>
  ) {
    var nearest = Float.infinity
    for other in 0..<n where other != own { nearest = min(nearest, row[other]) }
    // Distances from the nearest neighbour on: the largest weight is then exactly 1 and the sum never 0.
    for other in 0..<n { row[other] = max(0, row[other] - nearest) }
    var beta: Float = 1
    var low: Float = 0
    var high = Float.infinity
    var sum = 0.0
    for _ in 0..<64 {
      _ = table.scaledExp(row, weights, n, -beta, 0)
      weights[own] = 0
      sum = table.sum(weights, n)
      let moment = Double(table.dot(weights, row, n))
      let entropy = logarithm(sum) + Double(beta) * moment / sum
      let difference = entropy - wanted
      if difference.magnitude < 1e-5 { break }
      if difference > 0 {
        low = beta
        beta = high.isFinite ? (low + high) / 2 : beta * 2
      } else {
        high = beta
        beta = (low + high) / 2
      }
      if !(beta < 1e12 && beta > 1e-12) { break }
    }
    table.scale(Float(1 / sum), weights, row, n)
  }

  /// Averages the two conditional probabilities of every pair; a pair belongs to the block of its lower index.
  private static func symmetrize(_ p: Matrix, _ n: Int) {
    let factor = 1 / (2 * Float(n))
    parallelRanges(n, blockSize: 32) { range in
      for row in range {
        let line = p.row(row)
        line[row] = 0
        for other in row + 1..<max(row + 1, n) {
          let value = (line[other] + p.row(other)[row]) * factor
          line[other] = value
          p.row(other)[row] = value
        }
      }
    }
  }

  private static var table: KernelTable { kernels }
}
