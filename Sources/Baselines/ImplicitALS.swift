// iALS: matrix factorisation of implicit feedback by alternating least squares.

import Files
import Numerics

/// iALS: matrix factorisation by exact minimisation over one side at a time.
///
/// User vectors w and item vectors h minimise
///
///     Σ_{(u,i) ∈ S} (w_u·h_i - 1)² + α₀ Σ_{u,i} (w_u·h_i)²
///       + λ (Σ_u (|N(u)| + α₀ I)^ν |w_u|² + Σ_i (|N(i)| + α₀ U)^ν |h_i|²)
///
/// over the training interactions S of U users and I items.
///
/// Source: Hu, Koren and Volinsky 2008; the loss, its frequency-scaled regularisation and the initialisation as in
/// Rendle, Krichene, Zhang and Koren 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks".
///
/// Each half-step is one Gramian with its eigenvectors and one Cholesky system a node, in Float32, in parallel over
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
    guard (users.sumOfSquares() + items.sumOfSquares()).isFinite else {
      throw BaselineError.notFinite(baseline: "ials")
    }
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
  /// (Σ_{j ∈ N} y_j y_jᵀ + α₀ Yᵀ Y + ρ I) x = Σ_{j ∈ N} y_j with ρ = λ (|N| + α₀ n)^ν.
  ///
  /// All systems share α₀ Yᵀ Y = Vᵀ Λ V. In the basis V it is diagonal, so a node with k < d neighbours needs a system
  /// of size k only: with H the rotated y_j, `[k, d]`, and D = Λ + ρ,
  ///
  ///     (Hᵀ H + D)⁻¹ Hᵀ 1 = D⁻¹ Hᵀ (I + H D⁻¹ Hᵀ)⁻¹ 1.
  ///
  /// - Parameters:
  ///   - interactions: `[target rows, fixed rows]`.
  ///   - fixed: Y, `[n, d]`.
  ///   - target: X, `[rows, d]`.
  package func solve(_ interactions: CSRMatrix, fixed: Matrix, into target: Matrix) throws(LinearAlgebraError) {
    let width = dimension
    let gramian = product(fixed, transposeA: true, fixed)
    let eigen = try SymmetricEigen(gramian.elements.map { unobservedWeight * Double($0) }, size: width)
    let basis = Matrix(rows: width, columns: width, values: eigen.vectors.map { Float($0) })
    let rotated = product(fixed, basis, transposeB: true)
    let solution = Matrix(rows: target.rows, columns: width)
    let rowsPerBlock = 32
    let blocks = (interactions.rows + rowsPerBlock - 1) / rowsPerBlock
    var failures = [Int](repeating: -1, count: blocks)
    failures.withUnsafeMutableBufferPointer { buffer in
      let failure = buffer
      parallelRanges(interactions.rows, blockSize: rowsPerBlock) { range in
        let scratch = Scratch(width: width)
        for row in range where interactions.degree(row) > 0 {
          let neighbors = interactions.row(row)
          let frequency = Double(neighbors.count) + unobservedWeight * Double(fixed.rows)
          let ridge = regularization * exponential(frequencyExponent * logarithm(frequency))
          // A Gramian's eigenvalues are not negative; rounding may leave them a little below zero.
          for column in 0..<width { scratch.diagonal[column] = Float(max(0, eigen.values[column]) + ridge) }
          let pivot =
            neighbors.count < width
            ? solveInNeighbors(neighbors, rotated, scratch, solution.row(row))
            : solveInFactors(neighbors, rotated, scratch, solution.row(row))
          if let pivot { failure[range.lowerBound / rowsPerBlock] = pivot }
        }
      }
    }
    if let pivot = failures.first(where: { $0 >= 0 }) { throw .notPositiveDefinite(pivot: pivot, size: width) }
    gemm(solution, basis, into: target)
  }

  /// Memory of one block of nodes.
  private struct Scratch {
    let width: Int
    /// A system of at most `width` rows.
    let system: Matrix
    /// D, `[1, width]` in its first row.
    let diagonal: UnsafeMutablePointer<Float>
    private let diagonalOwner: Matrix

    init(width: Int) {
      self.width = width
      system = Matrix.uninitialized(rows: width, columns: width)
      diagonalOwner = Matrix.uninitialized(rows: 1, columns: width)
      diagonal = diagonalOwner.pointer
    }
  }

  /// Solves a node of k < d neighbours by its system of size k; returns the pivot at which it failed.
  private func solveInNeighbors(
    _ neighbors: ArraySlice<Int32>, _ rotated: Matrix, _ scratch: Scratch, _ x: UnsafeMutablePointer<Float>
  ) -> Int? {
    let width = scratch.width
    let count = neighbors.count
    let multiply = kernels.multiply
    // T = H D^-1/2, so that the system I + T Tᵀ is symmetric to the bit.
    let scaled = Matrix.uninitialized(rows: count + 1, columns: width)
    let inverseRoot = scaled.row(count)
    for column in 0..<width { inverseRoot[column] = 1 / scratch.diagonal[column].squareRoot() }
    for (position, neighbor) in neighbors.enumerated() {
      multiply(rotated.row(Int(neighbor)), inverseRoot, scaled.row(position), width)
    }
    let system = scratch.system.pointer
    if count < 12 {
      let dot = kernels.dot
      for row in 0..<count {
        for column in 0...row { system[row * count + column] = dot(scaled.row(row), scaled.row(column), width) }
      }
    } else {
      gemmSerial(
        m: count, n: count, k: width, a: scaled.pointer, lda: width, b: scaled.pointer, ldb: width, transposeB: true,
        c: system, ldc: count)
    }
    for row in 0..<count { system[row * count + row] += 1 }
    if let pivot = choleskyFactorRows(system, count: count, stride: count) { return pivot }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { buffer -> Int? in
      guard let weights = buffer.baseAddress else { return 0 }
      weights.update(repeating: 1, count: count)
      choleskySolveRows(system, count: count, stride: count, weights)
      let axpy = kernels.axpy
      for position in 0..<count { axpy(weights[position], scaled.row(position), x, width) }
      multiply(x, inverseRoot, x, width)
      return nil
    }
  }

  /// Solves a node of many neighbours by its system of size d; returns the pivot at which it failed.
  private func solveInFactors(
    _ neighbors: ArraySlice<Int32>, _ rotated: Matrix, _ scratch: Scratch, _ x: UnsafeMutablePointer<Float>
  ) -> Int? {
    let width = scratch.width
    let axpy = kernels.axpy
    let gathered = Matrix.uninitialized(rows: neighbors.count, columns: width)
    for (position, neighbor) in neighbors.enumerated() {
      gathered.row(position).update(from: rotated.row(Int(neighbor)), count: width)
      axpy(1, gathered.row(position), x, width)
    }
    let system = scratch.system.pointer
    gemmSerial(
      m: width, n: width, k: gathered.rows, a: gathered.pointer, lda: width, transposeA: true, b: gathered.pointer,
      ldb: width, c: system, ldc: width)
    for column in 0..<width { system[column * width + column] += scratch.diagonal[column] }
    if let pivot = choleskyFactorRows(system, count: width, stride: width) { return pivot }
    choleskySolveRows(system, count: width, stride: width, x)
    return nil
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "ials", summary: "matrix factorisation by alternating least squares (Hu et al. 2008, Rendle et al. 2022)",
    options: [
      OptionDeclaration("dimension", .integer(1...1024), default: "64", "width of the vectors"),
      OptionDeclaration("epochs", .integer(1...1000), default: "16", "times both sides are solved"),
      OptionDeclaration(
        "unobserved-weight", .number(1e-6...1000), default: "0.01", "weight of the score of every pair, alpha0"),
      OptionDeclaration("regularization", .number(1e-9...1e6), default: "0.01", "weight of the squared norms, lambda"),
      OptionDeclaration(
        "frequency-exponent", .number(0...2), default: "1", "how regularization grows with frequency, nu"),
      OptionDeclaration(
        "initial-deviation", .number(1e-6...100), default: "0.1",
        "deviation of initial vectors, times root of dimension"),
    ],
    needsText: false,
    tuningGrid: [
      TuningAxis("dimension", ["64", "128", "256"]),
      TuningAxis("unobserved-weight", ["0.003", "0.01", "0.03"]),
      TuningAxis("regularization", ["0.003", "0.01", "0.03"]),
    ]
  ) { problem, options in try ImplicitALS(options).fit(problem) }
}
