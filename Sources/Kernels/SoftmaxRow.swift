// Softmax of a row and the logarithm of its normaliser.

/// Largest element of a row, -infinity for an empty one; NaN elements are skipped unless all are NaN.
@inline(never)
package func maximumRow(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var largest = Lane(repeating: -Float.infinity)
  var i = 0
  while i &+ 16 <= count {
    largest = larger(largest, load(x + i))
    i = i &+ 16
  }
  var result = laneMaximum(largest)
  while i < count {
    if result < x[i] { result = x[i] }
    i = i &+ 1
  }
  return result
}

/// y[i] = exp(x[i]) / sum over j of exp(x[j]); returns the log-sum-exp of the row.
///
/// Shifted by the row's maximum, so no element overflows; the largest gives the sum at least one. Relative error of
/// each element at most 80 u = 5e-6, plus the rounding of x[i] - maximum; elements below 1.2e-38 may be zero. An empty row
/// returns -infinity. NaN propagates to every element.
/// - Parameters:
///   - x: `count` floats; may be the same row as `y`.
///   - y: `count` floats, written.
@inline(never)
package func softmaxRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
  if count == 0 { return -Float.infinity }
  let shift = maximumRow(x, count)
  let total = scaledExpRow(x, y, count, 1, -shift)
  scaleRow(Float(1 / total), y, y, count)
  return shift + scalarLogarithm(Float(total))
}

/// One logarithm by the vector polynomial, so that no C library decides the bits.
@inline(__always)
func scalarLogarithm(_ x: Float) -> Float { naturalLogarithm(Lane(repeating: x))[0] }
