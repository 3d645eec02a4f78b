// A 64-bit hash that is the same in every process and on every machine.

/// FNV-1a over bytes, finished by a mixer (Fowler, Noll and Vo; finalizer of MurmurHash3).
///
/// It names data (`DataSet.fingerprint`) and keys the random draws of a user or an item; it is no protection against
/// someone who wants a collision.
package struct StableHash: Sendable {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The hash of nothing so far.
  package init() {}

  /// Adds bytes.
  package mutating func combine(_ bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  }

  /// Adds a number as a whole.
  package mutating func combine(_ value: Int) {
    // One multiplication for eight bytes: fingerprints cover tens of millions of numbers.
    var mixed = state ^ UInt64(bitPattern: Int64(value))
    mixed = (mixed ^ (mixed >> 32)) &* 0x0000_0100_0000_01B3 &* 0x9E37_79B9_7F4A_7C15
    state = mixed
  }

  /// The hash of everything that was added.
  package var value: UInt64 {
    var mixed = state
    mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return mixed ^ (mixed >> 33)
  }

  /// The hash of one string of bytes.
  package static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = StableHash()
    hash.combine(bytes)
    return hash.value
  }
}
