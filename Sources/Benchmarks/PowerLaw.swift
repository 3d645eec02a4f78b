// How a measured quantity grows: the exponent of a power, and the slope of a line.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// y = c xᵖ through measured points, by least squares of log y on log x.
package struct PowerLaw: Sendable {
  /// The exponent p: 1 where time grows as the size does, 0 where the size does not matter.
  package let exponent: Double
  /// The factor c.
  package let factor: Double

  /// Fits the points; nil with fewer than two sizes, or where one is not positive.
  package init?(_ points: [(x: Double, y: Double)]) {
    guard points.allSatisfy({ $0.x > 0 && $0.y > 0 && $0.x.isFinite && $0.y.isFinite }),
      let line = StraightLine(points.map { (x: log($0.x), y: log($0.y)) })
    else { return nil }
    exponent = line.slope
    factor = exp(line.intercept)
  }

  /// c xᵖ.
  package func value(at x: Double) -> Double { factor * pow(x, exponent) }
}

/// y = a + b x through measured points, by least squares.
package struct StraightLine: Sendable {
  /// The slope b.
  package let slope: Double
  /// The value a at 0.
  package let intercept: Double

  /// Fits the points; nil with fewer than two different x.
  package init?(_ points: [(x: Double, y: Double)]) {
    let count = Double(points.count)
    guard count > 1 else { return nil }
    let meanX = points.reduce(0) { $0 + $1.x } / count
    let meanY = points.reduce(0) { $0 + $1.y } / count
    let squares = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
    guard squares > 0 else { return nil }
    slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / squares
    intercept = meanY - slope * meanX
  }

  /// a + b x.
  package func value(at x: Double) -> Double { intercept + slope * x }
}
