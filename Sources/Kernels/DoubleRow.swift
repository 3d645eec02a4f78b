// Rows of floats whose arithmetic is in Double.

/// sum over i of a[i] b[i], in Double.
///
/// Products of two floats are exact in Double, so the sum has the same bits with and without fused instructions. Relative
/// error at most (count / 32 + 40) 2^-53 of the sum of magnitudes. Overflow cannot happen; NaN and infinity go through.
/// - Parameters:
///   - a: `count` floats.
///   - b: `count` floats.
@inline(never)
package func dotInDouble(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sum0 = DoubleLane.zero
  var sum1 = DoubleLane.zero
  var sum2 = DoubleLane.zero
  var sum3 = DoubleLane.zero
  var i = 0
  while i &+ 32 <= count {
    sum0 = multiplyAdd(sum0, widened(a + i), widened(b + i))
    sum1 = multiplyAdd(sum1, widened(a + i + 8), widened(b + i + 8))
    sum2 = multiplyAdd(sum2, widened(a + i + 16), widened(b + i + 16))
    sum3 = multiplyAdd(sum3, widened(a + i + 24), widened(b + i + 24))
    i = i &+ 32
  }
  while i &+ 8 <= count {
    sum0 = multiplyAdd(sum0, widened(a + i), widened(b + i))
    i = i &+ 8
  }
  var total = laneSum((sum0 + sum1) + (sum2 + sum3))
  while i < count {
    total += Double(a[i]) * Double(b[i])
    i = i &+ 1
  }
  return total
}

/// y = factor x, rounded to Double and then to Float.
/// - Parameters:
///   - factor: the factor.
///   - x: `count` floats; may be the same row as `y`.
///   - y: `count` floats, written.
@inline(never)
package func scaleInDouble(
  _ factor: Double, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
) {
  var i = 0
  while i &+ 8 <= count {
    UnsafeMutableRawPointer(y + i).storeBytes(
      of: narrowed(widened(x + i) * DoubleLane(repeating: factor)), as: SIMD8<Float>.self)
    i = i &+ 8
  }
  while i < count {
    y[i] = Float(Double(x[i]) * factor)
    i = i &+ 1
  }
}

/// Rounds a query to integers: n[i] = round(x[i] inverse), to nearest even.
/// - Parameters:
///   - x: `width` floats.
///   - width: length of the query.
///   - inverse: finite factor; every |x[i] inverse| must be below 2^31.
///   - scale: value of the integer one.
///   - integers: `width` numbers, rounded up to a multiple of eight, written; zeros after the query's.
/// - Returns: sum over i of (x[i] - n[i] scale)^2.
@inline(never)
package func roundQuery(
  _ x: UnsafePointer<Float>, _ width: Int, _ inverse: Double, _ scale: Double, _ integers: UnsafeMutablePointer<Int32>
) -> Double {
  // 1.5 * 2^52 leaves no bits for a fraction: the sum is rounded, and its low bits are the integer.
  let magic = DoubleLane(repeating: 6_755_399_441_055_744)
  var squares = DoubleLane.zero
  var column = 0
  while column < width {
    let value = width &- column < 8 ? widenedPartial(x + column, width &- column) : widened(x + column)
    let shifted = multiplyAdd(magic, value, DoubleLane(repeating: inverse))
    let error = value - (shifted - magic) * DoubleLane(repeating: scale)
    squares = multiplyAdd(squares, error, error)
    let bits = unsafeBitCast(shifted, to: SIMD16<Int32>.self)
    UnsafeMutableRawPointer(integers + column).storeBytes(of: bits.evenHalf, as: SIMD8<Int32>.self)
    column = column &+ 8
  }
  return laneSum(squares)
}

/// `sum + a * b`, fused where the instruction exists.
@inline(__always)
func multiplyAdd(_ sum: DoubleLane, _ a: DoubleLane, _ b: DoubleLane) -> DoubleLane {
  #if KERNEL_FMA || arch(arm64)
    return sum.addingProduct(a, b)
  #else
    return sum + a * b
  #endif
}

/// Eight floats as doubles.
@inline(__always)
func widened(_ pointer: UnsafePointer<Float>) -> DoubleLane {
  let value = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
  return DoubleLane(
    Double(value[0]), Double(value[1]), Double(value[2]), Double(value[3]), Double(value[4]), Double(value[5]),
    Double(value[6]), Double(value[7]))
}

/// The first `count` (below 8) floats as doubles, the other lanes zero; nothing past them is read.
@inline(__always)
func widenedPartial(_ pointer: UnsafePointer<Float>, _ count: Int) -> DoubleLane {
  // By way of memory, as `loadPartial`.
  var value = DoubleLane.zero
  withUnsafeMutablePointer(to: &value) { vector in
    let lanes = UnsafeMutableRawPointer(vector).assumingMemoryBound(to: Double.self)
    var lane = 0
    while lane < count {
      lanes[lane] = Double(pointer[lane])
      lane = lane &+ 1
    }
  }
  return value
}

/// Eight doubles rounded to floats.
@inline(__always)
func narrowed(_ value: DoubleLane) -> SIMD8<Float> {
  SIMD8(
    Float(value[0]), Float(value[1]), Float(value[2]), Float(value[3]), Float(value[4]), Float(value[5]),
    Float(value[6]), Float(value[7]))
}

/// The sum of the lanes, halves onto each other.
@inline(__always)
func laneSum(_ value: DoubleLane) -> Double {
  let four = value.lowHalf + value.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}
