// Reuse of aligned buffers between matrices of the same size.

import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A free list of 64-byte aligned float buffers, keyed by rounded size.
///
/// Why: a training step makes and drops the same few dozen matrices; giving each back to the operating system costs a
/// page fault for every 4 KiB of the next one. Sizes are rounded up to a multiple of 16 floats; at most
/// `retainedBytes` are kept.
package final class BufferPool: Sendable {
  /// The pool that every `Matrix` uses.
  package static let shared = BufferPool(retainedBytes: 512 << 20)

  private struct State: ~Copyable {
    var free: [Int: [UInt]] = [:]
    var retained = 0
  }

  private let state = Mutex(State())
  private let retainedBytes: Int

  /// - Parameter retainedBytes: how much unused memory is kept for reuse, bytes.
  package init(retainedBytes: Int) {
    self.retainedBytes = retainedBytes
  }

  /// Bytes needed for `floats` elements, rounded to whole 64-byte lines; at least one line.
  private static func byteCount(floats: Int) -> Int {
    max(64, (floats * MemoryLayout<Float>.stride + 63) & ~63)
  }

  /// A buffer for at least `floats` elements, aligned to 64 bytes, contents unspecified.
  package func take(floats: Int) -> UnsafeMutablePointer<Float> {
    let bytes = Self.byteCount(floats: floats)
    let reused: UInt? = state.withLock { state in
      guard let address = state.free[bytes]?.popLast() else { return nil }
      state.retained -= bytes
      return address
    }
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
    let kept = state.withLock { state -> Bool in
      guard state.retained + bytes <= retainedBytes else { return false }
      state.free[bytes, default: []].append(UInt(bitPattern: pointer))
      state.retained += bytes
      return true
    }
    if !kept { UnsafeMutableRawPointer(pointer).deallocate() }
  }
}
