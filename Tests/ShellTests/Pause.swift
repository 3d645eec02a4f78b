// Waiting, and how many can wait at once.

import Glibc
import Numerics

enum Pause {
  /// Sleeps for a thousandth of a second.
  static func millisecond() { usleep(1_000) }

  /// Threads that a parallel loop uses.
  static var processors: Int { Parallelism.threadCount }
}
