// Intervals and p-values against normal theory, enumeration and their symmetries.

import Evaluation
import Files
import Numerics
import TestSupport
import Testing

@Suite struct PairedBootstrapTests {
  /// Normal values, so that the interval is known.
  private func normals(_ count: Int, mean: Double, seed: UInt64) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: .test)
    return (0..<count).map { _ in mean + stream.normal() }
  }

  @Test func theIntervalIsThatOfNormalTheory() throws {
    let values = normals(2_000, mean: 0.3, seed: 5)
    let interval = try #require(PairedBootstrap(seed: 1).interval([values]))
    let mean = values.reduce(0, +) / 2_000
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2_000).squareRoot()
    let error = deviation / 2_000.0.squareRoot()
    #expect(abs(interval.mean - mean) < 1e-12)
    #expect(abs(interval.standardError / error - 1) < 0.03)
    #expect(abs((interval.lower - mean) / (-1.96 * error) - 1) < 0.06)
    #expect(abs((interval.upper - mean) / (1.96 * error) - 1) < 0.06)
    #expect(interval.users == 2_000)
  }

  @Test func aTrueNullIsRejectedAboutOneTimeInTwenty() throws {
    var rejected = (bootstrap: 0, flips: 0)
    for trial in 0..<400 {
      let values = normals(60, mean: 0, seed: UInt64(1_000 + trial))
      let zeros = [Double](repeating: 0, count: 60)
      let result = try #require(PairedBootstrap(resamples: 400).difference(first: [values], second: [zeros]))
      if result.pValue < 0.05 { rejected.bootstrap += 1 }
      if result.signFlipPValue < 0.05 { rejected.flips += 1 }
    }
    // Binomial with p = 0.05: 20 of 400, standard deviation 4.4; the percentile bootstrap is a little liberal.
    #expect((8...38).contains(rejected.bootstrap))
    #expect((6...34).contains(rejected.flips))
  }

  @Test func pIsBelowFivePercentExactlyWhereTheIntervalExcludesZero() throws {
    for trial in 0..<60 {
      let values = normals(50, mean: 0.28, seed: UInt64(trial))
      let zeros = [Double](repeating: 0, count: 50)
      let result = try #require(PairedBootstrap(resamples: 1_000).difference(first: [values], second: [zeros]))
      #expect((result.pValue < 0.05) == (result.interval.lower > 0 || result.interval.upper < 0))
      #expect(result.pValue > 0)
    }
  }

  @Test func exchangingTheSystemsChangesEverySign() throws {
    let first = (0..<3).map { normals(301, mean: 0.1, seed: $0) }
    let second = (3..<6).map { normals(301, mean: 0, seed: $0) }
    let bootstrap = PairedBootstrap(resamples: 2_000, seed: 9)
    let forward = try #require(bootstrap.difference(first: first, second: second))
    let backward = try #require(bootstrap.difference(first: second, second: first))
    #expect(forward.interval.mean == -backward.interval.mean)
    #expect(forward.interval.lower == -backward.interval.upper)
    #expect(forward.interval.upper == -backward.interval.lower)
    #expect(forward.pValue == backward.pValue)
    #expect(forward.signFlipPValue == backward.signFlipPValue)
    #expect(forward.seedMeans == backward.seedMeans.map { -$0 })
    #expect(forward.seedMeans.count == 3)
  }

  @Test func aSystemAgainstItselfDiffersByNothing() throws {
    let values = [normals(100, mean: 0.5, seed: 1), normals(100, mean: 0.5, seed: 2)]
    let result = try #require(PairedBootstrap(resamples: 500).difference(first: values, second: values))
    #expect(result.interval.mean == 0 && result.interval.lower == 0 && result.interval.upper == 0)
    #expect(result.pValue == 1 && result.signFlipPValue == 1)
  }

  @Test func aClearDifferenceReachesTheSmallestPValue() throws {
    let ones = [Double](repeating: 1, count: 40)
    let zeros = [Double](repeating: 0, count: 40)
    let result = try #require(PairedBootstrap(resamples: 999).difference(first: [ones], second: [zeros]))
    #expect(result.pValue == 0.002)
    #expect(result.signFlipPValue == 0.001)
    #expect(result.interval.lower == 1 && result.interval.upper == 1)
  }

  @Test func theNumberOfThreadsChangesNothing() {
    let first = [normals(333, mean: 0.2, seed: 1)]
    let second = [normals(333, mean: 0, seed: 2), normals(333, mean: 0.1, seed: 3)]
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    Parallelism.threadCount = 1
    let alone = PairedBootstrap(resamples: 700).difference(first: first, second: second)
    Parallelism.threadCount = 3
    #expect(PairedBootstrap(resamples: 700).difference(first: first, second: second) == alone)
    #expect(alone?.seedMeans.isEmpty == true)
  }

  @Test func signFlipsAgreeWithTheEnumerationOfAllSigns() {
    let differences = [0.5, -0.1, 0.8, 0.0, 0.3, -0.2, 0.9, 0.4]
    let observed = abs(differences.reduce(0, +))
    var reached = 0
    for mask in 0..<256 {
      let sum = differences.enumerated().reduce(0.0) { $0 + (mask >> $1.offset & 1 == 0 ? $1.element : -$1.element) }
      if abs(sum) >= observed - 1e-9 { reached += 1 }
    }
    #expect(abs(SignFlipTest(resamples: 40_000).pValue(differences) - Double(reached) / 256) < 0.005)
  }

  @Test func signFlipsOfManyUsersFollowTheBinomial() {
    // 160 gains and 140 losses of one: the sum is 2 H - 300 with H binomial, and reaches 20 where |H - 150| >= 10.
    let differences = (0..<300).map { $0 % 2 == 0 || $0 < 20 ? 1.0 : -1.0 }
    var term = power(0.5, 300)
    var expected = 0.0
    for heads in 0...300 {
      if abs(heads - 150) >= 10 { expected += term }
      term *= Double(300 - heads) / Double(heads + 1)
    }
    #expect(differences.reduce(0, +) == 20)
    #expect(abs(SignFlipTest(resamples: 40_000).pValue(differences) - expected) < 0.01)
  }

  @Test func nothingToCompareGivesNothing() {
    let bootstrap = PairedBootstrap(resamples: 10)
    #expect(bootstrap.interval([]) == nil)
    #expect(bootstrap.interval([[]]) == nil)
    #expect(bootstrap.difference(first: [[]], second: [[]]) == nil)
    #expect(bootstrap.difference(first: [], second: [[1]]) == nil)
    #expect(SignFlipTest(resamples: 10).pValue([]) == 1)
  }

  @Test func everyMetricOfTwoSystemsIsCompared() throws {
    let example = RandomExample(users: 60, items: 50, state: 8)
    let ranking = FullRanking(training: example.training, relevant: example.relevant)
    let first = ranking.userMetrics(ranking.lists(users: example.userVectors, items: example.itemVectors))
    let zeros = InnerProductScorer(users: Matrix(rows: 60, columns: 1), items: Matrix(rows: 50, columns: 1))
    let second = ranking.userMetrics(ranking.lists(zeros))
    let bootstrap = PairedBootstrap(resamples: 200)
    let all = try bootstrap.differences(first: [first], second: [second])
    #expect(all.map(\.name) == first.names)
    for (row, entry) in all.enumerated() {
      let single = bootstrap.difference(first: [first.values[row]], second: [second.values[row]])
      #expect(entry.difference == single)
    }
    #expect(throws: EvaluationError.noSeeds) { try bootstrap.differences(first: [first], second: []) }
    let part = first.restricted(to: [0, 1])
    #expect(throws: EvaluationError.differentUsers(first.users.count, 2)) {
      try bootstrap.differences(first: [first], second: [part])
    }
    let none = first.restricted(to: [])
    #expect(throws: EvaluationError.noUsers) { try bootstrap.differences(first: [none], second: [none]) }
  }
}
