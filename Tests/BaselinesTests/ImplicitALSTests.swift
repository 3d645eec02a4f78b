// iALS against its normal equations and its loss in Double.

import Baselines
import Numerics
import Testing

@Suite struct ImplicitALSTests {
  private func model(_ dimension: Int, exponent: String = "1", epochs: Int = 4) throws -> ImplicitALS {
    ImplicitALS(
      try options(
        ImplicitALS.descriptor,
        [
          "dimension": "\(dimension)", "epochs": "\(epochs)", "unobserved-weight": "0.2", "regularization": "0.05",
          "frequency-exponent": exponent,
        ]))
  }

  /// The loss by its definition, every pair visited.
  private func loss(_ model: ImplicitALS, _ example: ExampleProblem, _ fitted: FittedBaseline) throws -> Double {
    guard case .vectors(let users, let items) = fitted else { throw BaselineError.nothingToLearn }
    let (w, h, x) = (rows(users), rows(items), example.dense)
    var sum = 0.0
    func penalty(_ vector: [Double], _ frequency: Int, _ others: Int) -> Double {
      let base = Double(frequency) + model.unobservedWeight * Double(others)
      return model.regularization * exponential(model.frequencyExponent * logarithm(base))
        * vector.reduce(0) { $0 + $1 * $1 }
    }
    for user in w.indices {
      for item in h.indices {
        let score = zip(w[user], h[item]).reduce(0) { $0 + $1.0 * $1.1 }
        sum += model.unobservedWeight * score * score + (x[user][item] > 0 ? (score - 1) * (score - 1) : 0)
      }
    }
    let byItem = example.problem.training.transposed().matrix
    for user in w.indices { sum += penalty(w[user], example.problem.training.degree(user), h.count) }
    for item in h.indices { sum += penalty(h[item], byItem.degree(item), w.count) }
    return sum
  }

  /// Widths below and above the degrees, so that both forms of the system are used.
  @Test(arguments: [1, 4, 9, 33], ["0", "0.7", "1"]) func vectorsSolveTheirNormalEquations(
    _ dimension: Int, _ exponent: String
  ) throws {
    let example = ExampleProblem(users: 30, items: 25, density: 0.3, seed: 3)
    let model = try model(dimension, exponent: exponent)
    let fixed = Matrix(
      rows: 25, columns: dimension,
      values: (0..<25 * dimension).map { Float(($0 * 7919 + 13) % 101) / 101 - 0.4 })
    let target = Matrix(rows: 30, columns: dimension)
    try model.solve(example.problem.training, fixed: fixed, into: target)
    let y = rows(fixed)
    for user in 0..<30 {
      let neighbors = example.problem.training.row(user)
      let ridge =
        model.regularization * exponential(model.frequencyExponent * logarithm(Double(neighbors.count) + 0.2 * 25))
      var system = regularizedGramian(y, size: dimension, 0).map { $0.map { 0.2 * $0 } }
      var right = [Double](repeating: 0, count: dimension)
      for i in 0..<dimension {
        system[i][i] += ridge
        for item in neighbors {
          right[i] += y[Int(item)][i]
          for j in 0..<dimension { system[i][j] += y[Int(item)][i] * y[Int(item)][j] }
        }
      }
      let exact =
        neighbors.isEmpty ? right : try DoubleCholesky(system.flatMap { $0 }, size: dimension).solve(right)
      let scale = exact.map(abs).max() ?? 0
      for (found, wanted) in zip(rows(target)[user], exact) { #expect(abs(found - wanted) < 2e-4 * scale + 1e-6) }
    }
  }

  @Test func lossFallsWithEveryEpoch() throws {
    let example = ExampleProblem(users: 40, items: 30, density: 0.2, seed: 5)
    var previous = Double.infinity
    for epochs in 1...6 {
      let model = try model(8, epochs: epochs)
      let value = try loss(model, example, model.fit(example.problem))
      #expect(value < previous + 1e-4)
      previous = value
    }
  }

  @Test func nodesWithoutInteractionsAreZero() throws {
    let training = CSRMatrix(rows: 3, columns: 4, entries: [(0, 0), (2, 1), (2, 0)])
    let fitted = try model(3).fit(BaselineProblem(training: training, seed: 1))
    guard case .vectors(let users, let items) = fitted else {
      Issue.record("iALS gives vectors")
      return
    }
    #expect(rows(users)[1] == [0, 0, 0] && rows(items)[3] == [0, 0, 0])
    #expect(users.sumOfSquares() > 0)
  }

  @Test func bitsDoNotDependOnTheThreadCountButOnTheSeed() throws {
    let example = ExampleProblem(users: 200, items: 150, density: 0.05)
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    func vectors(threads: Int, seed: UInt64) throws -> [Float] {
      Parallelism.threadCount = threads
      let problem = BaselineProblem(training: example.problem.training, seed: seed)
      guard case .vectors(let users, let items) = try model(16).fit(problem) else { return [] }
      return users.values + items.values
    }
    let first = try vectors(threads: 1, seed: 1)
    #expect(try vectors(threads: 3, seed: 1) == first)
    #expect(try vectors(threads: 1, seed: 2) != first)
  }
}
