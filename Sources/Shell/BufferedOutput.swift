// Bytes on their way to a file descriptor.

import Glibc

/// Collects bytes and writes them in large pieces.
///
/// The first failure is kept, and what follows is dropped.
package final class BufferedOutput {
  /// The descriptor that is written to.
  package let descriptor: Int32
  /// The errno of the first write that failed; `EPIPE` means that the reader is gone.
  package private(set) var failure: Int32?
  /// Put a blank line between two answers, as `line` mode needs, where nothing else shows where one ends.
  var separatesAnswers = false
  /// True when the last answer was one to be separated from the next.
  private var awaitsSeparation = false
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 16

  /// Creates an empty buffer over a descriptor, which stays the caller's.
  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Appends bytes; writes when enough have gathered.
  package func write(_ bytes: [UInt8]) {
    if buffer.isEmpty { buffer.reserveCapacity(min(max(bytes.count, 4096), Self.capacity)) }
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.capacity { flush() }
  }

  /// Lets `fill` append one answer to the buffer directly; writes when enough have gathered.
  package func write(_ fill: (inout [UInt8]) -> Void) {
    let isSeparated = separatesAnswers && awaitsSeparation
    if isSeparated { buffer.append(0x0A) }
    let start = buffer.count
    fill(&buffer)
    if buffer.count > start {
      awaitsSeparation = separatesAnswers
    } else if isSeparated {
      // Nothing came that had to be kept apart.
      buffer.removeLast()
    }
    if buffer.count >= Self.capacity { flush() }
  }

  /// Writes everything collected so far.
  package func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard failure == nil, !buffer.isEmpty else { return }
    buffer.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
          // A non-blocking descriptor, inherited from somebody: wait until it takes more.
          var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&entry, 1, 1000)
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
  }
}
