// The random streams: published known answers, independence, ranges.

import Numerics
import Testing

@Suite struct RandomStreamTests {
  /// Known answers of Philox4x32-10 from the Random123 distribution.
  @Test(arguments: [
    (SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0), SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    (
      SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func philoxGivesThePublishedWords(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>, _ expected: SIMD4<UInt32>) {
    #expect(RandomStream.philox(counter: counter, key: key) == expected)
  }

  @Test func samePositionGivesSameWords() {
    var first = RandomStream(seed: 7, purpose: .test, epoch: 3, step: 4)
    var second = RandomStream(seed: 7, purpose: .test, epoch: 3, step: 4)
    for _ in 0..<100 { #expect(first.next() == second.next()) }
  }

  @Test func anyDifferenceGivesAnotherStream() {
    var words: [UInt64] = []
    for stream in [
      RandomStream(seed: 7, purpose: .test), RandomStream(seed: 8, purpose: .test),
      RandomStream(seed: 7, purpose: .negatives), RandomStream(seed: 7, purpose: .test, epoch: 1),
      RandomStream(seed: 7, purpose: .test, step: 1),
    ] {
      var stream = stream
      words.append(stream.next())
    }
    #expect(Set(words).count == words.count)
  }

  @Test func drawsStayInRangeAndFillIt() {
    var stream = RandomStream(seed: 1, purpose: .test)
    var counts = [Int](repeating: 0, count: 10)
    for _ in 0..<10_000 {
      counts[stream.below(10)] += 1
      let value = stream.uniform()
      #expect(value >= 0 && value < 1)
    }
    // Five standard deviations of a binomial count.
    #expect(counts.allSatisfy { abs($0 - 1000) < 150 })
  }

  @Test func normalHasMeanZeroAndVarianceOne() {
    var stream = RandomStream(seed: 2, purpose: .test)
    let values = (0..<20_000).map { _ in stream.normal() }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(mean.magnitude < 0.04 && (variance - 1).magnitude < 0.05)
  }

  @Test func samplesAreDistinctAscendingAndInRange() {
    var stream = RandomStream(seed: 3, purpose: .test)
    for (count, population) in [(0, 5), (5, 5), (9, 5), (10, 1000)] {
      let sample = stream.sample(count, of: population)
      #expect(sample.count == min(count, population))
      #expect(zip(sample, sample.dropFirst()).allSatisfy { $0 < $1 })
      #expect(sample.allSatisfy { $0 >= 0 && Int($0) < population })
    }
  }

  @Test func shufflePermutes() {
    var stream = RandomStream(seed: 4, purpose: .test)
    var array = Array(0..<100)
    stream.shuffle(&array)
    #expect(array != Array(0..<100) && array.sorted() == Array(0..<100))
  }
}
