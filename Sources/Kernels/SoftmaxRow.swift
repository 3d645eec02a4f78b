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

/// Sum over i of exp(x[i] - shift), Float inside blocks of 1,024, Double across; exp as in `expRow`.
@inline(never)
func sumOfExponentialsRow(_ x: UnsafePointer<Float>, _ count: Int, _ shift: Float) -> Double {
  let offset = Lane(repeating: shift)
  var total = 0.0
  var start = 0
  while start < count {
    let end = count < start &+ 1024 ? count : start &+ 1024
    var sum = Lane.zero
    var i = start
    while i &+ 16 <= end {
      sum += exponential(load(x + i) - offset)
      i = i &+ 16
    }
    if i < end {
      let rest = end &- i
      var value = exponential(loadPartial(x + i, rest) - offset)
      for lane in rest..<16 { value[lane] = 0 }
      sum += value
    }
    total += Double(laneSum(sum))
    start = end
  }
  return total
}

/// y[i] = exp(x[i]) / sum over j of exp(x[j]); returns the log-sum-exp of the row.
///
/// Shifted by the row's maximum, so no element overflows; the largest gives the sum at least one. Relative error of
/// each element at most 80 u = 5e-6, plus the rounding of x[i] - maximum. An empty row returns -infinity. NaN propagates to every element.
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

/// ln sum over j of exp(x[j]), shifted by the maximum; -infinity for an empty row.
@inline(never)
package func logSumExpRow(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  if count == 0 { return -Float.infinity }
  let shift = maximumRow(x, count)
  return shift + scalarLogarithm(Float(sumOfExponentialsRow(x, count, shift)))
}

/// One logarithm by the vector polynomial, so that no C library decides the bits.
@inline(__always)
func scalarLogarithm(_ x: Float) -> Float { naturalLogarithm(Lane(repeating: x))[0] }
