// Conversion between IEEE 754 binary16 bit patterns and floats.
//
// By integer arithmetic in both builds: the same bits everywhere, and no conversion routine of a C library.

/// y[i] = the value of the binary16 pattern x[i]; exact, subnormals, infinities and NaN (payload kept) included.
@inline(never)
package func halfToFloatRow(_ x: UnsafePointer<UInt16>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    // Eight pairs of patterns, each pair one little-endian word: widened by mask and shift, then interleaved. The
    // widening initialiser would leave a shared generic in this object.
    let pairs = UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<UInt32>.self)
    var bits = SIMD16<UInt32>.zero
    bits.evenHalf = pairs & SIMD8(repeating: 0xFFFF)
    bits.oddHalf = pairs &>> 16
    store(floats(fromHalves: bits), y + i)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    var bits = SIMD16<UInt32>.zero
    for lane in 0..<rest { bits[lane] = UInt32(x[i &+ lane]) }
    storePartial(floats(fromHalves: bits), y + i, rest)
  }
}

/// y[i] = the binary16 pattern nearest to x[i], ties to even; above 65,519.99 infinity; NaN stays NaN (quiet).
@inline(never)
package func floatToHalfRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt16>, _ count: Int) {
  var i = 0
  while i &+ 16 <= count {
    let bits = halves(fromFloats: load(x + i))
    UnsafeMutableRawPointer(y + i).storeBytes(of: bits.evenHalf | bits.oddHalf &<< 16, as: SIMD8<UInt32>.self)
    i = i &+ 16
  }
  if i < count {
    let rest = count &- i
    let bits = halves(fromFloats: loadPartial(x + i, rest))
    for lane in 0..<rest { y[i &+ lane] = UInt16(truncatingIfNeeded: bits[lane]) }
  }
}

/// Sixteen floats from binary16 patterns in the low halves of the lanes.
@inline(__always)
func floats(fromHalves bits: SIMD16<UInt32>) -> Lane {
  let sign = (bits & SIMD16(repeating: 0x8000)) &<< 16
  let magnitude = (bits & SIMD16(repeating: 0x7FFF)) &<< 13
  // Read with the exponent bias of Float and corrected by a multiplication, which also normalises subnormals.
  let value = unsafeBitCast(magnitude, to: Lane.self) * Lane(repeating: 0x1p112)
  let special = magnitude | SIMD16(repeating: 0x7F80_0000)
  let isSpecial = unsafeBitCast(magnitude, to: SIMD16<Int32>.self) .>= SIMD16<Int32>(repeating: 0x0F80_0000)
  let absolute = value.replacing(with: unsafeBitCast(special, to: Lane.self), where: isSpecial)
  return unsafeBitCast(unsafeBitCast(absolute, to: SIMD16<UInt32>.self) | sign, to: Lane.self)
}

/// Sixteen binary16 patterns, one in each lane, from floats.
@inline(__always)
func halves(fromFloats value: Lane) -> SIMD16<UInt32> {
  let bits = unsafeBitCast(value, to: SIMD16<UInt32>.self)
  let sign = (bits & SIMD16(repeating: 0x8000_0000)) &>> 16
  let absoluteBits = bits & SIMD16(repeating: 0x7FFF_FFFF)
  let absolute = unsafeBitCast(absoluteBits, to: Lane.self)
  // Results below 2^-14 are subnormal: adding 0.5 makes the float unit round at 2^-24, the spacing of subnormals.
  let subnormal =
    unsafeBitCast(absolute + Lane(repeating: 0.5), to: SIMD16<UInt32>.self) &- SIMD16(repeating: 0x3F00_0000)
  // Others: rebias the exponent and add half a unit less the last kept bit's complement, then cut.
  let odd = (absoluteBits &>> 13) & SIMD16(repeating: 1)
  let normal = (absoluteBits &- SIMD16(repeating: 0x3800_0000) &+ SIMD16(repeating: 0xFFF) &+ odd) &>> 13
  var result = normal.replacing(with: subnormal, where: asIntegerMask(absolute .< Lane(repeating: 0x1p-14)))
  let infinity = SIMD16<UInt32>(repeating: 0x7C00)
  result = result.replacing(with: infinity, where: asIntegerMask(absolute .>= Lane(repeating: 65_520)))
  result = result.replacing(with: SIMD16(repeating: 0x7E00), where: asIntegerMask(value .!= value))
  return result | sign
}

/// The same mask for lanes of another element type of equal width.
@inline(__always)
func asIntegerMask(_ mask: SIMDMask<SIMD16<Int32>>) -> SIMDMask<SIMD16<UInt32>.MaskStorage> { mask }
