// Growing memory that the JSON writer appends to: a plain pointer, because an array checks its ownership at every byte.

/// Bytes that grow at the end; the owner calls `deallocate`.
struct JSONBuffer {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Number of bytes.
  private(set) var count = 0

  init(capacity: Int = 4096) {
    self.capacity = capacity
    base = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  }

  /// Gives the memory back; the buffer must not be used afterwards.
  func deallocate() { base.deallocate() }

  /// What was appended.
  var contents: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  mutating func append(_ byte: UInt8) {
    if count == capacity { reserve(1) }
    base[count] = byte
    count += 1
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    if capacity - count < bytes.count { reserve(bytes.count) }
    (base + count).update(from: source, count: bytes.count)
    count += bytes.count
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(utf8Of text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  mutating func truncate(to count: Int) { self.count = count }

  private mutating func reserve(_ extra: Int) {
    let grown = max(capacity * 2, count + extra)
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
    memory.update(from: base, count: count)
    base.deallocate()
    base = memory
    capacity = grown
  }
}
