// One step of the Adam optimiser on a row.

/// Adam (Kingma and Ba 2015, algorithm 1), epsilon outside the root, bias-corrected, as PyTorch's `Adam`:
/// g = gradient + decay p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
/// p -= stepSize m / (sqrt(v) / rootCorrection + epsilon).
/// - Parameters:
///   - parameter: p, `count` floats, updated.
///   - gradient: the gradient but for the L2 penalty, `count` floats.
///   - decay: 2 w of a penalty w |p|^2, or 0.
///   - firstMoment: m, updated.
///   - secondMoment: v, updated.
///   - count: number of elements.
///   - stepSize: learning rate / (1 - beta1^t) for step t = 1, 2, ...
///   - beta1: decay of the first moment.
///   - beta2: decay of the second moment.
///   - epsilon: added to the root.
///   - rootCorrection: sqrt(1 - beta2^t).
@inline(never)
package func adamStepRow(
  _ parameter: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ decay: Float,
  _ firstMoment: UnsafeMutablePointer<Float>, _ secondMoment: UnsafeMutablePointer<Float>, _ count: Int,
  _ stepSize: Float, _ beta1: Double, _ beta2: Double, _ epsilon: Float, _ rootCorrection: Float
) {
  // 1 - 0.999 taken in Float is wrong by 1.3e-5 relative, and so would be the second moment.
  let decay1 = Lane(repeating: Float(beta1))
  let decay2 = Lane(repeating: Float(beta2))
  let rest1 = Lane(repeating: Float(1 - beta1))
  let rest2 = Lane(repeating: Float(1 - beta2))
  let penalty = Lane(repeating: decay)
  let step = Lane(repeating: stepSize)
  let inverseCorrection = Lane(repeating: 1 / rootCorrection)
  let floor = Lane(repeating: epsilon)
  var i = 0
  while i &+ 16 <= count {
    let p = load(parameter + i)
    let g = multiplyAdd(load(gradient + i), penalty, p)
    let m = multiplyAdd(rest1 * g, decay1, load(firstMoment + i))
    let v = multiplyAdd(rest2 * (g * g), decay2, load(secondMoment + i))
    store(m, firstMoment + i)
    store(v, secondMoment + i)
    let denominator = multiplyAdd(floor, v.squareRoot(), inverseCorrection)
    store(p - step * m / denominator, parameter + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    let p = loadPartial(parameter + i, rest)
    let g = multiplyAdd(loadPartial(gradient + i, rest), penalty, p)
    let m = multiplyAdd(rest1 * g, decay1, loadPartial(firstMoment + i, rest))
    let v = multiplyAdd(rest2 * (g * g), decay2, loadPartial(secondMoment + i, rest))
    storePartial(m, firstMoment + i, rest)
    storePartial(v, secondMoment + i, rest)
    let denominator = multiplyAdd(floor, v.squareRoot(), inverseCorrection)
    storePartial(p - step * m / denominator, parameter + i, rest)
  }
}
