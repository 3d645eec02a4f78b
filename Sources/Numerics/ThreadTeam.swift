// The threads of parallel loops: they linger for a moment after a loop, because the next one is near.

import CPlatform
import Dispatch
import Synchronization

/// The body of a parallel loop, where other threads find it.
///
/// This is the one audited place where a closure that captures raw pointers crosses threads: the contract of
/// `parallelFor` (blocks write disjoint memory) is what makes it safe. Nobody keeps a reference to the closure: it is
/// called through the pointer, by threads that have left before the loop returns.
struct LoopBody: @unchecked Sendable {
  private let closure: UnsafePointer<(Int) -> Void>

  init(_ closure: UnsafePointer<(Int) -> Void>) { self.closure = closure }

  /// Takes blocks from `next` until none of `count` is left, and returns how many it was.
  ///
  /// Not inlined, so that nothing of the closure outlives the call.
  @inline(never) @discardableResult
  func takeBlocks(_ count: Int, from next: borrowing Atomic<Int>) -> Int {
    var done = 0
    while true {
      let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard block < count else { return done }
      closure.pointee(block)
      done += 1
    }
  }
}

/// One leader at a time runs a loop, and Dispatch's threads help.
///
/// Waking a sleeping thread takes 100 to 200 microseconds in a virtual machine, as long as many a loop of a training
/// step: with `concurrentPerform` alone, loops of 100 microseconds gain nothing by a second processor. A helper
/// therefore looks for the next loop for `patience` before it goes back to Dispatch, and the leader for its last helper
/// before it sleeps. Both waits are bounded, and without them where more threads are asked for than there are processors: a
/// helper spends no more than that beyond its work. While another thread leads, `concurrentPerform` serves a second one.
///
/// How a loop is handed over: `state` holds the loop's number, whether it is open, and how many helpers are inside.
/// A helper joins an open loop by raising the count, in one atomic exchange; what the leader wrote before it opened the
/// loop is then valid until the count falls to zero, for which the leader waits after it has closed the loop.
final class ThreadTeam: Sendable {
  static let shared = ThreadTeam()

  /// Nanoseconds a thread looks for another one's write before it sleeps.
  private static let patience: UInt64 = 100_000
  /// Most threads asked of Dispatch, whatever the thread count.
  private static let mostHelpers = 4 * Parallelism.processorCount

  private static let isOpen: UInt = 1 << 16
  private static let inside: UInt = isOpen - 1
  private static let number: UInt = ~(isOpen | inside)
  private static let nextNumber: UInt = isOpen << 1

  private let state = Atomic<UInt>(0)
  private let hasLeader = Atomic<Bool>(false)
  /// Helpers that are serving or on their way.
  private let helpers = Atomic<Int>(0)
  /// Where the leader was when it opened the loop; negative where that is not known or does not matter.
  private let leaderProcessor = Atomic<Int>(-1)
  /// Most helpers of the loop.
  private let limit = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let leaderSleeps = Atomic<Bool>(false)
  private let lastHasLeft = DispatchSemaphore(value: 0)
  private nonisolated(unsafe) var loop: (body: LoopBody, blockCount: Int)?

  /// Runs the blocks `0 ..< blockCount` of a loop on up to `threads` threads, the calling one among them.
  func run(_ body: LoopBody, blockCount: Int, threads: Int) {
    let isLeader = hasLeader.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    guard isLeader else { return Self.runAlone(body, blockCount: blockCount, threads: threads) }
    defer { hasLeader.store(false, ordering: .releasing) }
    loop = (body, blockCount)
    next.store(0, ordering: .relaxed)
    limit.store(threads - 1, ordering: .relaxed)
    let lingers = Parallelism.threadCount <= Parallelism.processorCount
    leaderProcessor.store(lingers ? Int(cplatform_current_processor()) : -1, ordering: .relaxed)
    let last = state.load(ordering: .relaxed)
    state.store((last & Self.number) &+ Self.nextNumber | Self.isOpen, ordering: .sequentiallyConsistent)
    callHelpers(min(threads - 1, Self.mostHelpers), lingers: lingers)
    LoopMembership.enter()
    body.takeBlocks(blockCount, from: next)
    LoopMembership.leave()
    if state.bitwiseAnd(~Self.isOpen, ordering: .acquiringAndReleasing).newValue & Self.inside != 0 {
      waitForHelpers(nanoseconds: lingers ? Self.patience : 0)
    }
    loop = nil
  }

  /// The loop of a thread that is not the leader.
  private static func runAlone(_ body: LoopBody, blockCount: Int, threads: Int) {
    let next = SharedCounter()
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      LoopMembership.enter()
      body.takeBlocks(blockCount, from: next.value)
      LoopMembership.leave()
    }
  }

  private func callHelpers(_ wanted: Int, lingers: Bool) {
    var present = helpers.load(ordering: .sequentiallyConsistent)
    while present < wanted {
      let (exchanged, original) = helpers.compareExchange(
        expected: present, desired: present + 1, ordering: .sequentiallyConsistent)
      guard exchanged else {
        present = original
        continue
      }
      present += 1
      DispatchQueue.global().async { self.serve(lingers: lingers) }
    }
  }

  // MARK: - The leader's end

  private func waitForHelpers(nanoseconds: UInt64) {
    var wait = BoundedWait(nanoseconds: nanoseconds)
    while state.load(ordering: .acquiring) & Self.inside != 0 {
      guard wait.isOver() else { continue }
      leaderSleeps.store(true, ordering: .sequentiallyConsistent)
      // The last helper may have left before it could see that somebody sleeps.
      let isAlone = state.load(ordering: .sequentiallyConsistent) & Self.inside == 0
      if isAlone, leaderSleeps.exchange(false, ordering: .sequentiallyConsistent) { return }
      // A signal that belongs to an earlier loop only makes this one look again.
      lastHasLeft.wait()
    }
  }

  // MARK: - Helpers

  /// Helps in one loop after the other until none has come for a while.
  private func serve(lingers: Bool) {
    var last: UInt = 0
    var wait = BoundedWait(nanoseconds: lingers ? Self.patience : 0)
    while true {
      var seen = state.load(ordering: .acquiring)
      while !Self.isNew(seen, after: last) {
        if wait.isOver() {
          helpers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
          // A leader that opened a loop just now has counted on this helper, or else calls another one.
          seen = state.load(ordering: .sequentiallyConsistent)
          guard Self.isNew(seen, after: last) else { return }
          helpers.wrappingAdd(1, ordering: .sequentiallyConsistent)
          break
        }
        seen = state.load(ordering: .acquiring)
      }
      last = seen & Self.number
      leaveLeadersProcessor()
      // Only work begins the wait anew: where others do it all, this thread goes.
      if help(in: seen) { wait.begin() }
    }
  }

  /// Moves to another processor where the system has put this thread and the leader on one.
  ///
  /// It does so for a thread that wakes up, and leaves the others idle for tens of milliseconds.
  private func leaveLeadersProcessor() {
    let processor = Int32(leaderProcessor.load(ordering: .relaxed))
    if processor >= 0, processor == cplatform_current_processor() { cplatform_leave_processor(processor) }
  }

  private static func isNew(_ state: UInt, after last: UInt) -> Bool { state & isOpen != 0 && state & number != last }

  /// Helps in the loop of a state, if it is still open and has room; true when this thread did a block of it.
  private func help(in observed: UInt) -> Bool {
    var current = observed
    while current & Self.isOpen != 0, current & Self.number == observed & Self.number,
      Int(current & Self.inside) < limit.load(ordering: .relaxed)
    {
      let (exchanged, original) = state.compareExchange(
        expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
      if exchanged {
        LoopMembership.enter()
        let done = loop.map { $0.body.takeBlocks($0.blockCount, from: next) } ?? 0
        LoopMembership.leave()
        let left = state.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
        if left & (Self.isOpen | Self.inside) == 0, leaderSleeps.exchange(false, ordering: .sequentiallyConsistent) {
          lastHasLeft.signal()
        }
        return done > 0
      }
      current = original
    }
    return false
  }
}

/// A counter that the threads of one loop share.
private final class SharedCounter: Sendable {
  let value = Atomic<Int>(0)
}

/// A wait for another thread's write that ends.
private struct BoundedWait {
  private let nanoseconds: UInt64
  private var start: UInt64 = 0
  private var turns = 0

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Starts to wait from now on.
  mutating func begin() { turns = 0 }

  /// Pauses, and tells whether the time is up; the clock is read in every 32nd turn.
  mutating func isOver() -> Bool {
    guard nanoseconds > 0 else { return true }
    cplatform_pause()
    turns += 1
    guard turns % 32 == 1 else { return false }
    let now = DispatchTime.now().uptimeNanoseconds
    if turns == 1 { start = now }
    return now - start > nanoseconds
  }
}
