// Two-dimensional maps of points by t-SNE, exact over all pairs.

/// t-distributed stochastic neighbour embedding of at most a few thousand points.
///
/// Finds y `[n, 2]` that minimise KL(P || Q), q_ij = w_ij / Σ w, w_ij = 1 / (1 + |y_i - y_j|^2), by gradient descent
///
///     dKL/dy_i = 4 Σ_j (p_ij - q_ij) w_ij (y_i - y_j)
///
/// with momentum, gains and early exaggeration. Source: van der Maaten and Hinton 2008, "Visualizing data using t-SNE",
/// equation 5 and section 3.4; start from principal components and the step size n / exaggeration as in Kobak and
/// Berens 2019, "The art of using t-SNE for single-cell transcriptomics".
///
/// Numeric contract: forces of a point in Float over all others, the normaliser in Double; a row is always added up in
/// the same order, so the map is bit-identical at every thread count. Coincident and constant points give finite maps.
/// Distances between far groups and the sizes of groups have no meaning: neighbourhoods do.
package enum TSNE {
  /// How the map is made.
  package struct Options: Sendable {
    /// Effective number of neighbours; lowered to (n - 1) / 3 for few points.
    package var perplexity = 30.0
    /// Steps in all.
    package var iterations = 750
    /// First steps in which P is multiplied by `exaggeration`.
    package var exaggerationIterations = 250
    /// Factor of P in the first steps: clusters form while there is room between them.
    package var exaggeration: Float = 12

    /// The defaults.
    package init() {}
  }

  /// A map and how it was reached.
  package struct Result {
    /// `[n, 2]`, centred at the origin.
    package let coordinates: Matrix
    /// KL(P || Q) in nats after some of the steps, the last one among them.
    package let divergences: [(iteration: Int, value: Double)]
  }

  /// Most points that are taken: memory and time grow with their square (36 MB and about ten seconds here).
  package static let pointLimit = 3_000

  /// Maps points to the plane.
  /// - Parameters:
  ///   - x: `[n, d]`, finite; n at most `pointLimit`.
  ///   - options: how.
  /// - Complexity: O(n^2 (d + iterations)) time, 4 n^2 bytes.
  package static func embed(_ x: Matrix, options: Options = Options()) -> Result {
    precondition(x.rows <= pointLimit, "more points than an exact map takes; draw a sample")
    let n = x.rows
    guard n > 2 else {
      let line = Matrix(rows: n, columns: 2)
      if n == 2 { line[1, 0] = 1 }
      return Result(coordinates: line, divergences: [])
    }
    let perplexity = max(1, min(options.perplexity, Double(n - 1) / 3))
    // The scale of the points means nothing; coordinates of at most 1 keep the squares of any finite input finite.
    let unit = x.copy()
    let largest = x.elements.reduce(Float(0)) { max($0, $1.magnitude) }
    if largest > 0 { for index in 0..<unit.count { unit.pointer[index] /= largest } }
    let affinities = TSNEAffinities(unit, perplexity: perplexity)
    var descent = TSNEDescent(affinities, start: start(unit))
    descent.rate = max(Float(n) / options.exaggeration, 50) / 4
    var divergences: [(iteration: Int, value: Double)] = []
    var good = descent.coordinates
    for iteration in 1...max(1, options.iterations) {
      let isEarly = iteration <= options.exaggerationIterations
      descent.step(exaggeration: isEarly ? options.exaggeration : 1, momentum: isEarly ? 0.5 : 0.8)
      if iteration % 50 == 0 || iteration == max(1, options.iterations) {
        let value = descent.divergence()
        // A step that left the finite numbers is taken back; what was reached before it stands.
        guard value.isFinite else { break }
        good = descent.coordinates
        divergences.append((iteration, value))
      }
    }
    return Result(coordinates: good, divergences: divergences)
  }

  /// The two leading principal components with a standard deviation of 1e-4 along the first, and a hundredth of that
  /// as noise, without which coincident points could never part nor a line of points leave its line.
  private static func start(_ x: Matrix) -> Matrix {
    let components = PrincipalComponents(of: x, count: 2)
    let projected = components.project(x)
    let deviation = (components.variances.first ?? 0).squareRoot()
    let scale = deviation > 0 && deviation.isFinite ? Float(1e-4 / deviation) : 0
    var stream = RandomStream(seed: 1, purpose: .mapLayout)
    let result = Matrix(rows: x.rows, columns: 2)
    for row in 0..<x.rows {
      for column in 0..<2 {
        let along = column < projected.columns ? projected[row, column] * scale : 0
        result[row, column] = along + Float(stream.normal()) * 1e-6
      }
    }
    return result
  }
}
