// The first pass of exact top-k: which scores can still enter.

import CPlatform

/// Appends `base` plus the position of every set bit, ascending, and returns how many entries there are then.
///
/// Two entries are written always and counted only where there is a bit: which scores qualify is not predictable, and a
/// branch on it would cost more than they do. `indices` needs room for two entries more than there are before.
@inline(__always)
func appendSetBits(_ mask: UInt64, _ base: Int, _ indices: UnsafeMutablePointer<Int32>, _ found: Int) -> Int {
  let second = mask & (mask &- 1)
  indices[found] = Int32(truncatingIfNeeded: base &+ mask.trailingZeroBitCount)
  indices[found &+ 1] = Int32(truncatingIfNeeded: base &+ second.trailingZeroBitCount)
  let total = found &+ mask.nonzeroBitCount
  var left = second & (second &- 1)
  var next = found &+ 2
  while left != 0 {
    indices[next] = Int32(truncatingIfNeeded: base &+ left.trailingZeroBitCount)
    next = next &+ 1
    left &= left &- 1
  }
  return total
}

/// Appends to `indices` every i in `0 ..< count` with scores[i] >= threshold, ascending, and returns how many.
///
/// NaN never qualifies. `indices` must have room for `count` entries.
@inline(never)
package func thresholdScan(
  _ scores: UnsafePointer<Float>, _ count: Int, _ threshold: Float, _ indices: UnsafeMutablePointer<Int32>
) -> Int {
  var found = 0
  var i = 0
  while i &+ 16 <= count {
    found = appendSetBits(UInt64(cplatform_reached_floats(scores + i, threshold)), i, indices, found)
    i = i &+ 16
  }
  while i < count {
    if scores[i] >= threshold {
      indices[found] = Int32(truncatingIfNeeded: i)
      found = found &+ 1
    }
    i = i &+ 1
  }
  return found
}

/// The largest score of each of `16 * groups` disjoint sets that together hold all `count` scores.
///
/// The k-th largest of these maxima is not above the k-th largest score, because k different scores reach it: a lower
/// bound for the first threshold of a selection. NaN is skipped; a set without scores has -infinity.
/// - Parameters:
///   - scores: `count` floats.
///   - count: number of scores.
///   - groups: number of vectors of maxima, 1 to 8.
///   - maxima: `16 * groups` floats, written.
@inline(never)
package func groupMaxima(
  _ scores: UnsafePointer<Float>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Float>
) {
  for group in 0..<groups {
    var largest = Lane(repeating: -Float.infinity)
    var i = 16 &* group
    while i &+ 16 <= count {
      largest = larger(largest, load(scores + i))
      i = i &+ 16 &* groups
    }
    if i < count {
      let rest = count &- i
      var value = Lane(repeating: -Float.infinity)
      for lane in 0..<rest { value[lane] = scores[i &+ lane] }
      largest = larger(largest, value)
    }
    store(largest, maxima + 16 &* group)
  }
}
