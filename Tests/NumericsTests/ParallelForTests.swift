// Parallel loops visit each block once, whatever the thread count.

import Numerics
import Testing

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
}
