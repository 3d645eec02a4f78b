// JSON as bytes, safe for terminals and web pages.

import Files

/// Writes JSON after RFC 8259.
///
/// Besides what the format demands, strings escape everything that could drive a terminal or end a script element (C1,
/// DEL, bidirectional and zero-width controls, U+2028, U+2029, `<`), so the bytes may be shown raw.
package enum JSONText {
  /// Appends a value on one line.
  package static func appendCompact(_ value: JSONValue, to bytes: inout [UInt8]) {
    switch value {
    case .array(let elements):
      bytes.append(0x5B)
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        appendCompact(element, to: &bytes)
      }
      bytes.append(0x5D)
    case .object(let members):
      bytes.append(0x7B)
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        appendString(member.key, to: &bytes)
        bytes.append(0x3A)
        appendCompact(member.value, to: &bytes)
      }
      bytes.append(0x7D)
    default: appendScalar(value, to: &bytes)
    }
  }

  /// Appends a value over several lines, two spaces per level.
  package static func appendIndented(_ value: JSONValue, level: Int = 0, to bytes: inout [UInt8]) {
    switch value {
    case .array(let elements) where !elements.isEmpty:
      bytes.append(0x5B)
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        appendBreak(level + 1, to: &bytes)
        appendIndented(element, level: level + 1, to: &bytes)
      }
      appendBreak(level, to: &bytes)
      bytes.append(0x5D)
    case .object(let members) where !members.isEmpty:
      bytes.append(0x7B)
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        appendBreak(level + 1, to: &bytes)
        appendString(member.key, to: &bytes)
        bytes.append(contentsOf: [0x3A, 0x20])
        appendIndented(member.value, level: level + 1, to: &bytes)
      }
      appendBreak(level, to: &bytes)
      bytes.append(0x7D)
    default: appendCompact(value, to: &bytes)
    }
  }

  /// Appends a quoted string.
  package static func appendString(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(0x22)
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x3C }) {
      bytes.append(contentsOf: text.utf8)
    } else {
      for scalar in text.unicodeScalars { appendScalar(scalar, to: &bytes) }
    }
    bytes.append(0x22)
  }

  private static func appendScalar(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar.value {
    case 0x22: bytes.append(contentsOf: [0x5C, 0x22])
    case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
    case 0x08: bytes.append(contentsOf: [0x5C, 0x62])
    case 0x09: bytes.append(contentsOf: [0x5C, 0x74])
    case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
    case 0x0C: bytes.append(contentsOf: [0x5C, 0x66])
    case 0x0D: bytes.append(contentsOf: [0x5C, 0x72])
    case let value where value == 0x3C || TerminalText.mustEscape(value):
      for unit in UTF16.encode(scalar) ?? .init() {
        bytes.append(contentsOf: [0x5C, 0x75])
        for shift in [12, 8, 4, 0] { bytes.append(hexadecimal[Int((unit >> UInt16(shift)) & 15)]) }
      }
    default:
      for byte in UTF8.encode(scalar) ?? .init() { bytes.append(byte) }
    }
  }

  private static func appendScalar(_ value: JSONValue, to bytes: inout [UInt8]) {
    switch value {
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .integer(let number): bytes.append(contentsOf: number.description.utf8)
    // JSON has no way to write a number that is not finite.
    case .number(let number): bytes.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
    case .float(let number): bytes.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
    case .string(let text): appendString(text, to: &bytes)
    case .null, .array, .object: bytes.append(contentsOf: "null".utf8)
    }
  }

  private static func appendBreak(_ level: Int, to bytes: inout [UInt8]) {
    bytes.append(0x0A)
    for _ in 0..<level { bytes.append(contentsOf: [0x20, 0x20]) }
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)
}
