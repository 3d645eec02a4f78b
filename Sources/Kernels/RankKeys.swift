// Places of keys in descending order, by counting.

/// ranks[i] = how many of the keys are larger than keys[i]: for different keys, each one's place in descending order.
///
/// Every key is compared with every other: without a branch to mispredict this beats sorting up to about a hundred keys.
/// - Parameters:
///   - keys: `count` numbers and, up to the next multiple of eight, any others.
///   - count: number of keys.
///   - ranks: `count` places, rounded up to a multiple of eight, written.
@inline(never)
package func rankKeys(_ keys: UnsafePointer<UInt64>, _ count: Int, _ ranks: UnsafeMutablePointer<Int64>) {
  // Vector compares are signed; with the highest bit flipped they order as the unsigned numbers do.
  let flip = UInt64(1) << 63
  var i = 0
  while i < count {
    let own = unsafeBitCast(
      UnsafeRawPointer(keys + i).loadUnaligned(as: SIMD8<UInt64>.self) ^ SIMD8(repeating: flip), to: SIMD8<Int64>.self)
    var larger = SIMD8<Int64>.zero
    for j in 0..<count {
      let other = SIMD8<Int64>(repeating: Int64(bitPattern: keys[j] ^ flip))
      larger = larger.replacing(with: larger &+ SIMD8(repeating: 1), where: own .< other)
    }
    UnsafeMutableRawPointer(ranks + i).storeBytes(of: larger, as: SIMD8<Int64>.self)
    i = i &+ 8
  }
}
