// Reuse of aligned buffers between matrices of the same size.

import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A free list of 64-byte aligned float buffers, keyed by rounded size.
///
/// Why: a training step makes and drops the same few dozen matrices; giving each back to the operating system costs a
/// page fault for every 4 KiB of the next one. Sizes are rounded up to one of eight classes between two powers of two:
/// the matrices of a step follow the number of distinct nodes in its batch, and with sizes of its own for every step
/// nothing would ever be used twice. At most `retainedBytes` are kept; where that is too little, the class that has not
/// been used for longest gives way.
package final class BufferPool: Sendable {
  /// The pool that every `Matrix` uses.
  package static let shared = BufferPool(retainedBytes: 512 << 20)

  /// The free buffers of one class.
  private struct FreeList {
    var addresses: [UInt] = []
    /// When the class was last used, in takes and gives of the pool.
    var lastUse = 0
  }

  private struct State: ~Copyable {
    var free: [Int: FreeList] = [:]
    var retained = 0
    var clock = 0

    mutating func pop(_ bytes: Int) -> UInt? {
      clock += 1
      free[bytes]?.lastUse = clock
      guard let address = free[bytes]?.addresses.popLast() else { return nil }
      retained -= bytes
      return address
    }

    mutating func push(_ address: UInt, _ bytes: Int) {
      clock += 1
      free[bytes, default: FreeList()].addresses.append(address)
      free[bytes]?.lastUse = clock
      retained += bytes
    }

    /// One buffer of the class unused for longest; of equally old ones (there are none) the larger.
    mutating func popOldest() -> UInt? {
      var oldest: (lastUse: Int, bytes: Int)?
      for (bytes, list) in free where !list.addresses.isEmpty {
        if oldest.map({ (list.lastUse, -bytes) < ($0.lastUse, -$0.bytes) }) ?? true { oldest = (list.lastUse, bytes) }
      }
      guard let oldest, let address = free[oldest.bytes]?.addresses.popLast() else { return nil }
      retained -= oldest.bytes
      return address
    }
  }

  private let state = Mutex(State())
  private let retainedBytes: Int

  /// - Parameter retainedBytes: how much unused memory is kept for reuse, bytes.
  package init(retainedBytes: Int) {
    self.retainedBytes = retainedBytes
  }

  /// Bytes of the class of `floats` elements: whole 64-byte lines, at least one, and above 512 bytes the next multiple of
  /// an eighth of the power of two below.
  package static func byteCount(floats: Int) -> Int {
    let bytes = max(64, floats * MemoryLayout<Float>.stride)
    let power = Int.bitWidth - 1 - bytes.leadingZeroBitCount
    let step = max(64, 1 << max(0, power - 3))
    return (bytes + step - 1) / step * step
  }

  /// A buffer for at least `floats` elements, aligned to 64 bytes, contents unspecified.
  package func take(floats: Int) -> UnsafeMutablePointer<Float> {
    let bytes = Self.byteCount(floats: floats)
    let reused = state.withLock { $0.pop(bytes) }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) {
      return pointer.assumingMemoryBound(to: Float.self)
    }
    let raw = Self.allocate(byteCount: bytes)
    return raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  /// New memory; large buffers are put on huge pages where the system grants them.
  ///
  /// Why: a product walks down the rows of matrices that are kilobytes apart, one 4 KiB page each, and would spend a
  /// fifth of its time on address translation.
  private static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let hugePage = 2 << 20
    guard byteCount >= 2 * hugePage else {
      return UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    }
    let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: hugePage)
    #if os(Linux)
      // Advice only: where it is refused the memory works all the same.
      _ = madvise(raw, byteCount, MADV_HUGEPAGE)
    #endif
    return raw
  }

  /// Takes back a buffer obtained from `take(floats:)` with the same count.
  package func give(_ pointer: UnsafeMutablePointer<Float>, floats: Int) {
    let bytes = Self.byteCount(floats: floats)
    guard bytes <= retainedBytes else { return UnsafeMutableRawPointer(pointer).deallocate() }
    let address = UInt(bitPattern: pointer)
    let dropped = state.withLock { state -> [UInt] in
      state.push(address, bytes)
      var dropped: [UInt] = []
      while state.retained > retainedBytes, let oldest = state.popOldest() { dropped.append(oldest) }
      return dropped
    }
    Self.release(dropped)
  }

  /// Gives all unused memory back to the system: after loading, whose large buffers no training step asks for again.
  package func trim() {
    let dropped = state.withLock { state -> [UInt] in
      var dropped: [UInt] = []
      while let oldest = state.popOldest() { dropped.append(oldest) }
      return dropped
    }
    Self.release(dropped)
  }

  private static func release(_ addresses: [UInt]) {
    for address in addresses { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
  }
}
