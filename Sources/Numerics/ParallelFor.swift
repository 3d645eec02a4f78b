// Deterministic parallel loops: the work is cut into blocks that do not depend on the thread count.

import CPlatform
import Synchronization

/// How many threads the parallel loops may use.
///
/// Results never depend on it.
package enum Parallelism {
  private static let count = Atomic<Int>(0)

  /// Number of threads used by `parallelFor`.
  ///
  /// At least 1; the default is the number of active processors.
  package static var threadCount: Int {
    get {
      let value = count.load(ordering: .relaxed)
      return value > 0 ? value : processorCount
    }
    set { count.store(max(1, newValue), ordering: .relaxed) }
  }

  /// Number of processors that the scheduler gives this process.
  package static let processorCount = max(1, Int(cplatform_processor_count()))
}

/// Calls `body` once for each block index in `0 ..< blockCount`, on up to `Parallelism.threadCount` threads.
///
/// Blocks are handed out from one counter, so a slow or descheduled thread only delays its own block; the helping threads
/// are `ThreadTeam`'s. Two blocks must not write the same memory, and a block must compute the same result whatever thread
/// runs it and in whatever order: then the result is bit-identical for every thread count. Partial results are reduced
/// by the caller in block order.
///
/// - Parameters:
///   - blockCount: number of blocks; a function of the data only, never of the thread count.
///   - body: the work of one block. A nested `parallelFor` runs serially on its thread.
package func parallelFor(_ blockCount: Int, _ body: (Int) -> Void) {
  let threads = min(Parallelism.threadCount, blockCount)
  guard threads > 1, !LoopMembership.isInside else {
    for block in 0..<max(0, blockCount) { body(block) }
    return
  }
  withoutActuallyEscaping(body) { escaping in
    withUnsafePointer(to: escaping) { ThreadTeam.shared.run(LoopBody($0), blockCount: blockCount, threads: threads) }
  }
}

/// Calls `body` for consecutive ranges of at most `blockSize` indices that cover `0 ..< count`.
package func parallelRanges(_ count: Int, blockSize: Int, _ body: (Range<Int>) -> Void) {
  guard count > 0 else { return }
  let blocks = (count + blockSize - 1) / blockSize
  parallelFor(blocks) { block in
    body(block * blockSize..<min(count, (block + 1) * blockSize))
  }
}

/// Sums `body` over consecutive ranges in Double, adding the partial sums in block order.
package func parallelSum(_ count: Int, blockSize: Int, _ body: (Range<Int>) -> Double) -> Double {
  guard count > 0 else { return 0 }
  let blocks = (count + blockSize - 1) / blockSize
  var partial = [Double](repeating: 0, count: blocks)
  partial.withUnsafeMutableBufferPointer { partial in
    let sums = partial
    parallelFor(blocks) { block in
      sums[block] = body(block * blockSize..<min(count, (block + 1) * blockSize))
    }
  }
  return partial.reduce(0, +)
}
