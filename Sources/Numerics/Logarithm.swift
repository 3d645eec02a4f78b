// The C library's logarithm in Double, used off the hot path only.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Natural logarithm in Double.
package func logarithm(_ value: Double) -> Double { log(value) }
