// Bias and leaky rectifier of a row, and their gradient.

import CPlatform

/// y[i] = f(x[i] + bias[i]) with f(z) = z for z > 0, slope z otherwise.
/// - Parameters:
///   - x: `count` floats; may be the same row as `y`.
///   - bias: `count` floats.
///   - y: `count` floats, written.
///   - slope: factor of the negative side, positive (0.2 in the projectors of DaRec).
@inline(never)
package func biasLeakyReLURow(
  _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
  _ slope: Float
) {
  let factor = Lane(repeating: slope)
  var i = 0
  while i &+ 16 <= count {
    let z = load(x + i) + load(bias + i)
    store(z.replacing(with: factor * z, where: .!(z .> Lane.zero)), y + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    let z = loadPartial(x + i, rest) + loadPartial(bias + i, rest)
    storePartial(z.replacing(with: factor * z, where: .!(z .> Lane.zero)), y + i, rest)
  }
}

/// gradientIn[i] = gradientOut[i] f'(z[i]), read from the forward result `y`, whose sign is that of z.
///
/// The gradient of the bias is the sum of `gradientIn` over rows.
/// - Parameters:
///   - gradientOut: `count` floats; may be the same row as `gradientIn`.
///   - y: the forward result, `count` floats.
///   - gradientIn: `count` floats, written.
///   - slope: the forward slope, positive (with slope 0 a zero result would hide the sign).
@inline(never)
package func leakyReLUGradientRow(
  _ gradientOut: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ gradientIn: UnsafeMutablePointer<Float>,
  _ count: Int, _ slope: Float
) {
  let factor = Lane(repeating: slope)
  var i = 0
  while i &+ 16 <= count {
    store(leakyReLUGradient(load(gradientOut + i), load(y + i), factor), gradientIn + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    let result = leakyReLUGradient(loadPartial(gradientOut + i, rest), loadPartial(y + i, rest), factor)
    storePartial(result, gradientIn + i, rest)
  }
}

/// The forward result `y` gives way to the gradient of its pre-activation, which is added to `sums`:
/// y[i] = gradientOut[i] f'(z[i]); sums[i] += y[i].
/// - Parameters:
///   - gradientOut: `count` floats.
///   - y: the forward result, `count` floats, overwritten.
///   - sums: `count` floats, updated.
///   - slope: the forward slope, as in `leakyReLUGradientRow`.
///   - ahead: a row that is needed soon; its lines are asked for.
@inline(never)
package func hiddenGradientRow(
  _ gradientOut: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
  _ count: Int, _ slope: Float, _ ahead: UnsafePointer<Float>
) {
  let factor = Lane(repeating: slope)
  var i = 0
  while i &+ 16 <= count {
    cplatform_prefetch_near(ahead + i)
    let result = leakyReLUGradient(load(gradientOut + i), load(y + i), factor)
    store(result, y + i)
    store(load(sums + i) + result, sums + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    let result = leakyReLUGradient(loadPartial(gradientOut + i, rest), loadPartial(y + i, rest), factor)
    storePartial(result, y + i, rest)
    storePartial(loadPartial(sums + i, rest) + result, sums + i, rest)
  }
}

/// The gradient where the forward result is above zero, `factor` times it elsewhere.
@inline(__always)
func leakyReLUGradient(_ gradient: Lane, _ y: Lane, _ factor: Lane) -> Lane {
  gradient.replacing(with: factor * gradient, where: .!(y .> Lane.zero))
}
