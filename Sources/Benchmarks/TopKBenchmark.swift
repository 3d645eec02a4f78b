// Exact top-k of all users, and of one query on a large catalogue.

import Numerics

extension Benchmark {
  /// Top 20 of every user at the size of the amazon data set, and one query on a million rows.
  static let topK = Benchmark(
    name: "topk", summary: "exact top 20 by inner product, all users and one query (GFLOP/s of the products)"
  ) { options in
    try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      let ceiling = MachineCeiling.multiplyAdd(threads: threads)
      var cases: [BenchmarkCase] = []
      for width in [32, 64] {
        options.progress("topk: width \(width), \(threads) thread(s)")
        let queries = random(11_000, width, step: 1)
        let items = random(9_332, width, step: 2)
        centre(queries)
        centre(items)
        let rows = (0..<11_000).map { Int32($0) }
        let contender = Contender(name: "darec", work: 2e-9 * 11_000 * 9_332 * Double(width)) {
          keep(batchTopK(queries: queries, queryRows: rows, items: items, k: 20)[0].first?.score ?? 0)
        }
        cases.append(
          BenchmarkCase(
            name: "11,000 queries x 9,332 items, width \(width)",
            measurements: try alternate([contender], rounds: options.rounds, ceiling: ceiling)))
      }
      options.progress("topk: one query, \(threads) thread(s)")
      let queries = random(1, 64, step: 1)
      let items = Matrix.uninitialized(rows: 1_000_000, columns: 64)
      let block = random(1000, 64, step: 2)
      centre(block)
      for start in stride(from: 0, to: items.rows, by: block.rows) {
        items.row(start).update(from: block.pointer, count: block.count)
      }
      let single = Contender(name: "darec", work: 2e-9 * 64e6) {
        keep(batchTopK(queries: queries, queryRows: [0], items: items, k: 20)[0].first?.score ?? 0)
      }
      cases.append(
        BenchmarkCase(
          name: "1 query x 1,000,000 items, width 64",
          measurements: try alternate([single], rounds: options.rounds, ceiling: ceiling)))
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases)
    }
  }

  /// Moves uniform numbers from [0, 1) to [-1/2, 1/2).
  private static func centre(_ matrix: Matrix) {
    for index in 0..<matrix.count { matrix.pointer[index] -= 0.5 }
  }
}
