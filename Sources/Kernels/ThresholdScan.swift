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
