// CRC32C (Castagnoli), the checksum of every tensor and header of a model file.

import CPlatform

/// A running CRC32C (RFC 3720, B.4): polynomial 0x1EDC6F41, reflected, initial value and final exclusive or all ones.
///
/// It finds every error burst of at most 32 bits, so every flipped bit. It detects accidents, not attackers.
/// The CPU's instruction is used where there is one; both ways give the same value.
package struct CRC32C: Sendable, Equatable {
  /// The checksum of the bytes so far; 0 for none.
  package private(set) var value: UInt32 = 0

  /// The checksum of no bytes.
  package init() {}

  /// The checksum of `bytes`.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0) }
  }

  /// The checksum of `bytes`.
  package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = CRC32C()
    sum.update(bytes)
    return sum.value
  }

  /// Continues the checksum with `bytes`.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    if Self.hasInstruction {
      value = cplatform_crc32c(value, base, bytes.count)
    } else {
      updateByTable(bytes)
    }
  }

  /// Continues the checksum by table look-up; for CPUs without the instruction, and the tests' comparison.
  package mutating func updateByTable(_ bytes: UnsafeRawBufferPointer) {
    var state = ~value
    for byte in bytes {
      state = (state >> 8) ^ Self.table[Int((state ^ UInt32(byte)) & 0xFF)]
    }
    value = ~state
  }

  /// The checksum of bytes that come in pieces, from the checksums of the pieces.
  package static func joined(_ pieces: [(value: UInt32, byteCount: Int)]) -> UInt32 {
    var result: UInt32 = 0
    for piece in pieces { result = cplatform_crc32c_joined(result, piece.value, UInt64(piece.byteCount)) }
    return result
  }

  /// Eight lower-case hexadecimal digits, as written in file headers.
  package static func text(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }

  /// The value of exactly eight lower-case hexadecimal digits; nil for anything else.
  package static func value(of text: String) -> UInt32? {
    guard text.utf8.count == 8 else { return nil }
    for byte in text.utf8 {
      guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
    }
    return UInt32(text, radix: 16)
  }

  private static let hasInstruction = cplatform_has_crc32c()

  private static let table: [UInt32] = (0..<256).map { byte in
    var state = UInt32(byte)
    for _ in 0..<8 { state = state & 1 == 1 ? (state >> 1) ^ 0x82F6_3B78 : state >> 1 }
    return state
  }
}
