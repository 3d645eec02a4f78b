// Validity of UTF-8 bytes, without making a string of them.

package enum UTF8Check {
  /// True when all bytes are ASCII and none is NUL; eight bytes at a time.
  package static func isPlainASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let raw = UnsafeRawBufferPointer(bytes)
    var index = 0
    // A byte is rejected when its top bit is set or when subtracting 1 borrows into it, which only NUL does here.
    while index + 8 <= raw.count {
      let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 != 0 { return false }
      index += 8
    }
    while index < raw.count {
      if raw[index] == 0 || raw[index] >= 0x80 { return false }
      index += 1
    }
    return true
  }

  /// True when the bytes are well-formed UTF-8 (The Unicode Standard, table 3-7): no overlong forms, no surrogates,
  /// nothing beyond U+10FFFF.
  package static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count {
      let first = bytes[index]
      if first < 0x80 {
        index += 1
        continue
      }
      let length: Int
      var secondRange: ClosedRange<UInt8> = 0x80...0xBF
      switch first {
      case 0xC2...0xDF: length = 2
      case 0xE0:
        length = 3
        secondRange = 0xA0...0xBF
      case 0xED:
        length = 3
        secondRange = 0x80...0x9F
      case 0xE1...0xEF: length = 3
      case 0xF0:
        length = 4
        secondRange = 0x90...0xBF
      case 0xF1...0xF3: length = 4
      case 0xF4:
        length = 4
        secondRange = 0x80...0x8F
      default: return false
      }
      guard index + length <= bytes.count, secondRange.contains(bytes[index + 1]) else { return false }
      for offset in 2..<max(2, length) where bytes[index + offset] & 0xC0 != 0x80 { return false }
      index += length
    }
    return true
  }
}
