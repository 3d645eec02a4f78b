// Counter-based random numbers: every draw is a function of (seed, purpose, position), never of the thread or of
// what other consumers drew. Guide: Docs/Architecture.md, "Determinism".

/// What a random stream is for.
///
/// Each consumer has its own, so that switching one on or off changes no other's draws.
package enum RandomPurpose: UInt32, Sendable {
  case initialization = 1
  case shuffle = 2
  case negatives = 3
  case edgeDropout = 4
  case split = 5
  case alignmentInitialization = 6
  case alignmentSample = 7
  case kMeans = 8
  case plantedData = 9
  case evaluation = 10
  case noise = 11
  case matching = 12
  case secondEdgeDropout = 13
  case secondNoise = 14
  case gumbel = 15
  case decoderEdges = 16
  case textControl = 17
  case mask = 18
  case balanceProbe = 19
  case tuning = 20
  case bootstrap = 21
  case sampledTask = 22
  case mapLayout = 31
  case probe = 32
  case explanationQuality = 40
  case test = 99
}

/// A Philox4x32-10 generator.
///
/// Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
///
/// The key is derived from (seed, purpose); the counter's upper half is (epoch, step) and its lower half the position,
/// so a stream can be opened at any place without replaying what came before. `RandomNumberGenerator` conformance
/// draws the 64-bit words in order.
package struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private let high: SIMD2<UInt32>
  private var position: UInt64 = 0
  private var block = SIMD4<UInt32>()
  private var used = 4

  /// Opens the stream of one consumer.
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: the consumer.
  ///   - epoch: zero-based epoch, where the draws belong to one.
  ///   - step: zero-based step in the epoch, or another index of the consumer's choice.
  package init(seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, step: Int = 0) {
    // The purpose is mixed into the key by an odd multiplier so that neighbouring seeds do not share keys.
    let mixed = seed &+ UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15
    key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    high = SIMD2(UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: step))
  }

  /// The four words at one counter position; does not advance the stream.
  package func words(at position: UInt64) -> SIMD4<UInt32> {
    Self.philox(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32), high.x, high.y),
      key: key)
  }

  /// The blocks of four words at consecutive counter positions, many at a time; does not advance the stream.
  /// - Parameters:
  ///   - position: counter position of the first.
  ///   - blocks: how many.
  ///   - out: `4 blocks` words, written; eight-byte aligned, as two of them are written at once.
  package func fillWords(at position: UInt64, blocks: Int, into out: UnsafeMutableRawPointer) {
    kernels.philoxBlocks(
      position, UInt64(high.x) | UInt64(high.y) << 32, UInt64(key.x) | UInt64(key.y) << 32, blocks,
      out.bindMemory(to: UInt64.self, capacity: 2 * blocks))
  }

  /// The bijection itself: ten rounds of Philox4x32 on a counter under a key.
  package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var roundKey = key
    for _ in 0..<10 {
      let first = UInt64(counter.x) &* 0xD251_1F53
      let second = UInt64(counter.z) &* 0xCD9E_8D57
      counter = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ roundKey.x,
        UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ roundKey.y,
        UInt32(truncatingIfNeeded: first))
      roundKey = roundKey &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return counter
  }

  /// The next 32 random bits.
  package mutating func nextWord() -> UInt32 {
    if used == 4 {
      block = words(at: position)
      position &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return UInt64(nextWord()) << 32 | low
  }

  /// Uniform in [0, 1) with 24 bits.
  package mutating func uniform() -> Float {
    Float(nextWord() >> 8) * 0x1p-24
  }

  /// Uniform in [0, 1) with 53 bits.
  package mutating func uniformDouble() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform in `0 ..< bound` without modulo bias (Lemire 2019, rejection on the low product).
  /// - Precondition: `bound > 0`.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "bound out of range")
    let limit = UInt32(bound)
    var product = UInt64(nextWord()) &* UInt64(limit)
    if UInt32(truncatingIfNeeded: product) < limit {
      let threshold = (0 &- limit) % limit
      while UInt32(truncatingIfNeeded: product) < threshold {
        product = UInt64(nextWord()) &* UInt64(limit)
      }
    }
    return Int(product >> 32)
  }

  /// A standard normal value by the polar method (Marsaglia 1964); the second value of a pair is dropped to keep the
  /// stream's state small.
  package mutating func normal() -> Double {
    while true {
      let first = 2 * uniformDouble() - 1
      let second = 2 * uniformDouble() - 1
      let squared = first * first + second * second
      if squared > 0 && squared < 1 {
        return first * (-2 * logarithm(squared) / squared).squareRoot()
      }
    }
  }

  /// Shuffles in place (Fisher and Yates), a function of the stream only.
  package mutating func shuffle<Element>(_ array: inout [Element]) {
    guard array.count > 1 else { return }
    for last in stride(from: array.count - 1, to: 0, by: -1) {
      array.swapAt(last, below(last + 1))
    }
  }

  /// `count` distinct indices out of `0 ..< population`, uniformly, in ascending order.
  /// - Complexity: O(population) by selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  package mutating func sample(_ count: Int, of population: Int) -> [Int32] {
    let wanted = min(count, population)
    var result: [Int32] = []
    result.reserveCapacity(wanted)
    var index = 0
    while result.count < wanted {
      if below(population - index) < wanted - result.count { result.append(Int32(index)) }
      index += 1
    }
    return result
  }
}
