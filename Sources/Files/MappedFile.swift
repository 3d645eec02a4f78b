// A file in the address space.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is mapped privately: its pages are read when they are touched, and shared with whoever reads the file.
///
/// What is in the file must not change while it is mapped: files of this program are replaced by renaming, never
/// written in place. A file that somebody cuts all the same ends the process with a message and status 65 when a page
/// that is gone is touched.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  /// Maps a whole file; nil, with `errno` set, when the system refuses.
  init?(descriptor: Int32, byteCount: Int) {
    Self.explainLostPages()
    guard byteCount > 0,
      let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  /// Asks the system to read a part ahead, all of it at once.
  func willNeed(_ range: Range<Int>) {
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    guard let base = bytes.baseAddress, range.upperBound > start else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_WILLNEED)
  }

  private static func explainLostPages() {
    signal(SIGBUS) { _ in
      let text: StaticString =
        "darec: a mapped model file was cut while it was in use; restore it, and open it without --mmap\n"
      text.withUTF8Buffer { _ = write(2, $0.baseAddress, $0.count) }
      _exit(65)
    }
  }
}
