// Numbers from bytes, correctly rounded, fast for the short ones that ratings and timestamps are.

package enum DecimalNumber {
  /// Powers of ten that are exact in Double.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  /// Longest number accepted, in bytes; the longest exact decimal of a Double has 767 significant digits.
  package static let lengthLimit = 2048

  /// The value of a decimal number such as `-1.5` or `8.8e8`; nil when the bytes are not one.
  ///
  /// Up to 15 digits without exponent, digits and power of ten are exact and one division rounds once (Clinger 1990);
  /// everything else takes the standard library's parser. `nan` and `inf` have their values, for the caller to refuse;
  /// hexadecimal forms are not numbers here.
  package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var index = 0
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { index = 1 }
    var significand = 0
    var digits = 0
    var fraction = 0
    var hasPoint = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
        digits += 1
        if digits > 15 { return general(bytes) }
        significand = significand * 10 + Int(byte - UInt8(ascii: "0"))
        if hasPoint { fraction += 1 }
      } else if byte == UInt8(ascii: ".") && !hasPoint {
        hasPoint = true
      } else {
        return general(bytes)
      }
      index += 1
    }
    guard digits > 0 else { return nil }
    let magnitude = Double(significand) / powers[fraction]
    return isNegative ? -magnitude : magnitude
  }

  private static func general(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    guard bytes.count <= lengthLimit, !bytes.contains(where: { $0 | 0x20 == UInt8(ascii: "x") || $0 >= 0x80 }) else {
      return nil
    }
    return Double(String(decoding: bytes, as: UTF8.self))
  }
}
