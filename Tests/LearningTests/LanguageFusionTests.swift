// Language beside behaviour: the vectors are what their definition says, and a weight is only given where it helps.

import Evaluation
import Numerics
import Testing
import Training

@Suite struct LanguageFusionTests {
  private func normal(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> Matrix {
    var stream = RandomStream(seed: seed, purpose: .test)
    let matrix = Matrix(rows: rows, columns: columns)
    for index in 0..<matrix.count { matrix.pointer[index] = Float(stream.normal()) }
    return matrix
  }

  /// Whitening in Double by another road: (C + ρ I)^-1 through elimination, compared by inner products.
  @Test func whitenedTextIsWhatTheInverseCovarianceGives() {
    let text = normal(40, 5)
    for row in 0..<40 { text[row, 0] = text[row, 0] * 5 + 3 }
    let whitened = LanguageVectors.whitened(text)
    let (n, d) = (40, 5)
    var mean = [Double](repeating: 0, count: d)
    for row in 0..<n { for column in 0..<d { mean[column] += Double(text[row, column]) / Double(n) } }
    func centred(_ row: Int) -> [Double] { (0..<d).map { Double(text[row, $0]) - mean[$0] } }
    var covariance = [[Double]](repeating: [Double](repeating: 0, count: d), count: d)
    for row in 0..<n {
      let x = centred(row)
      for i in 0..<d { for j in 0..<d { covariance[i][j] += x[i] * x[j] / Double(n - 1) } }
    }
    let ridge = 0.3 * (0..<d).reduce(0.0) { $0 + covariance[$1][$1] } / Double(d)
    for i in 0..<d { covariance[i][i] += ridge }
    func solved(_ right: [Double]) -> [Double] {
      var (a, b) = (covariance, right)
      for pivot in 0..<d {
        for row in pivot + 1..<d {
          let factor = a[row][pivot] / a[pivot][pivot]
          for column in pivot..<d { a[row][column] -= factor * a[pivot][column] }
          b[row] -= factor * b[pivot]
        }
      }
      for row in stride(from: d - 1, through: 0, by: -1) {
        for column in row + 1..<d { b[row] -= a[row][column] * b[column] }
        b[row] /= a[row][row]
      }
      return b
    }
    func product(_ first: Int, _ second: Int) -> Double {
      zip(centred(first), solved(centred(second))).reduce(0.0) { $0 + $1.0 * $1.1 }
    }
    for first in 0..<10 {
      for second in 0..<10 {
        let expected = product(first, second) / (product(first, first) * product(second, second)).squareRoot()
        let found = (0..<d).reduce(0.0) { $0 + Double(whitened[first, $1]) * Double(whitened[second, $1]) }
        #expect(abs(found - expected) < 1e-4)
      }
    }
  }

  @Test func itemsWithoutTextStayWithout() {
    let text = normal(30, 4)
    for column in 0..<4 { text[7, column] = 0 }
    let whitened = LanguageVectors.whitened(text)
    let rest = LanguageVectors.rest(of: whitened, without: normal(30, 2, seed: 2))
    for column in 0..<4 { #expect(whitened[7, column] == 0 && rest[7, column] == 0) }
    let shared = LanguageVectors.shared(normal(30, 2, seed: 2), of: whitened)
    #expect(shared[7, 0] == 0 && shared[7, 1] == 0 && abs(shared.rowNorms()[8] - 1) < 1e-5)
    #expect(abs(rest.rowNorms()[8] - 1) < 1e-5)
    #expect(LanguageVectors.whitened(Matrix(rows: 3, columns: 4)).values.allSatisfy { $0 == 0 })
  }

  @Test func theRestOfWhatIsSharedIsNothing() {
    let shared = normal(50, 4)
    let rest = LanguageVectors.rest(of: product(shared, normal(4, 6, seed: 3)), without: shared)
    #expect(rest.values.allSatisfy { $0 == 0 })
  }

  /// Users and items of two tastes that only the text tells apart: language must be given a weight, and every user's
  /// columns must be the sum over the history.
  @Test func languageRanksWhereItHelps() throws {
    let problem = smallProblem()
    let (users, items) = (problem.users, problem.items)
    let noise = (users: normal(users, 3, seed: 5), items: normal(items, 3, seed: 6))
    let text = try #require(problem.text).rows(users..<users + items)
    let validation = FullRanking(training: problem.training, relevant: problem.validation)
    let fusion = LanguageFusion(
      base: noise, text: text, shared: nil, training: problem.training, validation: validation)
    let part = try #require(fusion.parts.first)
    #expect(part.name == "language" && part.weight > 0.5)
    let vectors = fusion.vectors(noise)
    let before = validation.evaluate(users: noise.users, items: noise.items).value(.recall, at: 20) ?? 1
    let after = validation.evaluate(users: vectors.users, items: vectors.items).value(.recall, at: 20) ?? 0
    #expect(after > before + 0.1)
    let degrees = problem.training.columnDegrees()
    for user in 0..<users {
      for column in 0..<part.items.columns {
        let expected = problem.training.row(user).reduce(0.0) { sum, item in
          let weight = 1 / Double(problem.training.degree(user) * degrees[Int(item)]).squareRoot()
          return sum + weight * Double(part.items[Int(item), column])
        }
        #expect(abs(Double(vectors.users[user, 3 + column]) - expected) < 1e-5)
      }
    }
  }

  @Test func languageThatDoesNotHelpIsLeftOut() throws {
    // The base model ranks perfectly: nothing can be added.
    let problem = smallProblem()
    let ideal = Matrix(rows: problem.users, columns: problem.items)
    for user in 0..<problem.users { for item in problem.validation.row(user) { ideal[user, Int(item)] = 1 } }
    let unit = Matrix(rows: problem.items, columns: problem.items)
    for item in 0..<problem.items { unit[item, item] = 1 }
    let fusion = LanguageFusion(
      base: (ideal, unit), text: normal(problem.items, 6), shared: normal(problem.items, 2, seed: 9),
      training: problem.training, validation: FullRanking(training: problem.training, relevant: problem.validation))
    #expect(fusion.parts.isEmpty)
    #expect(fusion.vectors((ideal, unit)).users === ideal)
  }

  @Test func aFusedRunIsNeverWorseOnValidationThanItsModelAlone() throws {
    func finished(_ change: (inout TrainingConfiguration) throws -> Void) throws -> Trainer {
      let trainer = try train(smallProblem(), epochs: 6, change: change)
      trainer.finish()
      return trainer
    }
    let alone = try finished { try $0.set("score", to: "final") }
    let fused = try finished { _ in }
    #expect(parameterBits(alone) == parameterBits(fused))
    func recall(_ trainer: Trainer) -> Double { trainer.finalMetrics().validation?.value(.recall, at: 20) ?? -1 }
    #expect(recall(fused) >= recall(alone))
  }

  @Test func textMayRankWithoutAnAlignment() throws {
    let trainer = try train(smallProblem(), alignment: nil) { try $0.set("fusion", to: "text") }
    let base = try train(smallProblem(), alignment: nil)
    trainer.finish()
    #expect(parameterBits(trainer) == parameterBits(base))
    #expect(throws: TrainingError.self) {
      _ = try train(smallProblem(text: false), alignment: nil) { try $0.set("fusion", to: "text") }
    }
    #expect(throws: TrainingError.self) { _ = try train(smallProblem()) { try $0.set("fusion", to: "text") } }
  }

  /// A shared part that has collapsed to two directions, with rounding in the others, takes away what the two say and
  /// nothing else.
  @Test func theRestOfACollapsedSharedPart() {
    let items = 150
    let factors = randomParameter("factors", rows: items, columns: 2, seed: 1).value
    let shared = product(factors, randomParameter("mix", rows: 2, columns: 9, seed: 2).value)
    shared.add(randomParameter("noise", rows: items, columns: 9, seed: 3).value, scaled: 1e-8)
    let vectors = randomParameter("vectors", rows: items, columns: 12, seed: 4).value.normalizedRows().matrix
    let rest = LanguageVectors.rest(of: vectors, without: shared)
    // Least squares on the two factors and a constant, in Double by Gram-Schmidt.
    var basis: [[Double]] = []
    for column in [[Double](repeating: 1, count: items)]
      + (0..<2).map({ column in (0..<items).map { Double(factors[$0, column]) } })
    {
      var direction = column
      for known in basis {
        let along = zip(direction, known).reduce(0.0) { $0 + $1.0 * $1.1 }
        for row in 0..<items { direction[row] -= along * known[row] }
      }
      let length = direction.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
      basis.append(direction.map { $0 / length })
    }
    var expected = (0..<items).map { row in (0..<12).map { Double(vectors[row, $0]) } }
    for column in 0..<12 {
      for known in basis {
        let along = (0..<items).reduce(0.0) { $0 + expected[$1][column] * known[$1] }
        for row in 0..<items { expected[row][column] -= along * known[row] }
      }
    }
    for row in 0..<items {
      let length = expected[row].reduce(0.0) { $0 + $1 * $1 }.squareRoot()
      let cosine = (0..<12).reduce(0.0) { $0 + expected[row][$1] / length * Double(rest[row, $1]) }
      #expect(cosine > 0.999)
    }
  }
}
