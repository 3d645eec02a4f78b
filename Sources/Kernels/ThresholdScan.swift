// The first pass of exact top-k: which scores can still enter.

/// Appends to `indices` every i in `0 ..< count` with scores[i] >= threshold, ascending, and returns how many.
///
/// NaN never qualifies. `indices` must have room for `count` entries.
@inline(never)
package func thresholdScan(
  _ scores: UnsafePointer<Float>, _ count: Int, _ threshold: Float, _ indices: UnsafeMutablePointer<Int32>
) -> Int {
  let limit = Lane(repeating: threshold)
  var found = 0
  var i = 0
  while i &+ 16 <= count {
    if any(load(scores + i) .>= limit) {
      for lane in 0..<16 {
        // Written always, counted only when it qualifies: no branch to mispredict.
        indices[found] = Int32(truncatingIfNeeded: i &+ lane)
        found = found &+ (scores[i &+ lane] >= threshold ? 1 : 0)
      }
    }
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
