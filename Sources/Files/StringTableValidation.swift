// The checks that make bytes and offsets a table of strings.

extension StringTable {
  /// Checks counts and the two ends.
  static func checkSizes(bytes: SharedBuffer<UInt8>, offsets: SharedBuffer<Int>) throws(StringTableError) {
    guard bytes.count <= Limits.totalBytes else { throw .tooManyBytes(bytes.count) }
    guard offsets.first == 0, offsets.last == bytes.count else { throw .offsets(index: 0) }
    guard offsets.count - 1 <= Int32.max else { throw .tooManyStrings(offsets.count - 1) }
  }

  /// Checks counts, offsets, lengths and UTF-8; allocates nothing.
  static func check(
    bytes: SharedBuffer<UInt8>, offsets: SharedBuffer<Int>, role: Role
  ) throws(StringTableError) {
    try checkSizes(bytes: bytes, offsets: offsets)
    try bytes.withUnsafeBufferPointer { (bytes) throws(StringTableError) in
      try offsets.withUnsafeBufferPointer { (offsets) throws(StringTableError) in
        try check(bytes: bytes, offsets: offsets, role: role)
      }
    }
  }

  private static func check(
    bytes: UnsafeBufferPointer<UInt8>, offsets: UnsafeBufferPointer<Int>, role: Role
  ) throws(StringTableError) {
    for index in 0..<offsets.count - 1 {
      let start = offsets[index]
      let end = offsets[index + 1]
      guard end >= start, end <= bytes.count else { throw .offsets(index: index + 1) }
      if end == start && role == .identifiers { throw .empty(index: index) }
      if end - start > Limits.stringBytes { throw .tooLong(index: index, byteCount: end - start) }
      // A string that begins inside a character would make its neighbour's last character end too early as well.
      if start < end && bytes[start] & 0xC0 == 0x80 { throw .invalidUTF8(index: index) }
    }
    if let position = firstInvalidUTF8(bytes) {
      // The last string that begins at or before the bad byte.
      var low = 0
      var high = offsets.count - 1
      while high - low > 1 {
        let middle = (low + high) / 2
        if offsets[middle] <= position { low = middle } else { high = middle }
      }
      throw .invalidUTF8(index: low)
    }
  }

  /// The position of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7); nil when all are.
  private static func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let text = UnsafeRawBufferPointer(bytes)
    var position = 0
    while position < text.count {
      // Eight ASCII bytes at a time: ids and most titles are nothing else.
      if position + 8 <= text.count,
        text.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        continue
      }
      let length = wellFormedLength(text, at: position)
      if length == 0 { return position }
      position += length
    }
    return nil
  }

  /// Bytes of the well-formed character at `position`; 0 when there is none.
  private static func wellFormedLength(_ text: UnsafeRawBufferPointer, at position: Int) -> Int {
    let first = text[position]
    let available = text.count - position
    func isContinuation(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      distance < available && range.contains(text[position + distance])
    }
    switch first {
    case 0..<0x80: return 1
    case 0xC2...0xDF: return isContinuation(1) ? 2 : 0
    case 0xE0: return isContinuation(1, 0xA0...0xBF) && isContinuation(2) ? 3 : 0
    case 0xE1...0xEC, 0xEE...0xEF: return isContinuation(1) && isContinuation(2) ? 3 : 0
    case 0xED: return isContinuation(1, 0x80...0x9F) && isContinuation(2) ? 3 : 0
    case 0xF0: return isContinuation(1, 0x90...0xBF) && isContinuation(2) && isContinuation(3) ? 4 : 0
    case 0xF1...0xF3: return isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
    case 0xF4: return isContinuation(1, 0x80...0x8F) && isContinuation(2) && isContinuation(3) ? 4 : 0
    default: return 0
    }
  }
}
