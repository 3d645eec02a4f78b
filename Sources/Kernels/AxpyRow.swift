// A scaled row added to, or written over, another.

/// y[i] += alpha x[i]; each element is one multiplication and one addition (one rounding where fused).
/// - Parameters:
///   - x: `count` floats; may be the same row as `y`.
///   - y: `count` floats, updated.
@inline(never)
package func axpyRow(_ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  let factor = Lane(repeating: alpha)
  var i = 0
  while i &+ 16 <= count {
    store(multiplyAdd(load(y + i), factor, load(x + i)), y + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    storePartial(multiplyAdd(loadPartial(y + i, rest), factor, loadPartial(x + i, rest)), y + i, rest)
  }
}

/// y[i] = alpha x[i]; `x` may be the same row as `y`.
@inline(never)
package func scaleRow(_ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  let factor = Lane(repeating: alpha)
  var i = 0
  while i &+ 16 <= count {
    store(factor * load(x + i), y + i)
    i = i &+ 16
  }
  if i < count {
    storePartial(factor * loadPartial(x + i, count &- i), y + i, count &- i)
  }
}

/// z[i] = x[i] y[i]; `z` may be the same row as either factor.
@inline(never)
package func multiplyRow(
  _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ z: UnsafeMutablePointer<Float>, _ count: Int
) {
  var i = 0
  while i &+ 16 <= count {
    store(load(x + i) * load(y + i), z + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    storePartial(loadPartial(x + i, rest) * loadPartial(y + i, rest), z + i, rest)
  }
}
