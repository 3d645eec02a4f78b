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

  @Test(arguments: supportedLevels) func manyBlocksAreThoseOfEachPosition(_ level: SIMDLevel) {
    let (seed, epoch, step) = (UInt64(0x1234_5678_9ABC_DEF0), 0xFEDC_BA98, 0x8765_4321)
    let stream = RandomStream(seed: seed, purpose: .test, epoch: epoch, step: step)
    // The key as the stream makes it, and positions where the lower word or the whole counter wraps.
    let key = seed &+ UInt64(RandomPurpose.test.rawValue) &* 0x9E37_79B9_7F4A_7C15
    for first in [0, 5, 0xFFFF_FFFC, .max - 2] as [UInt64] {
      for count in [0, 1, 7, 8, 9, 20] {
        var pairs = [UInt64](repeating: 77, count: 2 * count + 1)
        KernelTable.table(level).philoxBlocks(first, UInt64(epoch) | UInt64(step) << 32, key, count, &pairs)
        for block in 0..<count {
          let words = stream.words(at: first &+ UInt64(block))
          #expect(pairs[2 * block] == UInt64(words.x) | UInt64(words.y) << 32, "\(first) \(count) \(block)")
          #expect(pairs[2 * block + 1] == UInt64(words.z) | UInt64(words.w) << 32, "\(first) \(count) \(block)")
        }
        #expect(pairs[2 * count] == 77)
      }
    }
    var filled = [UInt64](repeating: 0, count: 6)
    filled.withUnsafeMutableBytes { stream.fillWords(at: 9, blocks: 3, into: $0.baseAddress!) }
    #expect(filled[4] == UInt64(stream.words(at: 11).x) | UInt64(stream.words(at: 11).y) << 32)
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
