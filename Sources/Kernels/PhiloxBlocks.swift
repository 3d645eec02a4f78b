// Many blocks of a counter-based random stream at once.

/// The blocks of Philox4x32-10 at consecutive positions: words 4b ..< 4b + 4 of `out` are the block at position `first + b`.
///
/// Source and notation: `RandomStream`. Eight blocks go side by side, the words of the even places in 64-bit lanes of their
/// own, so that the products of two words need no parts and the result lies as it is written.
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
  var counters = alternating(first, high) &+ SIMD16(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0)
  let ahead = alternating(8, 0)
  let keys = alternating(key & 0xFFFF_FFFF, key &>> 32)
  var block = 0
  while block &+ 8 <= count {
    UnsafeMutableRawPointer(out + 2 &* block).storeBytes(of: philoxEight(counters, keys), as: SIMD16<UInt64>.self)
    counters = counters &+ ahead
    block = block &+ 8
  }
  guard block < count else { return }
  let pairs = philoxEight(counters, keys)
  for lane in 0..<2 &* (count &- block) { out[2 &* block &+ lane] = pairs[lane] }
}

/// Eight blocks, two pairs of words each.
///
/// Of a block's words x0 to x3 the even lane has x0 and x1, the odd one x2 and x3. A round multiplies x0 and x2 and
/// exchanges what comes of them: x0 <- high(M1 x2) ^ x1 ^ key0, x1 <- low(M1 x2), x2 <- high(M0 x0) ^ x3 ^ key1,
/// x3 <- low(M0 x0).
/// - Parameters:
///   - counters: the pairs of words before the first round.
///   - firstKeys: the first round's key, a word in the lower 32 bits of each lane.
@inline(__always)
func philoxEight(_ counters: SIMD16<UInt64>, _ firstKeys: SIMD16<UInt64>) -> SIMD16<UInt64> {
  let low32 = SIMD16<UInt64>(repeating: 0xFFFF_FFFF)
  let shift = SIMD16<UInt64>(repeating: 32)
  let multipliers = alternating(0xD251_1F53, 0xCD9E_8D57)
  var factors = counters & low32
  var others = counters &>> shift
  var keys = firstKeys
  let steps = alternating(0x9E37_79B9, 0xBB67_AE85)
  for _ in 0..<10 {
    // The mask changes nothing, but tells the compiler that a product of two 32-bit numbers is enough.
    let products = (factors & low32) &* multipliers
    var exchanged = products
    exchanged.evenHalf = products.oddHalf
    exchanged.oddHalf = products.evenHalf
    factors = (exchanged &>> shift) ^ others ^ (keys & low32)
    others = exchanged & low32
    keys = keys &+ steps
  }
  return factors | others &<< shift
}

/// One number in even lanes, another in odd ones.
@inline(__always)
func alternating(_ even: UInt64, _ odd: UInt64) -> SIMD16<UInt64> {
  SIMD16(even, odd, even, odd, even, odd, even, odd, even, odd, even, odd, even, odd, even, odd)
}
