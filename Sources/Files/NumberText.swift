// Numbers as text, without Foundation.

/// Numbers as the renderers write them.
package enum NumberText {
  /// The shortest form that reads back as the same number.
  ///
  /// A value that is exactly a Float is written in the shortest form of that Float, so `0.1` computed in single
  /// precision reads `0.1` in every mode. Not finite: nil.
  package static func shortest(_ value: Double) -> String? {
    guard value.isFinite else { return nil }
    let single = Float(value)
    return Double(single) == value ? single.description : value.description
  }

  /// The value with `decimals` digits after the point, or with an exponent when that would show nothing but zeros or
  /// more than 15 digits before the point.
  ///
  /// Not finite: `-`.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return "-" }
    let digits = min(max(decimals, 0), 17)
    if value == 0 { return digits == 0 ? "0" : "0." + String(repeating: "0", count: digits) }
    let power = powersOfTen[digits]
    let scaled = (abs(value) * power).rounded(.toNearestOrAwayFromZero)
    if scaled < 1 { return exponent(value) }
    // Beyond 2^53 the scaled value is no longer an exact integer: more digits would be invented ones.
    if scaled >= 9_007_199_254_740_992 { return shortest(value) ?? "-" }
    let whole = UInt64(scaled)
    let unit = UInt64(power)
    var text = value < 0 ? "-" : ""
    text += String(whole / unit)
    guard digits > 0 else { return text }
    let fraction = String(whole % unit)
    text += "."
    text += String(repeating: "0", count: digits - fraction.utf8.count)
    text += fraction
    return text
  }

  /// Two significant digits and an exponent, such as `1.2e-07`.
  private static func exponent(_ value: Double) -> String {
    var magnitude = abs(value)
    var power = 0
    while magnitude < 1 && power > -400 {
      magnitude *= 10
      power -= 1
    }
    var tenths = Int((magnitude * 10).rounded(.toNearestOrAwayFromZero))
    if tenths >= 100 {
      tenths /= 10
      power += 1
    }
    let size = String(abs(power))
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(tenths / 10).\(tenths % 10)e\(power < 0 ? "-" : "+")\(size.utf8.count == 1 ? "0" : "")\(size)"
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  ]
}
