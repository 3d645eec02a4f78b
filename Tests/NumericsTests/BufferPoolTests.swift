// Size classes of the pool: near sizes share buffers, and no class wastes much.

import Numerics
import Testing

@Suite struct BufferPoolTests {
  @Test func aClassHoldsItsSizeAndWastesAtMostAnEighth() {
    let sizes = (0..<3000).map { $0 } + (12...30).flatMap { [(1 << $0) - 1, 1 << $0, (1 << $0) + 1] }
    let classes = sizes.map { BufferPool.byteCount(floats: $0) }
    #expect(zip(classes, classes.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(zip(sizes, classes).allSatisfy { $1 >= 4 * $0 && $1 % 64 == 0 })
    #expect(zip(sizes, classes).allSatisfy { $1 <= max(64, 4 * $0 + max(63, $0 / 2)) })
  }

  @Test func aBufferServesTheNextNearSize() {
    let pool = BufferPool(retainedBytes: 1 << 20)
    let first = pool.take(floats: 10_000)
    pool.give(first, floats: 10_000)
    let second = pool.take(floats: 9_990)
    #expect(first == second)
    pool.give(second, floats: 9_990)
  }

  /// Buffers of a size that is no longer asked for must not keep those of a later one out.
  @Test func theLongestUnusedGiveWay() {
    let pool = BufferPool(retainedBytes: 100_000)
    let old = (0..<3).map { _ in pool.take(floats: 8192) }
    for buffer in old { pool.give(buffer, floats: 8192) }
    let new = (0..<3).map { _ in pool.take(floats: 4096) }
    for buffer in new { pool.give(buffer, floats: 4096) }
    let again = (0..<3).map { _ in pool.take(floats: 4096) }
    #expect(Set(again) == Set(new))
    for buffer in again { pool.give(buffer, floats: 4096) }
    pool.trim()
  }
}
