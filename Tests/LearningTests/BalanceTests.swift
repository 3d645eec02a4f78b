// How the two sides move the alignment, and the coordinator of their step sizes.

import Files
import Numerics
import TestSupport
import Testing
import Training

@Suite struct BalanceTests {
  private func views(_ seed: UInt64) -> Matrix { randomParameter("v", rows: 40, columns: 8, seed: seed).value }

  private func moved(_ x: Matrix, by amount: Float) -> Matrix {
    let result = x.copy()
    result.add(views(77), scaled: amount)
    return result
  }

  @Test func aSideThatRestsGivesTheOtherAllTheMovement() {
    let (left, right) = (views(1), views(2))
    let onlyCollaborative = BalanceProbe.logKappa(before: (left, right), after: (moved(left, by: 0.1), right))
    let onlyLanguage = BalanceProbe.logKappa(before: (left, right), after: (left, moved(right, by: 0.1)))
    #expect(onlyCollaborative < -20)
    #expect(onlyLanguage > 20)
    #expect(BalanceProbe.logKappa(before: (left, right), after: (left, right)) == 0)
  }

  @Test func equalMovesBalanceAndSwappingTheSidesChangesTheSign() {
    let same = views(1)
    let equal = BalanceProbe.logKappa(before: (same, same), after: (moved(same, by: 0.05), moved(same, by: 0.05)))
    #expect(abs(equal) < 0.3)
    let (small, large) = (moved(same, by: 0.02), moved(same, by: 0.2))
    let forward = BalanceProbe.logKappa(before: (same, same), after: (small, large))
    let backward = BalanceProbe.logKappa(before: (same, same), after: (large, small))
    #expect(forward > 2 && backward < -2 && abs(forward + backward) < 0.6)
  }

  @Test func sharesAreTheSoftmaxOfCosines() {
    let (left, right) = (views(1), views(2))
    let shares = BalanceProbe.logShares(left, right)
    for row in [0, 7, 39] {
      let cosines = (0..<40).map { column -> Double in
        var (inner, x, y) = (0.0, 0.0, 0.0)
        for k in 0..<8 {
          let (a, b) = (Double(left.row(row)[k]), Double(right.row(column)[k]))
          inner += a * b
          x += a * a
          y += b * b
        }
        return inner / (x * y).squareRoot()
      }
      let total = cosines.reduce(0) { $0 + exponential($1 / 0.1) }
      for column in [0, 20, 39] {
        #expect(abs(exponential(shares[row][column]) - exponential(cosines[column] / 0.1) / total) < 1e-4)
      }
    }
  }

  @Test func theLogCarriesTheBalanceAndAFrozenSideShowsAsZero() throws {
    func kappas(_ rate: String) throws -> [Double] {
      let trainer = try train(smallProblem(), epochs: 4) { try $0.set("language-rate", to: rate) }
      return try trainer.state.log.map { line in
        try #require(try JSONValue.parse(line)["balance"]?["kappa"]?.double)
      }
    }
    #expect(try kappas("0").allSatisfy { $0 < 1e-12 })
    #expect(try kappas("1").allSatisfy { $0 > 1e-6 })
    let base = try train(smallProblem(), alignment: nil, epochs: 1)
    #expect(try JSONValue.parse(base.state.log[0])["balance"] == nil)
  }

  @Test func theCoordinatorTemperesAHundredfoldImbalance() throws {
    func smoothed(_ gamma: String) throws -> Double {
      let trainer = try train(smallProblem(), epochs: 120) {
        try $0.set("language-rate", to: "30")
        try $0.set("balance-gamma", to: gamma)
        $0.patience = 1000
      }
      return trainer.state.balance.smoothed
    }
    let free = try smoothed("0")
    let coordinated = try smoothed("1")
    #expect(abs(coordinated) < abs(free))
    var state = BalanceState()
    for _ in 0..<100 { state.add(logKappa: 10, logUpdateRatio: 0) }
    let factors = state.factors(gamma: 1)
    #expect(abs(factors.language - 0.25) < 1e-12 && abs(factors.collaborative - 4) < 1e-12)
    #expect(state.isBiased && !state.oscillates)
    #expect(state.factors(gamma: 0) == (1, 1))
    #expect(BalanceState(values: state.values) == state)
  }

  @Test func resumingKeepsTheBalance() throws {
    func run(_ trainer: Trainer) throws {
      _ = try trainer.run(observer: nil, isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { 0 })
    }
    func configuration(epochs: Int) throws -> TrainingConfiguration {
      var configuration = try TrainingConfiguration(model: "lightgcn", alignment: "darec")
      configuration.epochs = epochs
      configuration.batchSize = 100
      try configuration.set("balance-gamma", to: "1")
      return configuration
    }
    let whole = try Trainer(problem: smallProblem(), configuration: configuration(epochs: 4))
    try run(whole)
    let folder = try TemporaryFolder()
    let first = try Trainer(problem: smallProblem(), configuration: configuration(epochs: 2))
    try run(first)
    _ = try Checkpoint.save(first, dataOptions: .array([]), bundle: folder.path + "/m")
    let second = try Trainer(problem: smallProblem(), configuration: configuration(epochs: 4))
    let (file, header) = try Checkpoint.open(bundle: folder.path + "/m")
    try Checkpoint.restore(second, from: file, header: header)
    try run(second)
    #expect(second.state.balance == whole.state.balance)
    #expect(parameterBits(second) == parameterBits(whole))
  }
}
