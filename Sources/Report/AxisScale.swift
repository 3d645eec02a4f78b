// From values to places along an axis, and where its ticks are.

import Numerics

/// A linear or logarithmic axis over a range of values.
package struct AxisScale: Sendable {
  /// How values are spread.
  package enum Kind: Sendable, Equatable {
    case linear
    /// By the logarithm; values must be positive.
    case logarithmic
  }

  /// How values are spread.
  package let kind: Kind
  /// Smallest value shown.
  package let low: Double
  /// Largest value shown.
  package let high: Double

  /// An axis that holds all finite ones of some values.
  /// - Parameters:
  ///   - values: what is shown; those that are not finite, or not positive on a logarithmic axis, do not count.
  ///   - kind: the spread; without a positive value a logarithmic axis becomes linear.
  ///   - includesZero: whether a linear axis reaches to zero.
  ///   - rounded: whether the ends move outwards to the next tick, where lines and bars do not touch them.
  package init(
    _ values: some Sequence<Double>, kind: Kind = .linear, includesZero: Bool = false, rounded: Bool = true
  ) {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values where value.isFinite && value.magnitude < 1e30 && (kind == .linear || value > 1e-30) {
      low = min(low, value)
      high = max(high, value)
    }
    guard low <= high else {
      (self.kind, self.low, self.high) = (.linear, 0, 1)
      return
    }
    if kind == .linear && includesZero {
      low = min(low, 0)
      high = max(high, 0)
    }
    if low == high {
      let margin = kind == .logarithmic ? low / 2 : max(low.magnitude * 0.1, 1e-6)
      low -= margin
      high += margin
    }
    if rounded && kind == .linear {
      let step = Self.step(high - low)
      low = (low / step).rounded(.down) * step
      high = (high / step).rounded(.up) * step
    }
    (self.kind, self.low, self.high) = (kind, low, high)
  }

  /// Where a value lies, 0 at the low end and 1 at the high end; outside of [0, 1] for values outside.
  package func place(_ value: Double) -> Double {
    guard kind == .logarithmic else { return (value - low) / (high - low) }
    return (logarithm(max(value, 1e-30)) - logarithm(low)) / (logarithm(high) - logarithm(low))
  }

  /// Tick values with their texts, ascending; two at least.
  package var ticks: [(value: Double, label: String)] {
    if kind == .logarithmic {
      let candidates = Self.logarithmicTicks(low, high)
      if candidates.count >= 2 { return candidates.map { ($0, Self.label($0)) } }
    }
    let step = Self.step(high - low)
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    let decimals = max(0, -Int((binaryLogarithm(step) / binaryLogarithm(10)).rounded(.down)))
    let isTiny = decimals > 5 || max(low.magnitude, high.magnitude) >= 1e6
    return stride(from: first, through: max(first, last), by: 1).map { index in
      let value = index * step
      return (value, isTiny ? Self.label(value) : number(index == 0 ? 0 : value, decimals))
    }
  }

  /// The step among 1, 2 and 5 times a power of ten that gives three to six steps.
  private static func step(_ range: Double) -> Double {
    let raw = range / 4
    var power = 1.0
    while power > raw && power > 1e-300 { power /= 10 }
    while power * 10 <= raw && power < 1e300 { power *= 10 }
    // A power below one is found as the reciprocal of an exact one.
    if power < 1 { power = 1 / (1 / power).rounded() }
    let ratio = raw / power
    return power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10)
  }

  /// Powers of ten inside, thinned to five; with fewer than two of them 1, 2 and 5 times each.
  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    var powers: [Double] = []
    var exponent = Int((binaryLogarithm(low) / binaryLogarithm(10)).rounded(.down))
    while power(10, exponent) <= high * 1.000_001 {
      powers.append(power(10, exponent))
      exponent += 1
    }
    let inside = powers.filter { $0 >= low * 0.999_999 }
    if inside.count >= 3 {
      let stride = (inside.count + 4) / 5
      return inside.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }
    return powers.flatMap { [$0, 2 * $0, 5 * $0] }.filter { $0 >= low * 0.999_999 && $0 <= high * 1.000_001 }
  }

  /// A tick's text without needless zeros.
  private static func label(_ value: Double) -> String {
    let size = value.magnitude
    if size == 0 { return "0" }
    if size >= 1e5 || size < 1e-3 {
      let exponent = Int((binaryLogarithm(size) / binaryLogarithm(10) + 1e-9).rounded(.down))
      let mantissa = (value / power(10, exponent) * 10).rounded() / 10
      return number(mantissa, mantissa == mantissa.rounded() ? 0 : 1) + "e\(exponent)"
    }
    for decimals in 0..<4 where (size * power(10, decimals)).rounded() == size * power(10, decimals) {
      return number(value, decimals)
    }
    return number(value, 4)
  }
}
