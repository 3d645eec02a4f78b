// Writing JSON as UTF-8 bytes: compact for machines, indented for people.

/// How a JSON text is laid out.
package enum JSONStyle: Sendable {
  /// No white space at all: one line, for JSON Lines.
  case compact
  /// Two spaces a level; arrays of plain numbers that fit a line stay on it.
  case pretty
}

extension JSONValue {
  /// The JSON text as bytes, without a final newline.
  package func serialized(_ style: JSONStyle = .compact) throws(JSONError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2048)
    try append(to: &bytes, style: style)
    return bytes
  }

  /// The JSON text, without a final newline.
  package func text(_ style: JSONStyle = .compact) throws(JSONError) -> String {
    String(decoding: try serialized(style), as: UTF8.self)
  }

  /// Appends the JSON text to a buffer.
  ///
  /// Numbers take the shortest form that reads back as the same value. Beyond what RFC 8259 demands, `<`, DEL, the C1
  /// controls, the line and paragraph separators, the bidirectional controls and the byte order mark are written as `\u`
  /// escapes: the text is then safe in a terminal, in a script element and in tools that split lines at U+2028.
  /// - Throws: `JSONError.nonFinite` for NaN or infinity; the buffer is then as it was before the call.
  package func append(to bytes: inout [UInt8], style: JSONStyle = .compact) throws(JSONError) {
    let writer = JSONWriter(style: style)
    var buffer = JSONBuffer()
    defer { buffer.deallocate() }
    guard writer.write(self, into: &buffer, level: 0) else {
      throw .nonFinite(path: nonFinitePath(prefix: "$") ?? "$")
    }
    bytes.append(contentsOf: buffer.contents)
  }

  /// Where the first number that is not finite is; only asked for after a write failed.
  private func nonFinitePath(prefix: String) -> String? {
    switch self {
    case .number(let number): return number.isFinite ? nil : prefix
    case .float(let number): return number.isFinite ? nil : prefix
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        if let path = element.nonFinitePath(prefix: prefix + "[\(index)]") { return path }
      }
      return nil
    case .object(let members):
      for member in members {
        if let path = member.value.nonFinitePath(prefix: prefix + "." + member.key) { return path }
      }
      return nil
    default: return nil
    }
  }
}

private struct JSONWriter {
  let style: JSONStyle
  /// Longest array of numbers that `pretty` leaves on one line, in bytes.
  private static let lineWidth = 100

  init(style: JSONStyle) { self.style = style }

  /// Appends a value; false when it holds a number that is not finite.
  func write(_ value: JSONValue, into bytes: inout JSONBuffer, level: Int) -> Bool {
    switch value {
    case .null: bytes.append("null")
    case .bool(let flag): bytes.append(flag ? "true" : "false")
    case .integer(let integer): appendInteger(integer, to: &bytes)
    case .number(let number):
      guard number.isFinite else { return false }
      bytes.append(utf8Of: number.description)
    case .float(let number):
      guard number.isFinite else { return false }
      bytes.append(utf8Of: number.description)
    case .string(let text): appendString(text, to: &bytes)
    case .array(let elements): return writeArray(elements, into: &bytes, level: level)
    case .object(let members): return writeObject(members, into: &bytes, level: level)
    }
    return true
  }

  private func writeArray(_ elements: [JSONValue], into bytes: inout JSONBuffer, level: Int) -> Bool {
    bytes.append(UInt8(ascii: "["))
    if style == .pretty && !elements.isEmpty {
      if elements.allSatisfy(\.isNumber) {
        let start = bytes.count
        for (index, element) in elements.enumerated() {
          if index > 0 { bytes.append(", ") }
          guard write(element, into: &bytes, level: level) else { return false }
        }
        if bytes.count - start <= Self.lineWidth {
          bytes.append(UInt8(ascii: "]"))
          return true
        }
        bytes.truncate(to: start)
      }
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendLineBreak(to: &bytes, level: level + 1)
        guard write(element, into: &bytes, level: level + 1) else { return false }
      }
      appendLineBreak(to: &bytes, level: level)
    } else {
      for index in elements.indices {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        guard write(elements[index], into: &bytes, level: level + 1) else { return false }
      }
    }
    bytes.append(UInt8(ascii: "]"))
    return true
  }

  private func writeObject(_ members: [JSONValue.Member], into bytes: inout JSONBuffer, level: Int) -> Bool {
    bytes.append(UInt8(ascii: "{"))
    for index in members.indices {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if style == .pretty { appendLineBreak(to: &bytes, level: level + 1) }
      appendString(members[index].key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      if style == .pretty { bytes.append(UInt8(ascii: " ")) }
      guard write(members[index].value, into: &bytes, level: level + 1) else { return false }
    }
    if style == .pretty && !members.isEmpty { appendLineBreak(to: &bytes, level: level) }
    bytes.append(UInt8(ascii: "}"))
    return true
  }

  private func appendLineBreak(to bytes: inout JSONBuffer, level: Int) {
    bytes.append(UInt8(ascii: "\n"))
    for _ in 0..<level { bytes.append("  ") }
  }

  private func appendInteger(_ value: Int, to bytes: inout JSONBuffer) {
    var magnitude = value.magnitude
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var divisor: UInt = 1
    while magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude / divisor))
      magnitude %= divisor
      divisor /= 10
    }
  }

  private func appendString(_ text: String, to bytes: inout JSONBuffer) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { appendEscaped($0, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Copies runs of plain bytes and escapes what lies between them.
  private func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout JSONBuffer) {
    var runStart = 0
    var index = 0
    while index < utf8.count {
      let byte = utf8[index]
      let isSpecial =
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "<")
        || byte == 0x7F || byte == 0xC2 || byte == 0xD8 || byte == 0xE2 || byte == 0xEF
      guard isSpecial else {
        index += 1
        continue
      }
      var length = 1
      var code: UInt32? = UInt32(byte)
      switch byte {
      case 0xC2:  // U+0080...U+009F, the C1 controls
        length = 2
        code = index + 1 < utf8.count && utf8[index + 1] < 0xA0 ? UInt32(utf8[index + 1]) : nil
      case 0xD8:  // U+061C, the Arabic letter mark
        length = 2
        code = index + 1 < utf8.count && utf8[index + 1] == 0x9C ? 0x061C : nil
      case 0xE2:
        length = 3
        code = index + 2 < utf8.count ? Self.controlOfGeneralPunctuation(utf8[index + 1], utf8[index + 2]) : nil
      case 0xEF:  // U+FEFF, the byte order mark: invisible, and dropped by readers at the start of a text
        length = 3
        code = index + 2 < utf8.count && utf8[index + 1] == 0xBB && utf8[index + 2] == 0xBF ? 0xFEFF : nil
      default: break
      }
      guard let code else {
        index += length
        continue
      }
      bytes.append(UnsafeBufferPointer(rebasing: utf8[runStart..<index]))
      appendEscape(code, to: &bytes)
      index += length
      runStart = index
    }
    bytes.append(UnsafeBufferPointer(rebasing: utf8[min(runStart, utf8.count)...]))
  }

  /// The line, paragraph and bidirectional controls among the characters that begin with the byte E2.
  private static func controlOfGeneralPunctuation(_ second: UInt8, _ third: UInt8) -> UInt32? {
    if second == 0x80 && (0xA8...0xAE).contains(third) { return 0x2028 + UInt32(third - 0xA8) }
    if second == 0x80 && (0x8E...0x8F).contains(third) { return 0x200E + UInt32(third - 0x8E) }
    if second == 0x81 && (0xA6...0xA9).contains(third) { return 0x2066 + UInt32(third - 0xA6) }
    return nil
  }

  private func appendEscape(_ code: UInt32, to bytes: inout JSONBuffer) {
    bytes.append(UInt8(ascii: "\\"))
    switch code {
    case 0x22: bytes.append(UInt8(ascii: "\""))
    case 0x5C: bytes.append(UInt8(ascii: "\\"))
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      bytes.append(UInt8(ascii: "u"))
      for shift in stride(from: 12, through: 0, by: -4) {
        let digit = UInt8(truncatingIfNeeded: code >> UInt32(shift)) & 0xF
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }
}
