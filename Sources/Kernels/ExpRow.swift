// Exponential and natural logarithm of a row, by range reduction and polynomial.

/// e^x = e^r 2^n of sixteen lanes: e^r, and the bits of n + 1.5 * 2^23, for |x| below 2^21.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, n by adding and subtracting 1.5 * 2^23 (the integer is then in the low bits). e^r by
/// the polynomial of degree six with the least relative error (2.0e-9, fitted by linear programming on 2,001 Chebyshev
/// points) among those that are 1 at zero.
@inline(__always)
func exponentialParts(_ x: Lane) -> (mantissa: Lane, exponent: SIMD16<Int32>) {
  let magic = Lane(repeating: 12_582_912)
  let shifted = multiplyAdd(magic, x, Lane(repeating: 1.442_695_04))
  let whole = shifted - magic
  // ln 2 in two parts: the first has trailing zeros, so whole * first is exact.
  var rest = multiplyAdd(x, whole, Lane(repeating: -0.693_359_375))
  rest = multiplyAdd(rest, whole, Lane(repeating: 2.121_944_4e-4))
  // Pairs of coefficients side by side (Estrin): the chain of operations that wait for each other is half as long.
  let square = rest * rest
  let high = multiplyAdd(Lane(repeating: 8.374_195_55e-3), rest, Lane(repeating: 1.384_360_72e-3))
  let middle = multiplyAdd(Lane(repeating: 1.666_643_02e-1), rest, Lane(repeating: 4.166_800_53e-2))
  let low = multiplyAdd(Lane(repeating: 1), rest, Lane(repeating: 4.999_999_4e-1))
  let polynomial = multiplyAdd(low, multiplyAdd(middle, high, square), square)
  return (multiplyAdd(Lane(repeating: 1), polynomial, rest), unsafeBitCast(shifted, to: SIMD16<Int32>.self))
}

/// e^x of sixteen lanes.
///
/// 2^n in two factors, so that results reach the subnormals and infinity. Largest relative error over all finite results above
/// 2^-126: 1.25e-7 (2 ULP); NaN stays NaN.
@inline(__always)
func exponential(_ x: Lane) -> Lane {
  let (mantissa, shifted) = exponentialParts(smaller(larger(x, Lane(repeating: -104)), Lane(repeating: 89)))
  let exponent = shifted &- SIMD16<Int32>(repeating: 0x4B40_0000)
  let half = exponent &>> 1
  let bias = SIMD16<Int32>(repeating: 127)
  let first = unsafeBitCast((half &+ bias) &<< 23, to: Lane.self)
  let second = unsafeBitCast((exponent &- half &+ bias) &<< 23, to: Lane.self)
  return mantissa * first * second
}

/// e^r and 2^n, whose product is e^x, of sixteen lanes for sums of exponentials.
///
/// Largest relative error of the product for -87.3 <= x <= 88: 1.25e-7 (2 ULP). Below -87.7 it is zero, not the
/// subnormal number it should be; above 88.3 it is meaningless, NaN for infinity. NaN stays NaN. The product rounds
/// nothing above 2^-126.
@inline(__always)
func boundedExponentialParts(_ x: Lane) -> (mantissa: Lane, power: Lane) {
  let (mantissa, shifted) = exponentialParts(larger(x, Lane(repeating: -88)))
  return (mantissa, powerOfTwo(shifted))
}

/// 2^n of the bits of n + 1.5 * 2^23, for -127 <= n <= 127; zero for -127.
@inline(__always)
func powerOfTwo(_ shifted: SIMD16<Int32>) -> Lane {
  // The shift leaves n, and the sum adds the bias of an exponent.
  unsafeBitCast(shifted &<< 23 &+ SIMD16<Int32>(repeating: 127 << 23), to: Lane.self)
}

/// Natural logarithm of sixteen lanes.
///
/// x = m 2^e with m in [sqrt(1/2), sqrt(2)), log m by the degree-8 polynomial of Cephes' `logf`. Largest error 2 ULP of
/// the result; 0 gives -infinity, negative numbers NaN, infinity infinity, subnormals are scaled first.
@inline(__always)
func naturalLogarithm(_ x: Lane) -> Lane {
  let one = Lane(repeating: 1)
  let isSubnormal = x .< Lane(repeating: 0x1p-126)
  let scaled = x.replacing(with: x * Lane(repeating: 0x1p25), where: isSubnormal)
  let bits = unsafeBitCast(scaled, to: SIMD16<Int32>.self)
  // Subtracting the bits of sqrt(1/2) puts the border between exponents at sqrt(2).
  let offset = bits &- SIMD16<Int32>(repeating: 0x3F35_04F3)
  let exponentBits = offset &>> 23
  // To float by the magic number again: the conversion initialiser would leave a shared generic in this object.
  let magic = Lane(repeating: 12_582_912)
  let magicBits = SIMD16<Int32>(repeating: 0x4B40_0000)
  var exponent = unsafeBitCast(exponentBits &+ magicBits, to: Lane.self) - magic
  exponent = exponent.replacing(with: exponent - Lane(repeating: 25), where: isSubnormal)
  let mantissa = unsafeBitCast(bits &- (exponentBits &<< 23), to: Lane.self)
  let z = mantissa - one
  let square = z * z
  var polynomial = Lane(repeating: 7.037_683_629_2e-2)
  polynomial = multiplyAdd(Lane(repeating: -1.151_461_031_0e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: 1.167_699_874_0e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: -1.242_014_084_6e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: 1.424_932_278_7e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: -1.666_805_766_5e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: 2.000_071_476_5e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: -2.499_999_399_3e-1), polynomial, z)
  polynomial = multiplyAdd(Lane(repeating: 3.333_333_117_4e-1), polynomial, z)
  var correction = polynomial * z * square
  correction = multiplyAdd(correction, exponent, Lane(repeating: -2.121_944_40e-4))
  correction = correction - Lane(repeating: 0.5) * square
  var result = multiplyAdd(z + correction, exponent, Lane(repeating: 0.693_359_375))
  result = result.replacing(with: -Float.infinity, where: x .== Lane.zero)
  result = result.replacing(with: Float.nan, where: x .< Lane.zero)
  // Infinity and NaN are their own logarithm.
  return result.replacing(with: x, where: .!(x .< Lane(repeating: Float.infinity)))
}

/// y[i] = e^x[i].
///
/// `x` may be the same row as `y`. Error: see `exponential`, 2 ULP.
@inline(never)
package func expRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    store(exponential(load(x + i)), y + i)
    i = i &+ 16
  }
  if i < count { storePartial(exponential(loadPartial(x + i, count &- i)), y + i, count &- i) }
}

/// y[i] = e^(scale x[i] + shift); returns the sum of all y[i].
///
/// `x` may be the same row as `y`. Error: that of `boundedExponentialParts`, plus the rounding of its argument, which should not be
/// above 88; the sum is taken in Float inside blocks of 1,024 elements and in Double across, with error at most gamma(70) of itself.
@inline(never)
package func scaledExpRow(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float, _ shift: Float
) -> Double {
  let factor = Lane(repeating: scale)
  let offset = Lane(repeating: shift)
  var total = 0.0
  var start = 0
  while start < count {
    let end = count < start &+ 1024 ? count : start &+ 1024
    var sum = Lane.zero
    var i = start
    while i &+ 64 <= end {
      for unrolled in 0..<4 {
        let place = i &+ 16 &* unrolled
        let parts = boundedExponentialParts(multiplyAdd(offset, factor, load(x + place)))
        store(parts.mantissa * parts.power, y + place)
        // Fused: the product is exact above 2^-126, and additions in a row would be taken apart into sums of single lanes.
        sum = multiplyAdd(sum, parts.mantissa, parts.power)
      }
      i = i &+ 64
    }
    while i &+ 16 <= end {
      let parts = boundedExponentialParts(multiplyAdd(offset, factor, load(x + i)))
      store(parts.mantissa * parts.power, y + i)
      sum = multiplyAdd(sum, parts.mantissa, parts.power)
      i = i &+ 16
    }
    if i < end {
      let rest = end &- i
      let parts = boundedExponentialParts(multiplyAdd(offset, factor, loadPartial(x + i, rest)))
      var value = parts.mantissa * parts.power
      storePartial(value, y + i, rest)
      for lane in rest..<16 { value[lane] = 0 }
      sum += value
    }
    total += Double(laneSum(sum))
    start = end
  }
  return total
}

/// y[i] = ln x[i].
///
/// `x` may be the same row as `y`. Error: see `naturalLogarithm`, 2 ULP.
@inline(never)
package func logRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    store(naturalLogarithm(load(x + i)), y + i)
    i = i &+ 16
  }
  if i < count { storePartial(naturalLogarithm(loadPartial(x + i, count &- i)), y + i, count &- i) }
}
