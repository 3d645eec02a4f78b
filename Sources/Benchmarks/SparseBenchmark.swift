// Propagation over an interaction graph: sparse times dense.

import Numerics

extension Benchmark {
  /// A normalised user-item graph of the size of the amazon data set of the paper, skewed like real ones.
  static let sparse = Benchmark(
    name: "sparse", summary: "sparse graph times dense vectors, one propagation layer (GFLOP/s)"
  ) { options in
    let users = 11_000
    let items = 9_332
    let graph = plantedGraph(users: users, items: items, interactions: 120_000)
    let mask = keepMask(graph.entryCount)
    let kept = packed(graph, mask)
    return try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      let ceiling = MachineCeiling.read(threads: threads)
      var cases: [BenchmarkCase] = []
      for width in [32, 64, 128] {
        options.progress("sparse: width \(width), \(threads) thread(s)")
        let x = random(users + items, width, step: 1)
        let out = Matrix(rows: users + items, columns: width)
        let work = 2e-9 * Double(graph.entryCount) * Double(width)
        let contenders = [
          Contender(name: "darec", work: work) { sparseTimesDense(graph, x, into: out) },
          Contender(name: "darec, 20 % dropped", work: work) {
            sparseTimesDense(graph, kept, x, into: out)
          },
        ]
        cases.append(
          BenchmarkCase(
            name: "\(graph.rows) nodes, \(graph.entryCount) entries, width \(width)",
            measurements: try alternate(contenders, rounds: options.rounds)))
      }
      cases.append(
        BenchmarkCase(
          name: "packing \(graph.entryCount) entries, 20 % dropped",
          measurements: try alternate(
            [Contender(name: "darec", work: 1e-9 * Double(graph.entryCount)) { _ = packed(graph, mask) }],
            rounds: options.rounds)))
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", cases: cases,
        notes: [
          "memory reads at \(fixed(ceiling, 1)) GB/s in this run; each 2 operations gather 4 bytes; packing counts entries"
        ])
    }
  }

  /// Symmetrically normalised adjacency of a random bipartite graph whose item popularity falls like a power law.
  static func plantedGraph(users: Int, items: Int, interactions: Int) -> CSRMatrix {
    var stream = RandomStream(seed: 1, purpose: .plantedData)
    var entries: [(row: Int32, column: Int32)] = []
    entries.reserveCapacity(2 * interactions)
    for _ in 0..<interactions {
      let user = Int32(stream.below(users))
      let popularity = stream.uniformDouble()
      let item = Int32(users + min(items - 1, Int(popularity * popularity * Double(items))))
      entries.append((user, item))
      entries.append((item, user))
    }
    let pattern = CSRMatrix(rows: users + items, columns: users + items, entries: entries)
    var values = [Float](repeating: 0, count: pattern.entryCount)
    for row in 0..<pattern.rows {
      for entry in pattern.rowStarts[row]..<pattern.rowStarts[row + 1] {
        let degrees = pattern.degree(row) * pattern.degree(Int(pattern.columnIndices[entry]))
        values[entry] = Float(1 / Double(degrees).squareRoot())
      }
    }
    return CSRMatrix(
      rows: pattern.rows, columns: pattern.columns, rowStarts: pattern.rowStarts,
      columnIndices: pattern.columnIndices, values: values)
  }

  private static func packed(_ graph: CSRMatrix, _ mask: [UInt8]) -> KeptEntries {
    mask.withUnsafeBufferPointer { keep in
      guard let keep = keep.baseAddress else { preconditionFailure("a graph with entries") }
      return KeptEntries(graph, where: keep)
    }
  }

  private static func keepMask(_ count: Int) -> [UInt8] {
    var stream = RandomStream(seed: 1, purpose: .edgeDropout)
    return (0..<count).map { _ in stream.below(5) == 0 ? 0 : 1 }
  }
}
