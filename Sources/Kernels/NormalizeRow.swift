// A row scaled to unit length.

/// y = x / max(|x|, epsilon), the Euclidean norm; returns |x|.
///
/// Source: the row normalisation of every cosine in Docs/Method.md (PyTorch's `normalize`, epsilon 1e-12).
/// Numeric contract: the sum of squares is taken in Float after scaling by a power of two chosen from the largest
/// magnitude, so rows near the ends of the exponent range neither overflow nor vanish; relative error of each element
/// at most gamma(count / 32 + 10). A row of zeros stays zeros. NaN and infinity give NaN.
/// - Parameters:
///   - x: `count` floats; may be the same row as `y`.
///   - y: `count` floats, written.
///   - epsilon: smallest divisor, positive.
@inline(never)
package func normalizeRow(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ epsilon: Float
) -> Float {
  var squares = sumOfSquaresFloat(x, count)
  if squares <= 1e-30 || squares >= 1e30 {
    // The squares left the comfortable range: repeat on a row scaled to about one, by an exact power of two.
    let largest = largestMagnitude(x, count)
    if largest > 0 && largest < Float.infinity {
      let exponent = largest.exponent
      // Two factors, because 2^-exponent alone overflows for subnormal rows.
      let half = exponent / 2
      let first = Float(sign: .plus, exponent: -half, significand: 1)
      let second = Float(sign: .plus, exponent: half - exponent, significand: 1)
      scaleRow(first, x, y, count)
      scaleRow(second, y, y, count)
      squares = sumOfSquaresFloat(y, count)
      let scaledNorm = squares.squareRoot()
      let norm =
        scaledNorm * Float(sign: .plus, exponent: half, significand: 1)
        * Float(sign: .plus, exponent: exponent - half, significand: 1)
      if norm >= epsilon {
        scaleRow(1 / scaledNorm, y, y, count)
      } else {
        // y holds x * 2^-exponent: undo it and divide by epsilon.
        scaleRow(Float(sign: .plus, exponent: half, significand: 1), y, y, count)
        scaleRow(Float(sign: .plus, exponent: exponent - half, significand: 1), y, y, count)
        scaleRow(1 / epsilon, y, y, count)
      }
      return norm
    }
  }
  let norm = squares.squareRoot()
  let scale = 1 / (norm < epsilon ? epsilon : norm)
  scaleRow(scale, x, y, count)
  return norm
}

/// Sum of squares in Float with two accumulators; the private path of `normalizeRow`.
@inline(__always)
func sumOfSquaresFloat(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var i = 0
  while i &+ 32 <= count {
    let first = load(x + i)
    let second = load(x + (i &+ 16))
    sum0 = multiplyAdd(sum0, first, first)
    sum1 = multiplyAdd(sum1, second, second)
    i = i &+ 32
  }
  if i &+ 16 <= count {
    let value = load(x + i)
    sum0 = multiplyAdd(sum0, value, value)
    i = i &+ 16
  }
  if i < count {
    let value = loadPartial(x + i, count &- i)
    sum1 = multiplyAdd(sum1, value, value)
  }
  return laneSum(sum0 + sum1)
}

/// Largest |x[i]|, 0 for an empty row; NaN is skipped.
@inline(__always)
func largestMagnitude(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var largest: Float = 0
  for i in 0..<count {
    let magnitude = x[i].magnitude
    if magnitude > largest { largest = magnitude }
  }
  return largest
}
