// A whole file in the address space: its own pages, or a copy.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a file, mapped or copied.
///
/// A mapped file is private: its pages are read when they are touched, and shared with whoever reads the file. What is in
/// it must not change while it is mapped: files of this program are replaced by renaming, never written in place. A file
/// that somebody cuts all the same ends the process with a message and status 65 when a page that is gone is touched.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  /// Bytes that the region takes.
  private let mappedCount: Int
  /// True for the file's own pages, false for a copy.
  let isView: Bool

  /// Maps a whole file; nil, with `errno` set, when the system refuses.
  init?(descriptor: Int32, byteCount: Int) {
    Self.explainLostPages()
    guard byteCount > 0,
      let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: base, count: byteCount)
    mappedCount = byteCount
    isView = true
  }

  /// Copies a whole file into one region; nil when there is no memory or the file cannot be read to its end.
  ///
  /// One region on huge pages: the two thousand page faults of 8 MiB in small ones take longer than reading them.
  /// - Parameter loop: how the pieces are gone through.
  init?(copying descriptor: Int32, byteCount: Int, loop: SafetensorsFile.Loop) {
    let hugePage = 2 << 20
    guard byteCount > 0, byteCount <= Int.max / 2 else { return nil }
    let page = Int(getpagesize())
    // A rest that fills much of a huge page gets a whole one: clearing it is quicker than the faults.
    let unit = byteCount % hugePage > hugePage / 8 ? hugePage : page
    let end = (byteCount + unit - 1) / unit * unit
    let whole = end + hugePage
    guard let raw = mmap(nil, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), raw != MAP_FAILED
    else { return nil }
    // The region begins at a huge page; what lies before it and behind it is given back.
    let before = (hugePage - Int(bitPattern: raw) % hugePage) % hugePage
    let base = raw + before
    if before > 0 { munmap(raw, before) }
    if before + end < whole { munmap(base + end, whole - before - end) }
    // Advice only: where it is refused the memory works all the same.
    madvise(base, end, MADV_HUGEPAGE)
    let target = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    let pieces = (byteCount + hugePage - 1) / hugePage
    var isWhole = [Bool](repeating: false, count: pieces)
    isWhole.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      loop(pieces) { piece in
        var place = piece * hugePage
        let end = min(byteCount, place + hugePage)
        while place < end {
          let count = pread(descriptor, base + place, end - place, off_t(place))
          if count < 0 && errno == EINTR { continue }
          guard count > 0 else { return }
          place += count
        }
        slots[piece] = true
      }
    }
    bytes = UnsafeRawBufferPointer(target)
    mappedCount = end
    isView = false
    // The memory is given back by `deinit`, which runs for an object whose parts are all set.
    guard !isWhole.contains(false) else { return nil }
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), mappedCount) }

  private static func explainLostPages() {
    signal(SIGBUS) { _ in
      let text: StaticString =
        "darec: a mapped model file was cut while it was in use; restore it, and open it without --mmap\n"
      text.withUTF8Buffer { _ = write(2, $0.baseAddress, $0.count) }
      _exit(65)
    }
  }
}
