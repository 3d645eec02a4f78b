// The header of a NumPy array file (NEP 1): what it promises, checked before anything is believed.

/// The element types of arrays that are read; all little-endian.
package enum NpyDataType: String, Sendable, CaseIterable {
  case bool = "|b1"
  case float16 = "<f2"
  case float32 = "<f4"
  case float64 = "<f8"
  case int8 = "|i1"
  case uint8 = "|u1"
  case int32 = "<i4"
  case int64 = "<i8"

  /// Bytes of one element.
  package var size: Int {
    switch self {
    case .bool, .int8, .uint8: return 1
    case .float16: return 2
    case .float32, .int32: return 4
    case .float64, .int64: return 8
    }
  }
}

/// Type, shape and place of the data of a `.npy` file.
package struct NpyHeader: Sendable, Equatable {
  /// Element type.
  package let dataType: NpyDataType
  /// Extent of every axis, outermost first; empty for a single number.
  package let shape: [Int]
  /// Number of elements: the product of the shape.
  package let count: Int
  /// Byte at which the elements begin.
  package let dataOffset: Int

  /// Longest header text accepted; NumPy itself refuses longer ones by default.
  package static let lengthLimit = 10_000
  /// Most axes accepted, as in NumPy.
  package static let rankLimit = 64

  /// Reads the header at the beginning of a file.
  /// - Parameters:
  ///   - prefix: the first bytes of the file: at least `12 + lengthLimit`, or all of it when it is shorter.
  ///   - fileSize: size of the whole file; type and shape must account for every byte.
  ///   - path: named in errors.
  package static func parse(prefix: [UInt8], fileSize: Int, path: String) throws(FileError) -> NpyHeader {
    do {
      return try parse(prefix: prefix, fileSize: fileSize)
    } catch {
      throw .malformed(path: path, detail: error.detail)
    }
  }

  private struct Malformation: Error {
    let detail: String
    init(_ detail: String) { self.detail = detail }
  }

  private static func parse(prefix: [UInt8], fileSize: Int) throws(Malformation) -> NpyHeader {
    let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
    guard prefix.count >= 10, Array(prefix[0..<6]) == magic else {
      throw Malformation("is not a NumPy array file (.npy); write one with numpy.save")
    }
    let version = prefix[6]
    guard (1...3).contains(version), prefix[7] == 0 else {
      throw Malformation("has .npy version \(prefix[6]).\(prefix[7]); versions 1.0, 2.0 and 3.0 are read")
    }
    let textStart = version == 1 ? 10 : 12
    guard prefix.count >= textStart else { throw Malformation("ends inside the .npy header") }
    var length = 0
    for index in (8..<textStart).reversed() { length = length << 8 | Int(prefix[index]) }
    guard length <= lengthLimit else {
      throw Malformation("has a .npy header of \(length) bytes; at most \(lengthLimit) are accepted")
    }
    guard prefix.count >= textStart + length else { throw Malformation("ends inside the .npy header") }
    var scanner = NpyDictionaryScanner(text: prefix[textStart..<textStart + length])
    guard let fields = scanner.dictionary() else {
      throw Malformation("has a .npy header that is not a dictionary of descr, fortran_order and shape")
    }
    guard let description = fields.description else {
      throw Malformation("has structured elements (several fields); save a plain float32 array")
    }
    // NumPy writes one-byte types with `|`; other writers use `<`, which means the same.
    let normal = description.hasSuffix("1") ? "|" + description.dropFirst() : description
    guard let dataType = NpyDataType(rawValue: normal) else {
      throw Malformation(unsupported(description))
    }
    guard !fields.fortranOrder else {
      throw Malformation("is in Fortran order (columns first); save numpy.ascontiguousarray(array) instead")
    }
    guard fields.shape.count <= rankLimit else { throw Malformation("has \(fields.shape.count) axes") }
    var count = 1
    var overflow = false
    // A zero anywhere makes the product zero, whatever overflowed before it.
    if fields.shape.contains(0) {
      count = 0
    } else {
      for extent in fields.shape {
        let product = count.multipliedReportingOverflow(by: extent)
        overflow = overflow || product.overflow
        count = product.partialValue
      }
    }
    let bytes = count.multipliedReportingOverflow(by: dataType.size)
    let shape = "(" + fields.shape.map(String.init).joined(separator: ", ") + ")"
    guard !overflow, !bytes.overflow else { throw Malformation("has an impossible shape \(shape)") }
    let dataOffset = textStart + length
    guard bytes.partialValue == fileSize - dataOffset else {
      throw Malformation(
        "holds \(fileSize - dataOffset) bytes of data, but its shape \(shape) of '\(description)' needs "
          + "\(bytes.partialValue); the file is cut short, damaged or has something behind its array")
    }
    return NpyHeader(dataType: dataType, shape: fields.shape, count: count, dataOffset: dataOffset)
  }

  private static func unsupported(_ description: String) -> String {
    let shown = String(description.prefix(20))
    if description.contains("O") {
      return "holds pickled Python objects (dtype '\(shown)'), which are never executed; save a float32 array"
    }
    if description.hasPrefix(">") {
      return "is big-endian (dtype '\(shown)'); save array.astype('<f4')"
    }
    return "has elements of dtype '\(shown)'; read are b1, f2, f4, f8, i1, i4, i8 and u1, little-endian"
  }

  /// The header of a file with this type and shape in version 1.0, padded so that the data is 64-byte aligned.
  package static func bytes(dataType: NpyDataType, shape: [Int]) -> [UInt8] {
    bytes(description: dataType.rawValue, shape: shape)
  }

  /// The same for a type given by NumPy's name for it, such as `|S3` for texts of three bytes.
  static func bytes(description: String, shape: [Int]) -> [UInt8] {
    let extents = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    let text = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(extents)), }"
    let total = (10 + text.utf8.count + 1 + 63) / 64 * 64
    let length = total - 10
    precondition(length <= 0xFFFF, "a .npy 1.0 header holds at most 65,535 bytes")
    var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    bytes.append(contentsOf: text.utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: total - bytes.count - 1))
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}

/// Reads the Python dictionary literal of a header: three known keys, each once, in any order.
private struct NpyDictionaryScanner {
  struct Fields {
    /// Nil for a structured type, whose `descr` is a list.
    var description: String?
    var fortranOrder: Bool
    var shape: [Int]
  }

  let text: ArraySlice<UInt8>
  var position: Int

  init(text: ArraySlice<UInt8>) {
    self.text = text
    position = text.startIndex
  }

  mutating func dictionary() -> Fields? {
    var description: String??
    var fortranOrder: Bool?
    var shape: [Int]?
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = quoted(), take(":") else { return nil }
      switch key {
      case "descr":
        guard description == nil else { return nil }
        if peek() == UInt8(ascii: "[") {
          // A structured type: nothing after it matters, the caller refuses it by name.
          return Fields(description: nil, fortranOrder: false, shape: [])
        }
        guard let value = quoted() else { return nil }
        description = .some(value)
      case "fortran_order":
        guard fortranOrder == nil else { return nil }
        if take("True") { fortranOrder = true } else if take("False") { fortranOrder = false } else { return nil }
      case "shape":
        guard shape == nil, let value = tuple() else { return nil }
        shape = value
      default: return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpace()
    guard position == text.endIndex, let description, let fortranOrder, let shape else { return nil }
    return Fields(description: description, fortranOrder: fortranOrder, shape: shape)
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var extents: [Int] = []
    while !take(")") {
      guard let extent = integer() else { return nil }
      extents.append(extent)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return extents
  }

  private mutating func integer() -> Int? {
    skipSpace()
    var value = 0
    let start = position
    while position < text.endIndex, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) {
      let product = value.multipliedReportingOverflow(by: 10)
      let sum = product.partialValue.addingReportingOverflow(Int(text[position] - UInt8(ascii: "0")))
      guard !product.overflow, !sum.overflow else { return nil }
      value = sum.partialValue
      position += 1
    }
    guard position > start else { return nil }
    // Python 2 wrote long integers with a suffix.
    if position < text.endIndex, text[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private mutating func quoted() -> String? {
    skipSpace()
    guard position < text.endIndex else { return nil }
    let quote = text[position]
    guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    let start = position + 1
    guard let end = text[start...].firstIndex(of: quote) else { return nil }
    position = end + 1
    // A backslash would be an escape of Python, which no known type name needs.
    guard !text[start..<end].contains(where: { $0 == UInt8(ascii: "\\") || $0 < 0x20 || $0 > 0x7E }) else { return nil }
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  private mutating func peek() -> UInt8? {
    skipSpace()
    return position < text.endIndex ? text[position] : nil
  }

  private mutating func take(_ word: StaticString) -> Bool {
    skipSpace()
    guard text.endIndex - position >= word.utf8CodeUnitCount else { return false }
    for offset in 0..<word.utf8CodeUnitCount where text[position + offset] != word.utf8Start[offset] {
      return false
    }
    position += word.utf8CodeUnitCount
    return true
  }

  private mutating func skipSpace() {
    while position < text.endIndex, text[position] == 0x20 || (0x09...0x0D).contains(text[position]) {
      position += 1
    }
  }
}
