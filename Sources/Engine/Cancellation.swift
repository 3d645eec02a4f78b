// A flag that a signal handler may set and a running query polls.

import Synchronization

/// Set by Ctrl-C, polled by long queries at block boundaries.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// A flag that is not set.
  package init() {}

  /// Asks the running query to stop.
  package func cancel() { flag.store(true, ordering: .relaxed) }

  /// Forgets an earlier request.
  package func reset() { flag.store(false, ordering: .relaxed) }

  /// True after `cancel()`.
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
