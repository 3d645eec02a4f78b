// The C library's exponential in Double, used off the hot path only.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// e to the power of a value, in Double.
func exponential(_ value: Double) -> Double { exp(value) }
