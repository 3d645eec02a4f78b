// Memory between two unreadable pages: a kernel that touches one float too many stops the test process.

import Glibc

/// Where a row lies in its page.
enum Placement: CaseIterable, Sendable {
  /// The row ends at the last float before the unreadable page.
  case end
  /// The row starts this many floats after the unreadable page below it.
  case start0, start1, start2, start3
}

/// One readable stretch of memory with an unreadable page on either side.
final class GuardedFloats {
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int
  private let first: UnsafeMutablePointer<Float>
  private let capacity: Int

  /// - Parameter capacity: most floats of a row.
  init(capacity: Int) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let inner = ((capacity + 3) * 4 + page - 1) / page * page
    mappedBytes = inner + 2 * page
    guard
      let address = mmap(nil, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED,
      mprotect(address + page, inner, PROT_READ | PROT_WRITE) == 0
    else { preconditionFailure("no memory for a test") }
    mapping = address
    self.capacity = inner / 4
    first = (address + page).bindMemory(to: Float.self, capacity: inner / 4)
  }

  deinit { munmap(mapping, mappedBytes) }

  /// Where a row of `count` floats starts.
  func row(_ count: Int, _ placement: Placement) -> UnsafeMutablePointer<Float> {
    switch placement {
    case .end: first + (capacity - count)
    case .start0: first
    case .start1: first + 1
    case .start2: first + 2
    case .start3: first + 3
    }
  }

  /// Copies a row to its place.
  func place(_ values: [Float], _ placement: Placement) -> UnsafeMutablePointer<Float> {
    let target = row(values.count, placement)
    for (index, value) in values.enumerated() { target[index] = value }
    return target
  }
}
