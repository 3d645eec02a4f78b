// The logistic function and softplus, safe for any argument.

/// 1 / (1 + e^-x) of sixteen lanes; e^-|x| never overflows.
@inline(__always)
func logistic(_ x: Lane) -> Lane {
  let one = Lane(repeating: 1)
  let negative = x .< Lane.zero
  let small = exponential(x.replacing(with: -x, where: .!negative))
  let numerator = one.replacing(with: small, where: negative)
  return numerator / (one + small)
}

/// ln(1 + e^x) of sixteen lanes as max(x, 0) + log1p(e^-|x|).
@inline(__always)
func softplus(_ x: Lane) -> Lane {
  let one = Lane(repeating: 1)
  let small = exponential(x.replacing(with: -x, where: x .> Lane.zero))
  let sum = one + small
  // log1p: what the addition of one dropped is put back to first order.
  let tail = naturalLogarithm(sum) + (small - (sum - one)) / sum
  return larger(x, Lane.zero) + tail
}

/// y[i] = 1 / (1 + e^-x[i]).
///
/// `x` may be the same row as `y`. Error 4 ULP; gradual underflow below x = -87.
@inline(never)
package func sigmoidRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    store(logistic(load(x + i)), y + i)
    i = i &+ 16
  }
  if i < count { storePartial(logistic(loadPartial(x + i, count &- i)), y + i, count &- i) }
}

/// y[i] = ln(1 + e^x[i]).
///
/// `x` may be the same row as `y`. -ln sigmoid(x) is softplus(-x).
/// Error 4 ULP; for x > 17 it is x, for x < -104 it is 0, without overflow at any finite x.
@inline(never)
package func softplusRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    store(softplus(load(x + i)), y + i)
    i = i &+ 16
  }
  if i < count { storePartial(softplus(loadPartial(x + i, count &- i)), y + i, count &- i) }
}
