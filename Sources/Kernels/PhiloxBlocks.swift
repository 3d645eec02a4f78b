// Many blocks of a counter-based random stream at once.

/// The blocks of Philox4x32-10 at consecutive positions: words 4b ..< 4b + 4 of `out` are the block at position `first + b`.
///
/// Source and notation: `RandomStream`. Eight blocks go side by side, a word in each 64-bit lane, so that the products of
/// two words need no parts.
/// - Parameters:
///   - first: position of the first block; the lower half of its counter.
///   - high: the upper half of every counter, its third word in the lower 32 bits.
///   - key: the key, its first word in the lower 32 bits.
///   - count: number of blocks.
///   - out: `2 count` pairs of words, the earlier word in the lower 32 bits, written.
@inline(never)
package func philoxBlocks(
  _ first: UInt64, _ high: UInt64, _ key: UInt64, _ count: Int, _ out: UnsafeMutablePointer<UInt64>
) {
  let low32 = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
  let shift = SIMD8<UInt64>(repeating: 32)
  var block = 0
  while block < count {
    let position = SIMD8(repeating: first &+ UInt64(block)) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    var word0 = position & low32
    var word1 = position &>> shift
    var word2 = SIMD8(repeating: high & 0xFFFF_FFFF)
    var word3 = SIMD8(repeating: high &>> 32)
    var key0 = UInt32(truncatingIfNeeded: key)
    var key1 = UInt32(truncatingIfNeeded: key &>> 32)
    for _ in 0..<10 {
      // The masks change nothing, but tell the compiler that a product of two 32-bit numbers is enough.
      let one = (word0 & low32) &* SIMD8(repeating: 0xD251_1F53)
      let two = (word2 & low32) &* SIMD8(repeating: 0xCD9E_8D57)
      word0 = (two &>> shift) ^ word1 ^ SIMD8(repeating: UInt64(key0))
      word1 = two & low32
      word2 = (one &>> shift) ^ word3 ^ SIMD8(repeating: UInt64(key1))
      word3 = one & low32
      key0 = key0 &+ 0x9E37_79B9
      key1 = key1 &+ 0xBB67_AE85
    }
    let earlier = word0 | word1 &<< shift
    let later = word2 | word3 &<< shift
    let lanes = count &- block < 8 ? count &- block : 8
    for lane in 0..<lanes {
      out[2 &* (block &+ lane)] = earlier[lane]
      out[2 &* (block &+ lane) &+ 1] = later[lane]
    }
    block = block &+ 8
  }
}
