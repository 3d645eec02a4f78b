// Inner product and squared distance of two rows.

/// Inner product: sum over i of a[i] b[i].
///
/// Numeric contract: 64 partial sums in Float combined as a tree; error at most gamma(count / 64 + 8) times the sum of
/// |a[i] b[i]|, with gamma(n) = n u / (1 - n u), u = 2^-24 (Higham 2002, eq. 3.7). NaN and infinity propagate.
/// - Parameters:
///   - a: `count` floats, any alignment.
///   - b: `count` floats, any alignment.
@inline(never)
package func dotRow(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  innerProduct(a, b, count)
}

/// The inner product of one row with each of several: out[r] is `dotRow(a, rows + r * count, count)`, to the bit.
/// - Parameters:
///   - a: `count` floats.
///   - rows: `[rowCount, count]`, row-major without padding.
///   - count: length of a row.
///   - rowCount: number of rows.
///   - out: `rowCount` floats, written.
@inline(never)
package func dotRows(
  _ a: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ count: Int, _ rowCount: Int,
  _ out: UnsafeMutablePointer<Float>
) {
  var row = 0
  while row < rowCount {
    out[row] = innerProduct(a, rows + row &* count, count)
    row = row &+ 1
  }
}

/// The body of both.
@inline(__always)
func innerProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var i = 0
  while i &+ 64 <= count {
    sum0 = multiplyAdd(sum0, load(a + i), load(b + i))
    sum1 = multiplyAdd(sum1, load(a + (i &+ 16)), load(b + (i &+ 16)))
    sum2 = multiplyAdd(sum2, load(a + (i &+ 32)), load(b + (i &+ 32)))
    sum3 = multiplyAdd(sum3, load(a + (i &+ 48)), load(b + (i &+ 48)))
    i = i &+ 64
  }
  while i &+ 16 <= count {
    sum0 = multiplyAdd(sum0, load(a + i), load(b + i))
    i = i &+ 16
  }
  if i < count {
    sum1 = multiplyAdd(sum1, loadPartial(a + i, count &- i), loadPartial(b + i, count &- i))
  }
  return laneSum((sum0 + sum1) + (sum2 + sum3))
}

/// Squared Euclidean distance: sum over i of (a[i] - b[i])^2.
///
/// Numeric contract: as `dotRow`, relative to the result itself because no term is negative.
@inline(never)
package func squaredDistanceRow(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var i = 0
  while i &+ 32 <= count {
    let difference0 = load(a + i) - load(b + i)
    let difference1 = load(a + (i &+ 16)) - load(b + (i &+ 16))
    sum0 = multiplyAdd(sum0, difference0, difference0)
    sum1 = multiplyAdd(sum1, difference1, difference1)
    i = i &+ 32
  }
  if i &+ 16 <= count {
    let difference = load(a + i) - load(b + i)
    sum0 = multiplyAdd(sum0, difference, difference)
    i = i &+ 16
  }
  if i < count {
    let difference = loadPartial(a + i, count &- i) - loadPartial(b + i, count &- i)
    sum1 = multiplyAdd(sum1, difference, difference)
  }
  return laneSum(sum0 + sum1)
}
