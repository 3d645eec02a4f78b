// Levels, number distributions and error measures shared by the kernel tests.

import Glibc
import Numerics

/// The levels this processor runs; `SIMDLevelTests` reports a level that is missing.
let supportedLevels = SIMDLevel.allCases.filter(\.isSupported)

/// Lengths around every vector and unrolling border.
let kernelLengths = Array(0...130)

/// How test numbers are drawn.
enum Distribution: CaseIterable, Sendable {
  case uniform, logNormal, large, small

  /// `count` numbers, a function of the arguments only.
  func values(_ count: Int, salt: Int = 0) -> [Float] {
    var stream = RandomStream(seed: 11, purpose: .test, epoch: count, step: salt)
    return (0..<count).map { _ in
      let sign: Double = stream.uniform() < 0.5 ? -1 : 1
      switch self {
      case .uniform: return Float(sign * stream.uniformDouble())
      case .logNormal: return Float(sign * Glibc.exp(2 * stream.normal()))
      case .large: return Float(sign * (1 + stream.uniformDouble()) * 1e15)
      case .small: return Float(sign * (1 + stream.uniformDouble()) * 1e-15)
      }
    }
  }
}

/// The error factor of n rounded operations, gamma(n) = n u / (1 - n u) with u = 2^-24.
///
/// Source: Higham 2002, lemma 3.1.
func gamma(_ n: Int) -> Double { Double(n) * 0x1p-24 / (1 - Double(n) * 0x1p-24) }

/// Distance of a Float from the true value, in units of the last place of the true value.
func unitsInLastPlace(_ value: Float, _ reference: Double) -> Double {
  if value.isNaN || reference.isNaN { return value.isNaN && reference.isNaN ? 0 : .infinity }
  if value.isInfinite {
    // Right when the true value rounds to infinity too.
    return Float(reference) == value ? 0 : .infinity
  }
  let spacing = max(Double(Float(reference).magnitude.ulp), 0x1p-149)
  if Float(reference).isInfinite { return .infinity }
  return (Double(value) - reference).magnitude / spacing
}

/// Calls `body` for every length, placement and distribution.
func forEveryRow(_ body: (_ count: Int, _ placement: Placement, _ distribution: Distribution) -> Void) {
  for count in kernelLengths {
    for placement in Placement.allCases {
      for distribution in Distribution.allCases { body(count, placement, distribution) }
    }
  }
}

/// The largest value seen and where, so that one expectation covers thousands of cases.
struct Worst {
  private(set) var value = 0.0
  private(set) var place = ""

  /// Keeps `candidate` when it is larger or not a number.
  mutating func note(_ candidate: Double, _ description: @autoclosure () -> String) {
    if !(candidate <= value) {
      value = candidate.isNaN ? .infinity : candidate
      place = description()
    }
  }
}
