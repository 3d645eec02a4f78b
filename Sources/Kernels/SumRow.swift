// Sums and sums of squares of long rows, in blocks.

/// Sum of a row: Float inside blocks of 1,024 elements, Double across blocks.
///
/// Numeric contract: error at most gamma(22) times the sum of |x[i]|, independent of `count`, plus the rounding of the
/// Double additions. NaN and infinity propagate.
@inline(never)
package func sumRow(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
  var total = 0.0
  var start = 0
  while start < count {
    let end = count < start &+ 1024 ? count : start &+ 1024
    var sum0 = Lane.zero
    var sum1 = Lane.zero
    var sum2 = Lane.zero
    var sum3 = Lane.zero
    var i = start
    while i &+ 64 <= end {
      sum0 += load(x + i)
      sum1 += load(x + (i &+ 16))
      sum2 += load(x + (i &+ 32))
      sum3 += load(x + (i &+ 48))
      i = i &+ 64
    }
    while i &+ 16 <= end {
      sum0 += load(x + i)
      i = i &+ 16
    }
    if i < end { sum1 += loadPartial(x + i, end &- i) }
    total += Double(laneSum((sum0 + sum1) + (sum2 + sum3)))
    start = end
  }
  return total
}

/// Sum of the squares of a row: Float inside blocks of 1,024 elements, Double across blocks.
///
/// Numeric contract: relative error at most gamma(23) however long the row; overflows to infinity when a block's sum
/// passes the largest Float.
@inline(never)
package func sumOfSquaresRow(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
  var total = 0.0
  var start = 0
  while start < count {
    let end = count < start &+ 1024 ? count : start &+ 1024
    var sum0 = Lane.zero
    var sum1 = Lane.zero
    var sum2 = Lane.zero
    var sum3 = Lane.zero
    var i = start
    while i &+ 64 <= end {
      let value0 = load(x + i)
      let value1 = load(x + (i &+ 16))
      let value2 = load(x + (i &+ 32))
      let value3 = load(x + (i &+ 48))
      sum0 = multiplyAdd(sum0, value0, value0)
      sum1 = multiplyAdd(sum1, value1, value1)
      sum2 = multiplyAdd(sum2, value2, value2)
      sum3 = multiplyAdd(sum3, value3, value3)
      i = i &+ 64
    }
    while i &+ 16 <= end {
      let value = load(x + i)
      sum0 = multiplyAdd(sum0, value, value)
      i = i &+ 16
    }
    if i < end {
      let value = loadPartial(x + i, end &- i)
      sum1 = multiplyAdd(sum1, value, value)
    }
    total += Double(laneSum((sum0 + sum1) + (sum2 + sum3)))
    start = end
  }
  return total
}
