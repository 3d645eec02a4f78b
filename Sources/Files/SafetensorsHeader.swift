// The header of a safetensors file: element types, tensors and metadata, and the strict parser of its JSON.

/// How the elements of a tensor are stored, little-endian.
package enum SafetensorsType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case uint32 = "U32"
  case int32 = "I32"
  case float32 = "F32"
  case uint64 = "U64"
  case int64 = "I64"
  case float64 = "F64"

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: return 1
    case .uint16, .int16, .float16, .bfloat16: return 2
    case .uint32, .int32, .float32: return 4
    case .uint64, .int64, .float64: return 8
    }
  }
}

/// One tensor as the header describes it.
package struct SafetensorsTensor: Sendable, Equatable {
  /// Its name, unique in the file.
  package var name: String
  /// How elements are stored.
  package var type: SafetensorsType
  /// Its dimensions, outermost first; empty for a scalar.
  package var shape: [Int]
  /// Its first byte, counted from the start of the data section.
  package var offset: Int
  /// Its size in bytes: elements times element size, checked against overflow when parsed.
  package var byteCount: Int

  /// Number of elements.
  package var count: Int { byteCount / type.byteCount }
}

/// Limits that are checked before anything is allocated.
package enum SafetensorsLimits {
  /// Bytes of the JSON header: the format's own limit.
  package static let headerBytes = 100_000_000
  /// Tensors of one file.
  package static let tensors = 65_536
  /// Entries of the metadata.
  package static let metadataEntries = 65_536
  /// Dimensions of one tensor.
  package static let rank = 8
}

/// What is wrong with a header.
///
/// `SafetensorsError` adds the file.
package enum SafetensorsHeaderProblem: Error, Sendable, Equatable {
  /// The text breaks the grammar at a byte of the header.
  case syntax(expected: String, offset: Int)
  case duplicateKey(String)
  case tooManyTensors
  case unknownType(tensor: String, type: String)
  case rankTooLarge(tensor: String)
  /// Shape times element size does not fit in an integer.
  case sizeOverflow(tensor: String)
  /// `data_offsets` are not what shape and type need.
  case sizeMismatch(tensor: String, expected: Int, found: Int)
  case missingMember(tensor: String, member: String)
  /// Two tensors overlap or bytes between them belong to none.
  case notContiguous(tensor: String, expected: Int, found: Int)
  /// The tensors end before or after the data section does.
  case dataLength(expected: Int, found: Int)
}

/// A parsed and checked header: tensors cover the data section exactly, in order, without holes or overlaps.
package struct SafetensorsHeader: Sendable, Equatable {
  /// One entry of `__metadata__`.
  package struct MetadataEntry: Sendable, Equatable {
    package var key: String
    package var value: String
  }

  /// The tensors in the order of their data.
  package var tensors: [SafetensorsTensor]
  /// The entries of `__metadata__` in file order.
  package var metadata: [MetadataEntry]

  /// The value of a metadata entry.
  package func metadata(_ key: String) -> String? {
    metadata.first { $0.key == key }?.value
  }

  /// Parses the JSON text of a header and checks it against the size of the data section.
  ///
  /// No recursion, and nothing is allocated in proportion to a number in the text.
  /// - Parameters:
  ///   - text: the header's bytes, padding included.
  ///   - dataByteCount: bytes that follow the header in the file.
  package init(parsing text: UnsafeRawBufferPointer, dataByteCount: Int) throws(SafetensorsHeaderProblem) {
    var parser = SafetensorsHeaderParser(text)
    (tensors, metadata) = try parser.header()
    var names = Set<String>(minimumCapacity: tensors.count)
    for tensor in tensors where !names.insert(tensor.name).inserted { throw .duplicateKey(tensor.name) }
    // Empty tensors share their offset with the next one: they come first, then by name, so the order is total.
    tensors.sort {
      ($0.offset, $0.byteCount) != ($1.offset, $1.byteCount)
        ? ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) : $0.name < $1.name
    }
    var end = 0
    for tensor in tensors {
      if tensor.offset != end { throw .notContiguous(tensor: tensor.name, expected: end, found: tensor.offset) }
      // Cannot overflow: both offsets were read as integers that fit, and end is the second of them.
      end = tensor.offset + tensor.byteCount
    }
    if end != dataByteCount { throw .dataLength(expected: end, found: dataByteCount) }
  }
}

/// A parser for exactly the JSON that safetensors headers consist of.
private struct SafetensorsHeaderParser {
  private let text: UnsafeRawBufferPointer
  private var position = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  mutating func header() throws(SafetensorsHeaderProblem) -> ([SafetensorsTensor], [SafetensorsHeader.MetadataEntry]) {
    var tensors: [SafetensorsTensor] = []
    var metadata: [SafetensorsHeader.MetadataEntry] = []
    var hasMetadata = false
    // The format wants the very first byte to be the brace.
    guard text.first == UInt8(ascii: "{") else { throw .syntax(expected: "'{' as the first byte", offset: 0) }
    position = 1
    var isFirst = true
    while try nextMember(&isFirst) {
      let key = try string()
      try expect(UInt8(ascii: ":"), "':'")
      if key == "__metadata__" {
        if hasMetadata { throw .duplicateKey(key) }
        hasMetadata = true
        metadata = try metadataObject()
      } else {
        if tensors.count == SafetensorsLimits.tensors { throw .tooManyTensors }
        tensors.append(try tensor(named: key))
      }
    }
    skipBlanks()
    if position != text.count { throw .syntax(expected: "only blanks after the header's object", offset: position) }
    return (tensors, metadata)
  }

  private mutating func metadataObject() throws(SafetensorsHeaderProblem) -> [SafetensorsHeader.MetadataEntry] {
    try expect(UInt8(ascii: "{"), "an object of strings")
    var entries: [SafetensorsHeader.MetadataEntry] = []
    var seen = Set<String>()
    var isFirst = true
    while try nextMember(&isFirst) {
      let key = try string()
      try expect(UInt8(ascii: ":"), "':'")
      let value = try string()
      if !seen.insert(key).inserted { throw .duplicateKey(key) }
      if entries.count == SafetensorsLimits.metadataEntries { throw .tooManyTensors }
      entries.append(.init(key: key, value: value))
    }
    return entries
  }

  private mutating func tensor(named name: String) throws(SafetensorsHeaderProblem) -> SafetensorsTensor {
    try expect(UInt8(ascii: "{"), "an object with dtype, shape and data_offsets")
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    var isFirst = true
    while try nextMember(&isFirst) {
      let start = position
      let key = try string()
      try expect(UInt8(ascii: ":"), "':'")
      switch key {
      case "dtype":
        if typeName != nil { throw .duplicateKey(key) }
        typeName = try string()
      case "shape":
        if shape != nil { throw .duplicateKey(key) }
        let found = try integers(limit: SafetensorsLimits.rank)
        guard let found else { throw .rankTooLarge(tensor: name) }
        shape = found
      case "data_offsets":
        if offsets != nil { throw .duplicateKey(key) }
        let found = try integers(limit: 2)
        guard let found, found.count == 2 else { throw .syntax(expected: "two offsets", offset: start) }
        offsets = found
      default: throw .syntax(expected: "dtype, shape or data_offsets", offset: start)
      }
    }
    guard let typeName else { throw .missingMember(tensor: name, member: "dtype") }
    guard let shape else { throw .missingMember(tensor: name, member: "shape") }
    guard let offsets else { throw .missingMember(tensor: name, member: "data_offsets") }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw .unknownType(tensor: name, type: String(typeName.prefix(32)))
    }
    var size = type.byteCount
    for dimension in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      if overflow { throw .sizeOverflow(tensor: name) }
      size = product
    }
    let found = offsets[1] - offsets[0]
    if found != size { throw .sizeMismatch(tensor: name, expected: size, found: found) }
    return SafetensorsTensor(name: name, type: type, shape: shape, offset: offsets[0], byteCount: size)
  }

  /// Moves to the next member of an object; false after its closing brace.
  private mutating func nextMember(_ isFirst: inout Bool) throws(SafetensorsHeaderProblem) -> Bool {
    skipBlanks()
    if take(UInt8(ascii: "}")) { return false }
    if !isFirst {
      guard take(UInt8(ascii: ",")) else { throw .syntax(expected: "',' or '}'", offset: position) }
      skipBlanks()
    }
    isFirst = false
    return true
  }

  /// A list of non-negative integers; nil when it has more than `limit`.
  private mutating func integers(limit: Int) throws(SafetensorsHeaderProblem) -> [Int]? {
    try expect(UInt8(ascii: "["), "'['")
    var values: [Int] = []
    skipBlanks()
    if take(UInt8(ascii: "]")) { return values }
    while true {
      skipBlanks()
      if values.count == limit { return nil }
      values.append(try integer())
      skipBlanks()
      if take(UInt8(ascii: "]")) { return values }
      guard take(UInt8(ascii: ",")) else { throw .syntax(expected: "',' or ']'", offset: position) }
    }
  }

  private mutating func integer() throws(SafetensorsHeaderProblem) -> Int {
    let start = position
    var value = 0
    while position < text.count, (0x30...0x39).contains(text[position]) {
      let (tenfold, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = tenfold.addingReportingOverflow(Int(text[position] - 0x30))
      if first || second { throw .syntax(expected: "an integer that fits in 63 bits", offset: start) }
      value = sum
      position += 1
    }
    if position == start { throw .syntax(expected: "a non-negative integer", offset: start) }
    if text[start] == 0x30 && position > start + 1 { throw .syntax(expected: "no leading zero", offset: start) }
    return value
  }

  private mutating func string() throws(SafetensorsHeaderProblem) -> String {
    skipBlanks()
    let start = position
    guard take(UInt8(ascii: "\"")) else { throw .syntax(expected: "a string", offset: start) }
    var bytes: [UInt8] = []
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let value = String(validating: bytes, as: UTF8.self) else {
          throw .syntax(expected: "valid UTF-8", offset: start)
        }
        return value
      case UInt8(ascii: "\\"): bytes.append(contentsOf: try escape())
      case 0..<0x20: throw .syntax(expected: "no control character in a string", offset: position - 1)
      default: bytes.append(byte)
      }
    }
    throw .syntax(expected: "a closing quote", offset: start)
  }

  private mutating func escape() throws(SafetensorsHeaderProblem) -> [UInt8] {
    guard position < text.count else { throw .syntax(expected: "an escape", offset: position) }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      var code = first
      if (0xD800..<0xDC00).contains(first) {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
          throw .syntax(expected: "the second half of a surrogate pair", offset: position)
        }
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else {
          throw .syntax(expected: "the second half of a surrogate pair", offset: position)
        }
        code = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw .syntax(expected: "a character", offset: position) }
      return Array(String(Character(scalar)).utf8)
    default: throw .syntax(expected: "a JSON escape", offset: position - 1)
    }
  }

  private mutating func hexadecimal() throws(SafetensorsHeaderProblem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < text.count else { throw .syntax(expected: "four hexadecimal digits", offset: position) }
      let byte = text[position]
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
      case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
      default: throw .syntax(expected: "four hexadecimal digits", offset: position)
      }
      position += 1
    }
    return value
  }

  private mutating func expect(_ byte: UInt8, _ name: String) throws(SafetensorsHeaderProblem) {
    skipBlanks()
    guard take(byte) else { throw .syntax(expected: name, offset: position) }
    skipBlanks()
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipBlanks() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }
}
