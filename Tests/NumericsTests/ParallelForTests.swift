// Parallel loops visit each block once, whatever the thread count.

import CPlatform
import Dispatch
import Foundation
import Numerics
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite(.serialized) struct ParallelForTests {
  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1000]) func everyBlockRunsOnce(_ threads: Int, _ blocks: Int) {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    let counts = Matrix(rows: 1, columns: blocks)
    parallelFor(blocks) { counts.pointer[$0] += 1 }
    #expect(counts.values == [Float](repeating: 1, count: blocks))
  }

  @Test func rangesCoverWithoutOverlap() {
    for (count, size) in [(0, 4), (1, 4), (4, 4), (5, 4), (1001, 100)] {
      let hits = Matrix(rows: 1, columns: count)
      parallelRanges(count, blockSize: size) { range in
        for index in range { hits.pointer[index] += 1 }
      }
      #expect(hits.values == [Float](repeating: 1, count: count))
    }
  }

  @Test func sumsHaveTheSameBitsAtEveryThreadCount() {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    let x = Matrix(rows: 1, columns: 200_003, values: Distribution.logNormal.values(200_003))
    let y = Matrix(rows: 1, columns: 200_003, values: Distribution.uniform.values(200_003))
    var reference: [UInt64] = []
    for threads in [1, 2, 3, 8] {
      Parallelism.threadCount = threads
      let results = [x.sum(), x.sumOfSquares(), x.dot(y)].map(\.bitPattern)
      if reference.isEmpty { reference = results }
      #expect(results == reference)
    }
  }

  @Test func nestedLoopsFinish() {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = 4
    let hits = Matrix(rows: 16, columns: 16)
    parallelFor(16) { outer in parallelFor(16) { inner in hits.row(outer)[inner] += 1 } }
    #expect(hits.values == [Float](repeating: 1, count: 256))
  }

  #if os(Linux)
    @Test(.enabled(if: Parallelism.processorCount > 1, "there is no other processor to go to"))
    func aThreadLeavesAProcessorAndMayComeBack() async {
      // A thread of its own, so that no other test's thread is moved.
      let (first, second, allowed): (Int32, Int32, Int32) = await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          // In between the system may bring it back by itself: one success in twenty shows that it moves.
          var places: (Int32, Int32) = (0, 0)
          for _ in 0..<20 where places.0 == places.1 {
            places.0 = cplatform_current_processor()
            cplatform_leave_processor(places.0)
            places.1 = cplatform_current_processor()
          }
          continuation.resume(returning: (places.0, places.1, cplatform_processor_count()))
        }
      }
      #expect(first >= 0 && second >= 0 && first != second)
      #expect(Int(allowed) == Parallelism.processorCount)
    }

    @Test func leavingAProcessorThatIsNotThereChangesNothing() {
      let before = Parallelism.processorCount
      for processor in [-1, 1 << 20, Int32.max, Int32.min] { cplatform_leave_processor(processor) }
      #expect(Int(cplatform_processor_count()) == before)
    }
  #endif

  @Test func severalThreadsMayLeadAtOnce() {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = 3
    let wrong = Counter()
    DispatchQueue.concurrentPerform(iterations: 4) { leader in
      for round in 0..<2_000 {
        let sum = Counter()
        parallelFor(1 + round % 9) { sum.value.wrappingAdd($0 + leader, ordering: .relaxed) }
        let blocks = 1 + round % 9
        if sum.value.load(ordering: .relaxed) != blocks * (blocks - 1) / 2 + blocks * leader {
          wrong.value.wrappingAdd(1, ordering: .relaxed)
        }
      }
    }
    #expect(wrong.value.load(ordering: .relaxed) == 0)
  }

  /// Pauses of every length up to three times what helpers wait, so that loops meet helpers that come, stay and go; blocks
  /// that sleep, so that the leader does too.
  @Test func loopsMeetHelpersAtEveryMoment() {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    for threads in [2, 3] {
      Parallelism.threadCount = threads
      let hits = Matrix(rows: 1, columns: 7)
      for round in 0..<600 {
        parallelFor(7) { block in
          if (block + round) % 101 == 0 { usleep(1_500) }
          hits.pointer[block] += 1
        }
        usleep(UInt32(round % 60) * 5)
      }
      #expect(hits.values == [Float](repeating: 600, count: 7))
    }
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
