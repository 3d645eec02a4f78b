// EASE and its text-regularised form against their formulas in Double and their objectives.

import Baselines
import Numerics
import TestSupport
import Testing

@Suite struct EASETests {
  static let example = ExampleProblem(users: 40, items: 23, density: 0.25)

  /// B by the definition, in Double.
  private func reference(_ example: ExampleProblem, _ regularization: Double) throws -> [[Double]] {
    let p = try inverse(regularizedGramian(example.dense, size: example.problem.items, regularization))
    return p.indices.map { i in p.indices.map { j in i == j ? 0 : -p[i][j] / p[j][j] } }
  }

  /// L3AE's B by the definition, P₁ and M formed in full, in Double.
  private func reference(_ example: ExampleProblem, _ weights: TextRegularizedEASE.Weights) throws -> [[Double]] {
    let c = try textWeights(example, weights.text)
    let p = try inverse(
      regularizedGramian(example.dense, size: example.problem.items, weights.norm + weights.alignment))
    let m = times(p, c)
    return p.indices.map { i in
      p.indices.map { j in
        i == j ? 0 : weights.alignment * m[i][j] - p[i][j] * (1 + weights.alignment * m[j][j]) / p[j][j]
      }
    }
  }

  private func textWeights(_ example: ExampleProblem, _ regularization: Double) throws -> [[Double]] {
    let p = try inverse(regularizedOuter(example.text, regularization))
    return p.indices.map { i in p.indices.map { j in i == j ? 0 : -p[i][j] / p[j][j] } }
  }

  private func found(_ example: ExampleProblem, _ weights: TextRegularizedEASE.Weights) throws -> Matrix {
    let text = try #require(example.problem.itemText)
    return try TextRegularizedEASE.weights(example.problem.training, itemText: text, weights)
  }

  @Test(arguments: [0.5, 10, 500]) func weightsAgreeWithDouble(_ regularization: Double) throws {
    let found = try EASE.weights(Self.example.problem.training, regularization: regularization)
    #expect(difference(found, try reference(Self.example, regularization)) < 1e-5)
    for item in 0..<found.rows { #expect(found[item, item] == 0) }
  }

  @Test(arguments: [(0.0, 1.0, 10.0), (-5, 0.1, 20), (30, 100, 3)])
  func textRegularizedWeightsAgreeWithDouble(_ norm: Double, _ text: Double, _ alignment: Double) throws {
    let weights = TextRegularizedEASE.Weights(norm: norm, text: text, alignment: alignment)
    let found = try found(Self.example, weights)
    #expect(difference(found, try reference(Self.example, weights)) < 2e-5)
    for item in 0..<found.rows { #expect(found[item, item] == 0) }
  }

  @Test func withoutAlignmentItIsEASE() throws {
    let found = try found(Self.example, .init(norm: 7, text: 1, alignment: 0))
    #expect(difference(found, try reference(Self.example, 7)) < 1e-5)
  }

  @Test func withoutTextItIsEASEWithTheSumOfWeights() throws {
    let problem = Self.example.problem
    let found = try TextRegularizedEASE.weights(
      problem.training, itemText: Matrix(rows: problem.items, columns: 4), .init(norm: 3, text: 1, alignment: 9))
    #expect(difference(found, try reference(Self.example, 12)) < 1e-5)
  }

  @Test func weightsAreStationary() throws {
    let weights = TextRegularizedEASE.Weights(norm: 2, text: 0.5, alignment: 6)
    let x = Self.example.dense
    let c = try textWeights(Self.example, weights.text)
    var b = rows(try found(Self.example, weights))
    func objective() -> Double {
      let prediction = times(x, b)
      var sum = 0.0
      for user in x.indices { for item in x[user].indices { sum += (x[user][item] - prediction[user][item]).squared } }
      for i in b.indices {
        for j in b.indices { sum += weights.norm * b[i][j].squared + weights.alignment * (b[i][j] - c[i][j]).squared }
      }
      return sum
    }
    let step = 1e-3
    for (i, j) in [(0, 1), (5, 2), (22, 0), (10, 11), (3, 17)] {
      let value = b[i][j]
      b[i][j] = value + step
      let above = objective()
      b[i][j] = value - step
      let below = objective()
      b[i][j] = value
      let middle = objective()
      // The objective is quadratic: its slope is that of the difference, and its curvature positive.
      #expect(abs(above - below) / (2 * step) < 1e-4 * (above + below - 2 * middle) / step.squared)
      #expect(above > middle && below > middle)
    }
  }

  @Test func bitsDoNotDependOnTheThreadCount() throws {
    let example = ExampleProblem(users: 300, items: 450, density: 0.03)
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    var results: [[Float]] = []
    for threads in [1, 3] {
      Parallelism.threadCount = threads
      results.append(try found(example, .init(norm: 2, text: 0.5, alignment: 6)).values)
    }
    #expect(results[0] == results[1])
  }

  @Test func tooManyItemsAreRefusedBeforeAllocation() {
    let items = ItemGramian.largestItemCount + 1
    let training = CSRMatrix(rows: 1, columns: items, entries: [(0, 0)])
    #expect(throws: BaselineError.self) { try EASE.weights(training, regularization: 1) }
    #expect(throws: BaselineError.self) {
      try TextRegularizedEASE.weights(
        training, itemText: Matrix(rows: items, columns: 1), .init(norm: 0, text: 1, alignment: 1))
    }
  }

  @Test func weightsThatAddUpToNothingAreRefused() {
    #expect(throws: BaselineError.noRegularization(sum: 0)) {
      try found(Self.example, .init(norm: -5, text: 1, alignment: 5))
    }
  }

  @Test func listsAreThoseOfTheDefinition() throws {
    let training = Self.example.problem.training
    let weights = try EASE.weights(training, regularization: 5)
    let users = (0..<Int32(training.rows)).reversed().map { $0 }
    let lists = itemWeightTopK(training: training, weights: weights, users: users, k: 6)
    let scores = times(Self.example.dense, rows(weights))
    for (user, list) in zip(users, lists) {
      let wanted = (0..<Int32(training.columns)).filter { !training.contains(row: Int(user), column: $0) }
        .sorted { (scores[Int(user)][Int($0)], $1) > (scores[Int(user)][Int($1)], $0) }.prefix(6)
      #expect(list.map(\.index) == Array(wanted))
    }
  }
}

extension Double {
  /// Its square.
  fileprivate var squared: Double { self * self }
}
