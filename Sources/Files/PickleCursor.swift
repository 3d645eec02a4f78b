// Reading a pickle forward through a small window, so that gigabytes of array data are never read as opcodes.

/// Reads the opcodes of a pickle forward and passes over their large arguments.
struct PickleCursor {
  let source: ByteSource
  /// Offset of the next byte.
  private(set) var position = 0
  private var window: [UInt8] = []
  private var windowStart = 0
  private static let windowSize = 1 << 16

  init(_ source: ByteSource) { self.source = source }

  /// Number of bytes that are left.
  var remaining: Int { source.size - position }

  /// The next byte; nil at the end.
  mutating func next() throws(FileError) -> UInt8? {
    guard position < source.size else { return nil }
    let index = position - windowStart
    if index < 0 || index >= window.count { try fill() }
    position += 1
    return window[position - 1 - windowStart]
  }

  /// A little-endian number of up to eight bytes; nil when the source ends before.
  mutating func number(bytes count: Int) throws(FileError) -> UInt64? {
    guard remaining >= count else { return nil }
    var value: UInt64 = 0
    for place in 0..<count { value |= UInt64(try next() ?? 0) << UInt64(place * 8) }
    return value
  }

  /// Passes over bytes without reading them and returns their range; nil when there are fewer.
  mutating func skip(_ count: UInt64) -> Range<Int>? {
    guard count <= UInt64(remaining) else { return nil }
    defer { position += Int(count) }
    return position..<position + Int(count)
  }

  private mutating func fill() throws(FileError) {
    windowStart = position
    window = try source.bytes(position..<min(source.size, position + Self.windowSize))
  }
}
