// Where the best values of a row begin, without sorting it.

/// A number that at least k of the values reach, and if possible no more than `most` of them: a lower bound of the k-th
/// largest.
///
/// Counts how many values reach each of sixteen thresholds between the smallest and the largest, goes on between the highest
/// that k reach and the next, and stops when few enough are left or after four rounds: no branch depends on a single value.
/// - Parameters:
///   - values: `count` floats, no NaN.
///   - count: number of values, below 2^23.
///   - k: how many have to reach it, at least one.
///   - most: how many may reach it without another round.
/// - Returns: -infinity for fewer than k values.
@inline(never)
package func bestFloor(_ values: UnsafePointer<Float>, _ count: Int, _ k: Int, _ most: Int) -> Float {
  if count < k { return -.infinity }
  var (low, high) = extremes(values, count)
  if count <= most { return low }
  let steps = Lane(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16) * Lane(repeating: 1 / 17)
  for _ in 0..<4 {
    let step = high - low
    // Also false for a span that Float cannot hold.
    if !(step > 0 && step < .infinity) { return low }
    let thresholds = multiplyAdd(Lane(repeating: low), steps, Lane(repeating: step))
    var reaching = SIMD16<Int32>.zero
    for i in 0..<count {
      let value = Lane(repeating: values[i])
      reaching = reaching.replacing(with: reaching &+ SIMD16(repeating: 1), where: thresholds .<= value)
    }
    // The counts as floats, by the bits of 2^23 + n: comparisons of these integers would be made lane by lane. They fall
    // from lane to lane: what k values reach comes first.
    let counts = unsafeBitCast(reaching &+ SIMD16(repeating: 0x4B00_0000), to: Lane.self)
    let isReached = counts .>= Lane(repeating: 8_388_608 + Float(k))
    let reached = Int(laneSum(Lane.zero.replacing(with: Lane(repeating: 1), where: isReached)))
    if reached < 16 { high = thresholds[reached] }
    if reached == 0 { continue }
    low = thresholds[reached &- 1]
    let held = Int(reaching[reached &- 1])
    if held <= most { break }
  }
  return low
}

/// The smallest and the largest of some values, at least one.
@inline(__always)
private func extremes(_ values: UnsafePointer<Float>, _ count: Int) -> (smallest: Float, largest: Float) {
  var low = Lane(repeating: values[0])
  var high = low
  var i = 0
  while i &+ 16 <= count {
    low = smaller(low, load(values + i))
    high = larger(high, load(values + i))
    i = i &+ 16
  }
  var result = (-laneMaximum(-low), laneMaximum(high))
  while i < count {
    result = (values[i] < result.0 ? values[i] : result.0, values[i] > result.1 ? values[i] : result.1)
    i = i &+ 1
  }
  return result
}
