// The C library's elementary functions in Double, used off the hot path only.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Natural logarithm.
package func logarithm(_ value: Double) -> Double { log(value) }

/// Logarithm to base 2.
package func binaryLogarithm(_ value: Double) -> Double { log2(value) }

/// log(1 + x), accurate for small x.
package func logarithmOfOnePlus(_ value: Double) -> Double { log1p(value) }

/// e to the power x.
package func exponential(_ value: Double) -> Double { exp(value) }

/// e to the power x, minus 1, accurate for small x.
package func exponentialMinusOne(_ value: Double) -> Double { expm1(value) }

/// base to a whole power.
package func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }
