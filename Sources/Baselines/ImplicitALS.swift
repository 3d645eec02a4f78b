// iALS: matrix factorisation of implicit feedback by alternating least squares.

import Files
import Numerics

/// iALS: user vectors w and item vectors h that minimise
///
///     Σ_{(u,i) ∈ S} (w_u·h_i - 1)² + α₀ Σ_{u,i} (w_u·h_i)²
///       + λ (Σ_u (|N(u)| + α₀ I)^ν |w_u|² + Σ_i (|N(i)| + α₀ U)^ν |h_i|²)
///
/// over the training interactions S of U users and I items, by exact minimisation over one side at a time.
///
/// Source: Hu, Koren and Volinsky 2008; the loss, its frequency-scaled regularisation and the initialisation as in
/// Rendle, Krichene, Zhang and Koren 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks".
///
/// Each half-step is one Gramian (`gemm`) and one Cholesky system of width d a node, in Float32, in parallel over
/// nodes; a node's vector depends on nothing but the other side, so the result has its bits at every thread count.
package struct ImplicitALS: Sendable {
  /// Width d of the vectors.
  package var dimension: Int
  /// Number of times both sides are solved.
  package var epochs: Int
  /// α₀, the weight of a score's square whether observed or not.
  package var unobservedWeight: Double
  /// λ, the weight of the squared norms.
  package var regularization: Double
  /// ν: 0 regularises all nodes alike, 1 in proportion to their frequency.
  package var frequencyExponent: Double
  /// Standard deviation of the initial vectors, times the root of d.
  package var initialDeviation: Double

  /// Settings from declared options.
  package init(_ options: OptionValues) {
    dimension = options.integer("dimension")
    epochs = options.integer("epochs")
    unobservedWeight = options.number("unobserved-weight")
    regularization = options.number("regularization")
    frequencyExponent = options.number("frequency-exponent")
    initialDeviation = options.number("initial-deviation")
  }

  /// The vectors after all epochs, `[users, d]` and `[items, d]`.
  /// - Throws: `LinearAlgebraError` when a system is singular in Float32, `BaselineError.notFinite`.
  package func fit(_ problem: BaselineProblem) throws -> FittedBaseline {
    let training = problem.training
    let byItem = training.transposed().matrix
    let users = Matrix(rows: problem.users, columns: dimension)
    let items = initialVectors(problem.items, seed: problem.seed)
    for _ in 0..<epochs {
      try solve(training, fixed: items, into: users)
      try solve(byItem, fixed: users, into: items)
    }
    guard (users.sumOfSquares() + items.sumOfSquares()).isFinite else { throw BaselineError.notFinite(baseline: "ials") }
    return .vectors(users: users, items: items)
  }

  /// Normal vectors of deviation `initialDeviation / √d`, `[count, d]`; users need none, they are solved first.
  private func initialVectors(_ count: Int, seed: UInt64) -> Matrix {
    let vectors = Matrix.uninitialized(rows: count, columns: dimension)
    var stream = RandomStream(seed: seed, purpose: .initialization)
    let deviation = initialDeviation / Double(dimension).squareRoot()
    for position in 0..<vectors.count { vectors.pointer[position] = Float(deviation * stream.normal()) }
    return vectors
  }

  /// Minimises over one side: every row of `target` becomes the solution of its normal equations
  /// (Σ_{j ∈ N} y_j y_jᵀ + α₀ Yᵀ Y + λ (|N| + α₀ n)^ν I) x = Σ_{j ∈ N} y_j.
  /// - Parameters:
  ///   - interactions: `[target rows, fixed rows]`.
  ///   - fixed: Y, `[n, d]`.
  ///   - target: X, `[rows, d]`.
  package func solve(_ interactions: CSRMatrix, fixed: Matrix, into target: Matrix) throws(LinearAlgebraError) {
    let width = dimension
    let gramian = product(fixed, transposeA: true, fixed)
    gramian.scale(by: Float(unobservedWeight))
    let rowsPerBlock = 32
    let blocks = (interactions.rows + rowsPerBlock - 1) / rowsPerBlock
    var failures = [Int](repeating: -1, count: blocks)
    failures.withUnsafeMutableBufferPointer { buffer in
      let failure = buffer
      parallelRanges(interactions.rows, blockSize: rowsPerBlock) { range in
        let system = Matrix.uninitialized(rows: width, columns: width)
        for row in range {
          if let pivot = solveRow(interactions.row(row), fixed, gramian, system, target.row(row)) {
            failure[range.lowerBound / rowsPerBlock] = pivot
            return
          }
        }
      }
    }
    if let pivot = failures.first(where: { $0 >= 0 }) { throw .notPositiveDefinite(pivot: pivot, size: width) }
  }

  /// Solves one node; returns the pivot at which its system failed.
  private func solveRow(
    _ neighbors: ArraySlice<Int32>, _ fixed: Matrix, _ gramian: Matrix, _ system: Matrix,
    _ x: UnsafeMutablePointer<Float>
  ) -> Int? {
    let width = dimension
    let table = kernels
    x.update(repeating: 0, count: width)
    guard !neighbors.isEmpty else { return nil }
    let gathered = Matrix.uninitialized(rows: neighbors.count, columns: width)
    for (position, neighbor) in neighbors.enumerated() {
      gathered.row(position).update(from: fixed.row(Int(neighbor)), count: width)
      table.axpy(1, gathered.row(position), x, width)
    }
    system.assign(from: gramian)
    gemmSerial(
      m: width, n: width, k: gathered.rows, a: gathered.pointer, lda: width, transposeA: true, b: gathered.pointer,
      ldb: width, c: system.pointer, ldc: width, accumulate: true)
    let frequency = Double(neighbors.count) + unobservedWeight * Double(fixed.rows)
    let ridge = Float(regularization * exponential(frequencyExponent * logarithm(frequency)))
    for column in 0..<width { system.pointer[column * width + column] += ridge }
    if let pivot = choleskyFactorRows(system.pointer, count: width, stride: width) { return pivot }
    choleskySolveRows(system.pointer, count: width, stride: width, x)
    return nil
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "ials", summary: "matrix factorisation by alternating least squares (Hu et al. 2008, Rendle et al. 2022)",
    options: [
      OptionDeclaration("dimension", .integer(1...1024), default: "64", "width of the vectors"),
      OptionDeclaration("epochs", .integer(1...1000), default: "16", "times both sides are solved"),
      OptionDeclaration(
        "unobserved-weight", .number(1e-6...1000), default: "0.1", "weight of the score of every pair, alpha0"),
      OptionDeclaration("regularization", .number(1e-9...1e6), default: "0.01", "weight of the squared norms, lambda"),
      OptionDeclaration(
        "frequency-exponent", .number(0...2), default: "1", "how regularization grows with frequency, nu"),
      OptionDeclaration(
        "initial-deviation", .number(1e-6...100), default: "0.1", "deviation of initial vectors, times root of dimension"),
    ],
    needsText: false,
    tuningGrid: [
      TuningAxis("dimension", ["32", "64", "128"]),
      TuningAxis("unobserved-weight", ["0.03", "0.1", "0.3", "1"]),
      TuningAxis("regularization", ["0.003", "0.01", "0.03", "0.1"]),
    ]
  ) { problem, options in try ImplicitALS(options).fit(problem) }
}
