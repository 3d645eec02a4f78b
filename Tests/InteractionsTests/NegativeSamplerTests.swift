// Negatives are never training items, uniform over the rest, and the same for every thread count.

import Interactions
import Numerics
import Testing

@Suite(.serialized) struct NegativeSamplerTests {
  private let training = CSRMatrix(
    rows: 4, columns: 10,
    entries: [(0, 0), (0, 3), (0, 9), (1, 5), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (2, 9)])

  @Test func negativesAreOutsideTheRowAndUniform() {
    let sampler = NegativeSampler(training: training, seed: 3)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 4)
    let epochs = 7000
    for epoch in 0..<epochs {
      for (user, item) in zip(sampler.users, sampler.negatives(epoch: epoch)) { counts[Int(user)][Int(item)] += 1 }
    }
    for user in 0..<3 {
      let degree = training.degree(user)
      let expected = Double(epochs * degree) / Double(10 - degree)
      for item in 0..<10 {
        let isMember = training.contains(row: user, column: Int32(item))
        // Five standard deviations of a binomial count.
        let tolerance = 5 * expected.squareRoot()
        #expect(isMember ? counts[user][item] == 0 : abs(Double(counts[user][item]) - expected) < tolerance)
      }
    }
    // The user with nine of ten items always gets the tenth.
    #expect(counts[2][0] == epochs * 9)
  }

  @Test func aUserWithEveryItemStillGetsOne() {
    let full = CSRMatrix(rows: 1, columns: 3, entries: [(0, 0), (0, 1), (0, 2)])
    let sampler = NegativeSampler(training: full, seed: 3)
    let drawn = Set((0..<50).flatMap { sampler.negatives(epoch: $0) })
    #expect(drawn == [0, 1, 2])
    #expect(NegativeSampler(training: CSRMatrix(rows: 0, columns: 0, entries: []), seed: 1).negatives(epoch: 0) == [])
  }

  @Test func itemsThatNobodyTouchedAreNeverDrawn() {
    // Items 0, 4 and 7 are unknown; the two others that user 0 does not have must be drawn about equally often.
    let training = CSRMatrix(rows: 2, columns: 8, entries: [(0, 1), (0, 2), (0, 6), (1, 1), (1, 3), (1, 5)])
    let sampler = NegativeSampler(training: training, seed: 5)
    var counts = [Int](repeating: 0, count: 8)
    for epoch in 0..<2000 {
      for (user, item) in zip(sampler.users, sampler.negatives(epoch: epoch)) where user == 0 { counts[Int(item)] += 1 }
    }
    #expect(counts[3] + counts[5] == 6000)
    #expect(abs(counts[3] - 3000) < 200)
    let everything = CSRMatrix(rows: 1, columns: 3, entries: [(0, 0), (0, 2)])
    let drawn = Set((0..<50).flatMap { NegativeSampler(training: everything, seed: 3).negatives(epoch: $0) })
    #expect(drawn == [0, 2])
  }

  @Test func drawsDependOnSeedAndEpochOnly() {
    let many = CSRMatrix(
      rows: 3000, columns: 500, entries: (0..<30_000).map { (Int32($0 * 7919 % 3000), Int32($0 * 104_729 % 500)) })
    let sampler = NegativeSampler(training: many, seed: 9)
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = 1
    let first = sampler.negatives(epoch: 4)
    let order = sampler.order(epoch: 4)
    Parallelism.threadCount = 3
    #expect(sampler.negatives(epoch: 4) == first && sampler.order(epoch: 4) == order)
    #expect(sampler.negatives(epoch: 5) != first && sampler.order(epoch: 5) != order)
    #expect(NegativeSampler(training: many, seed: 10).negatives(epoch: 4) != first)
    #expect(order.sorted() == (0..<Int32(many.entryCount)).map { $0 })
  }
}
