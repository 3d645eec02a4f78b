// A strict JSON parser over bytes (RFC 8259).

extension JSONValue {
  /// Parses one JSON text.
  ///
  /// Stricter than RFC 8259 demands, because a lenient reader lets two programs disagree about one file: duplicate
  /// member names, unpaired surrogate escapes, invalid UTF-8, a byte order mark and anything after the value are
  /// errors. A number without fraction and exponent that fits `Int` becomes `.integer` (`-0` becomes `.number`); all
  /// others become `.number`, rounded to the nearest Double; numbers beyond its range are errors.
  package static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(JSONError) in try parse(raw, limits: limits) }
    }
    return try result.get()
  }

  /// Parses one JSON text in memory that stays valid and unchanged during the call.
  package static func parse(
    _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes: bytes, limits: limits)
    return try parser.document()
  }

  /// Parses one JSON text.
  package static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  /// Reads and parses a file.
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: what is accepted; a longer file is refused before it is read.
  package static func read(_ path: String, limits: JSONLimits = JSONLimits()) throws(FileError) -> JSONValue {
    let bytes = try FileReader.contents(of: path, limit: limits.bytes)
    do {
      return try parse(bytes, limits: limits)
    } catch {
      throw .malformed(path: path, detail: error.description)
    }
  }
}

/// Recursive descent; the depth limit bounds the stack.
private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let limits: JSONLimits
  var position = 0
  var depth = 0

  init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONError) -> JSONValue {
    guard bytes.count <= limits.bytes else {
      throw failure("the text has \(bytes.count) bytes; at most \(limits.bytes) are accepted")
    }
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
      throw failure("a byte order mark is not allowed; save the file as UTF-8 without one")
    }
    skipSpace()
    let result = try value()
    skipSpace()
    guard position == bytes.count else { throw failure("text after the end of the value") }
    return result
  }

  mutating func value() throws(JSONError) -> JSONValue {
    guard position < bytes.count else { throw failure("the text ends where a value is needed") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw failure("not the beginning of a value")
    }
  }

  mutating func object() throws(JSONError) -> JSONValue {
    try enter()
    var members: [JSONValue.Member] = []
    // Names are compared when their hashes are equal; many hashes go into a set, so that a hostile object with a
    // million members is not quadratic. The hash is seeded by the standard library: nobody can choose names that
    // collide.
    var hashes: [Int] = []
    var manyHashes = Set<Int>()
    skipSpace()
    if take(UInt8(ascii: "}")) {
      depth -= 1
      return .object(members)
    }
    while true {
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw failure("a member name in double quotes is needed")
      }
      let start = position
      let key = try string()
      let hash = Self.hash(key)
      var isSuspect: Bool
      if hashes.count < 32 {
        isSuspect = hashes.contains(hash)
        hashes.append(hash)
      } else {
        if manyHashes.isEmpty { manyHashes.formUnion(hashes) }
        isSuspect = !manyHashes.insert(hash).inserted
      }
      // By bytes: Swift's == would call composed and decomposed forms of a name the same.
      if isSuspect, members.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
        throw failure("the member name occurs twice in one object", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("':' is needed after a member name") }
      skipSpace()
      members.append(JSONValue.Member(key, try value()))
      skipSpace()
      if take(UInt8(ascii: "}")) { break }
      guard take(UInt8(ascii: ",")) else { throw failure("',' or '}' is needed after a member") }
      skipSpace()
    }
    depth -= 1
    return .object(members)
  }

  private static func hash(_ key: String) -> Int {
    var key = key
    return key.withUTF8 { bytes in
      var hasher = Hasher()
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
      return hasher.finalize()
    }
  }

  mutating func array() throws(JSONError) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) {
      depth -= 1
      return .array(elements)
    }
    while true {
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { break }
      guard take(UInt8(ascii: ",")) else { throw failure("',' or ']' is needed after an element") }
      skipSpace()
    }
    depth -= 1
    return .array(elements)
  }

  /// Steps over the opening bracket.
  mutating func enter() throws(JSONError) {
    guard depth < limits.depth else { throw failure("nested deeper than \(limits.depth) levels") }
    depth += 1
    position += 1
  }

  mutating func literal(_ text: StaticString) throws(JSONError) {
    let start = position
    for offset in 0..<text.utf8CodeUnitCount {
      guard position < bytes.count, bytes[position] == text.utf8Start[offset] else {
        throw failure("not the beginning of a value", at: start)
      }
      position += 1
    }
  }

  mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    let isNegative = take(UInt8(ascii: "-"))
    var magnitude: UInt = 0
    var fits = true
    let firstDigit = position
    while let digit = digit() {
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt(digit))
      if overflow || carry { fits = false }
      magnitude = sum
      position += 1
    }
    guard position > firstDigit else { throw failure("a digit is needed in a number") }
    guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
      throw failure("a number must not have leading zeros", at: start)
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try digits(after: "a decimal point")
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      try digits(after: "an exponent sign")
    }
    if isInteger && fits {
      if isNegative {
        if magnitude != 0 && magnitude <= UInt(Int.max) + 1 {
          return .integer(Int(truncatingIfNeeded: 0 &- magnitude))
        }
      } else if magnitude <= UInt(Int.max) {
        return .integer(Int(magnitude))
      }
    }
    // A hostile text may have megabytes of digits; no useful number needs more than a few hundred.
    guard position - start <= DecimalNumber.lengthLimit else {
      throw failure("a number has more than \(DecimalNumber.lengthLimit) characters", at: start)
    }
    let text = UnsafeRawBufferPointer(rebasing: bytes[start..<position]).bindMemory(to: UInt8.self)
    guard let double = DecimalNumber.parse(text), double.isFinite else {
      throw failure("the number is beyond the range of a double", at: start)
    }
    return .number(double)
  }

  func digit() -> UInt8? {
    guard position < bytes.count else { return nil }
    let digit = bytes[position] &- UInt8(ascii: "0")
    return digit < 10 ? digit : nil
  }

  mutating func digits(after what: String) throws(JSONError) {
    let start = position
    while digit() != nil { position += 1 }
    guard position > start else { throw failure("a digit is needed after \(what)") }
  }

  mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let text = try validated(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: start)
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
      position += 1
    }
    throw failure("the string that begins here does not end", at: start - 1)
  }

  /// Continues a string at its first escape; `start` is its first byte.
  mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var decoded = [UInt8](bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        guard let text = String(validating: decoded, as: UTF8.self) else { throw invalidEncoding(at: start) }
        return text
      }
      guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
      if byte != UInt8(ascii: "\\") {
        decoded.append(byte)
        position += 1
        continue
      }
      let escapeStart = position
      guard position + 1 < bytes.count else { break }
      position += 2
      switch bytes[escapeStart + 1] {
      case UInt8(ascii: "\""): decoded.append(UInt8(ascii: "\""))
      case UInt8(ascii: "\\"): decoded.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "/"): decoded.append(UInt8(ascii: "/"))
      case UInt8(ascii: "b"): decoded.append(0x08)
      case UInt8(ascii: "f"): decoded.append(0x0C)
      case UInt8(ascii: "n"): decoded.append(0x0A)
      case UInt8(ascii: "r"): decoded.append(0x0D)
      case UInt8(ascii: "t"): decoded.append(0x09)
      case UInt8(ascii: "u"): try unicodeEscape(from: escapeStart, into: &decoded)
      default: throw failure("not an escape of JSON", at: escapeStart)
      }
    }
    throw failure("the string that begins here does not end", at: start - 1)
  }

  /// Decodes `\uXXXX`, or a surrogate pair of two; `position` is after the `u`.
  mutating func unicodeEscape(from start: Int, into decoded: inout [UInt8]) throws(JSONError) {
    var code = try fourHexDigits()
    if code >= 0xD800 && code <= 0xDFFF {
      guard code < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw failure("an unpaired surrogate escape", at: start) }
      position += 2
      let low = try fourHexDigits()
      guard low >= 0xDC00 && low <= 0xDFFF else { throw failure("an unpaired surrogate escape", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw failure("not a Unicode scalar value", at: start) }
    UTF8.encode(scalar).map { decoded.append(contentsOf: $0) }
  }

  mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else { throw failure("four hexadecimal digits are needed after \\u") }
      let byte = bytes[position]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw failure("four hexadecimal digits are needed after \\u")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  func validated(_ raw: UnsafeRawBufferPointer, at start: Int) throws(JSONError) -> String {
    let utf8 = raw.bindMemory(to: UInt8.self)
    guard UTF8Check.isPlainASCII(utf8) || UTF8Check.isValid(utf8) else { throw invalidEncoding(at: start) }
    return String(decoding: utf8, as: UTF8.self)
  }

  func invalidEncoding(at start: Int) -> JSONError { failure("the string is not valid UTF-8", at: start) }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  func failure(_ reason: String, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? position, bytes.count)
    var line = 1
    var lineStart = 0
    for index in 0..<offset where bytes[index] == 0x0A {
      line += 1
      lineStart = index + 1
    }
    return .malformed(offset: offset, line: line, column: offset - lineStart + 1, reason: reason)
  }
}
