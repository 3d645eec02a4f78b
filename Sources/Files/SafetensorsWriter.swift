// Writing a safetensors file: the same tensors give the same bytes.

/// Collects tensors and writes them as one safetensors file.
///
/// Tensors are ordered by descending element size, then in the order they were added: every tensor is then aligned to
/// its element without holes, which the format forbids. The header is padded with spaces so that the data starts at a
/// multiple of 64 bytes. The metadata carries a CRC32C of every tensor and one of the header itself, so each flipped
/// bit of the file is detected by `SafetensorsFile` with `.required`.
package struct SafetensorsWriter {
  /// Entries of `__metadata__`, written in this order after the checksums.
  package var metadata: [(key: String, value: String)] = []

  private struct Entry {
    var name: String
    var type: SafetensorsType
    var shape: [Int]
    /// Keeps the memory of `bytes` alive.
    var owner: AnyObject?
    var bytes: UnsafeRawBufferPointer
  }

  /// Memory that an entry owns.
  private final class OwnedBytes {
    let bytes: UnsafeMutableRawBufferPointer

    init(copying source: UnsafeRawBufferPointer) {
      bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, source.count), alignment: 64)
      if source.count > 0 { bytes.copyMemory(from: source) }
    }

    deinit { bytes.deallocate() }
  }

  private var entries: [Entry] = []

  /// A file without tensors.
  package init() {}

  /// Adds a tensor whose memory `owner` keeps alive and nobody changes until the file is written.
  /// - Precondition: the name is new, has no quote, backslash or control character and is not `__metadata__`; the byte
  ///   count is that of the shape.
  package mutating func add(
    _ name: String, type: SafetensorsType, shape: [Int], owner: AnyObject?, bytes: UnsafeRawBufferPointer
  ) {
    precondition(
      name != "__metadata__" && !entries.contains { $0.name == name }
        && name.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") },
      "tensor name cannot be written")
    precondition(shape.reduce(type.byteCount, *) == bytes.count, "shape and byte count differ")
    entries.append(Entry(name: name, type: type, shape: shape, owner: owner, bytes: bytes))
  }

  /// Adds a copy of `values`, little-endian.
  package mutating func add<Element: BitwiseCopyable>(
    _ name: String, type: SafetensorsType, shape: [Int], values: [Element]
  ) {
    precondition(MemoryLayout<Element>.stride == type.byteCount, "element size and type differ")
    let owned = values.withUnsafeBytes { OwnedBytes(copying: $0) }
    let bytes = UnsafeRawBufferPointer(rebasing: owned.bytes[0..<values.count * type.byteCount])
    add(name, type: type, shape: shape, owner: owned, bytes: bytes)
  }

  /// Adds F32 values.
  package mutating func add(_ name: String, floats: [Float], shape: [Int]? = nil) {
    add(name, type: .float32, shape: shape ?? [floats.count], values: floats)
  }

  /// Adds F64 values.
  package mutating func add(_ name: String, doubles: [Double], shape: [Int]? = nil) {
    add(name, type: .float64, shape: shape ?? [doubles.count], values: doubles)
  }

  /// Adds I64 values.
  package mutating func add(_ name: String, integers: [Int], shape: [Int]? = nil) {
    add(name, type: .int64, shape: shape ?? [integers.count], values: integers)
  }

  /// Adds I32 values.
  package mutating func add(_ name: String, int32s: [Int32], shape: [Int]? = nil) {
    add(name, type: .int32, shape: shape ?? [int32s.count], values: int32s)
  }

  /// Adds U8 values.
  package mutating func add(_ name: String, bytes: [UInt8]) {
    add(name, type: .uint8, shape: [bytes.count], values: bytes)
  }

  /// Adds floats rounded to F16.
  package mutating func add(_ name: String, halves floats: UnsafeBufferPointer<Float>, shape: [Int]) {
    add(name, type: .float16, shape: shape, values: floats.map(halfFromFloat))
  }

  /// Size of the whole file in bytes.
  package var byteCount: Int {
    prefixAndHeader(checksums: placeholders).count + entries.reduce(0) { $0 + $1.bytes.count }
  }

  /// The whole file in memory.
  package func bytes() -> [UInt8] {
    var result: [UInt8] = []
    write { result.append(contentsOf: $0) }
    return result
  }

  /// Gives the file's bytes in order to `sink`: the header, then each tensor without copying it.
  package func write<Failure: Error>(to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
    let head = headerBytes()
    let owned = head.withUnsafeBytes { OwnedBytes(copying: $0) }
    try sink(UnsafeRawBufferPointer(rebasing: owned.bytes[0..<head.count]))
    for entry in ordered where entry.bytes.count > 0 { try sink(entry.bytes) }
    withExtendedLifetime((owned, entries.map(\.owner))) {}
  }

  /// Replaces the file at `path` atomically.
  /// - Throws: `AtomicReplaceError`; the old file is then untouched.
  package func write(
    toFile path: String, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(AtomicReplaceError) {
    let file = try AtomicFile(path: path, fileSystem: fileSystem)
    file.bytesExpected = byteCount
    try write { (bytes) throws(AtomicReplaceError) in try file.write(bytes) }
    try file.commit()
  }

  // MARK: - Header

  /// The entries in the order of their data.
  private var ordered: [Entry] {
    entries.enumerated().sorted {
      ($1.element.type.byteCount, $0.offset) < ($0.element.type.byteCount, $1.offset)
    }.map(\.element)
  }

  private var placeholders: [UInt32] { entries.map { _ in 0 } }

  private func headerBytes() -> [UInt8] {
    var result = prefixAndHeader(checksums: ordered.map { CRC32C.checksum($0.bytes) })
    let sum = SafetensorsFile.headerChecksum(prefix: Array(result[0..<8]), text: Array(result[8...]))
    let start = 8 + SafetensorsFile.checksumPrefix.count
    result.replaceSubrange(start..<start + 8, with: Array(CRC32C.text(sum).utf8))
    return result
  }

  /// The length and the padded text, with zeros for the header's own checksum.
  private func prefixAndHeader(checksums: [UInt32]) -> [UInt8] {
    var text = SafetensorsFile.checksumPrefix + Array("00000000\"".utf8)
    var sums = "{"
    for (entry, sum) in zip(ordered, checksums) {
      if sums.utf8.count > 1 { sums += "," }
      sums += "\"\(entry.name)\":\"\(CRC32C.text(sum))\""
    }
    sums += "}"
    append(",", to: &text)
    append(quoted(SafetensorsFile.tensorChecksumsKey) + ":" + quoted(sums), to: &text)
    for entry in metadata { append("," + quoted(entry.key) + ":" + quoted(entry.value), to: &text) }
    append("}", to: &text)
    var offset = 0
    for entry in ordered {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let end = offset + entry.bytes.count
      append(
        ",\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}", to: &text)
      offset = end
    }
    append("}", to: &text)
    while (8 + text.count) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  private func append(_ string: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: string.utf8)
  }

  /// A JSON string: quote, backslash and control characters escaped.
  private func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
