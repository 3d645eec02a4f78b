// What the machine can do at best, measured in the same run as what is compared with it.

import Numerics

/// Ceilings measured on this machine, with all threads of the run busy.
package enum MachineCeiling {
  /// Multiply-add rate of `threads` threads in registers, GFLOP/s: the best run of half a second or
  /// more of runs that take about 20 milliseconds.
  package static func multiplyAdd(threads: Int) -> Double {
    let iterations = 4_000_000
    return best(threads: threads) { _ in keep(Numerics.kernels.multiplyAddProbe(iterations, 0.999_999)) }
      * Double(iterations) * operationsOfIteration
  }

  /// Work of one iteration of `multiplyAddProbe`, 10^9 operations.
  static let operationsOfIteration = 192e-9

  /// Rate at which `threads` threads read memory that is in no cache, GB/s: the best of
  /// some thirty passes over 256 MiB.
  package static func read(threads: Int) -> Double {
    let floats = 64 << 20
    let memory = Matrix(rows: 1, columns: floats)
    let share = floats / threads
    return best(threads: threads) { thread in
      keep(Float(Numerics.kernels.sum(memory.pointer + thread * share, share)))
    } * Double(share) * 4e-9
  }

  /// Runs per second over all threads, where every thread does the body once; the best of half a second of them.
  ///
  /// After a pause both threads may share a processor for more than half a second, which shows in the processor time they
  /// get. That is not the machine's limit, and every share of it would come out too high: such runs are repeated, for three
  /// seconds at most.
  private static func best(threads: Int, _ body: (Int) -> Void) -> Double {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    var shortest = Double.infinity
    var usedProcessors = 0.0
    let first = monotonicSeconds()
    var elapsed = 0.0
    while elapsed < 0.5 || (usedProcessors < 0.9 * Double(threads) && elapsed < 3) {
      let start = monotonicSeconds()
      let used = processorSeconds()
      parallelFor(threads, body)
      let end = monotonicSeconds()
      if end - start < shortest {
        shortest = end - start
        usedProcessors = (processorSeconds() - used) / shortest
      }
      elapsed = end - first
    }
    return Double(threads) / shortest
  }
}

/// Makes a result count as used, so that the compiler keeps the work that gave it.
@inline(never)
package func keep(_ value: Float) {
  if value == -.greatestFiniteMagnitude { print(value) }
}
