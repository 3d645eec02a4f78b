// Exact top-k of all users, of a batch on a large catalogue, and of one query. Guide: Docs/Benchmarks/topk.md.

import Files
import Numerics

extension Benchmark {
  /// Results wanted.
  private static let wanted = 20
  /// Queries that are answered in turn where one query is measured.
  private static let singles = 16

  /// Top 20 at the size of the amazon data set, and a catalogue of a million rows: a batch, and one query at a time over
  /// rows of equal length and over rows with the norms that training gives.
  package static let topK = topK(vectors: nil)

  /// The same benchmark on vectors from files.
  /// - Parameter directory: holds `queries.npy` and `items.npy`, `[*, d]`; with more than 16 queries the batch is measured,
  ///   else one query at a time. Nil measures drawn vectors.
  package static func topK(vectors directory: String?) -> Benchmark {
    Benchmark(
      name: "topk",
      summary: "exact top 20 by inner product: all users, a batch, one query (GFLOP/s, GB/s of the float vectors)"
    ) { options in
      let files = try directory.map { directory in
        (queries: try matrix("\(directory)/queries.npy"), items: try matrix("\(directory)/items.npy"))
      }
      if let files, files.queries.columns != files.items.columns {
        throw BenchmarkError.widths(queries: files.queries.columns, items: files.items.columns)
      }
      return try options.resolvedThreadCounts.flatMap { threads -> [BenchmarkSection] in
        Parallelism.threadCount = threads
        var sections: [BenchmarkSection] = []
        if let files {
          sections.append(
            files.queries.rows > singles
              ? try batchSection([files], threads, options)
              : try singleSection([("vectors of files", files.queries, files.items)], threads, options))
        } else {
          let small = [32, 64].map { (queries: normal(11_000, $0, step: 1), items: normal(9_332, $0, step: 2)) }
          let million = normal(1_000_000, 64, step: 3)
          let queries = normal(1_000, 64, step: 4)
          sections.append(try batchSection(small + [(queries, million)], threads, options))
          let trained = popular(million, step: 5)
          sections.append(
            try singleSection(
              [("rows of like length", queries, million), ("rows with norms by popularity", queries, trained)], threads,
              options))
        }
        return sections
      }
    }
  }

  private static func batchSection(
    _ inputs: [(queries: Matrix, items: Matrix)], _ threads: Int, _ options: BenchmarkOptions
  ) throws -> BenchmarkSection {
    let ceiling = MachineCeiling.multiplyAdd(threads: threads)
    let cases = try inputs.map { queries, items in
      let name = "\(queries.rows) queries x \(items.rows) items, width \(items.columns)"
      options.progress("topk: \(name), \(threads) thread(s)")
      let rows = (0..<Int32(queries.rows)).map { $0 }
      let work = 2e-9 * Double(queries.rows) * Double(items.rows) * Double(items.columns)
      let contender = Contender(name: "darec", work: work) {
        keep(batchTopK(queries: queries, queryRows: rows, items: items, k: wanted)[0].first?.score ?? 0)
      }
      return BenchmarkCase(
        name: name, measurements: try alternate([contender], rounds: options.rounds, ceiling: ceiling))
    }
    return BenchmarkSection(
      threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases)
  }

  private static func singleSection(
    _ inputs: [(name: String, queries: Matrix, items: Matrix)], _ threads: Int, _ options: BenchmarkOptions
  ) throws -> BenchmarkSection {
    let ceiling = MachineCeiling.read(threads: threads)
    var notes: [String] = []
    let cases = try inputs.map { name, queries, items in
      let name = "1 query x \(items.rows) items, width \(items.columns), \(name)"
      options.progress("topk: \(name), \(threads) thread(s)")
      let work = 4e-9 * Double(items.count)
      var next = 0
      func query() -> UnsafePointer<Float> {
        next += 1
        return UnsafePointer(queries.row(next % min(singles, queries.rows)))
      }
      let plain = Contender(name: "float32 scan", work: work) {
        let row = Int32(next % min(singles, queries.rows))
        next += 1
        keep(batchTopK(queries: queries, queryRows: [row], items: items, k: wanted)[0].first?.score ?? 0)
      }
      let start = monotonicSeconds()
      guard let rows = QuantizedRows(items) else {
        notes.append("\(name): no bounds, scanned as float32")
        return BenchmarkCase(name: name, measurements: try alternate([plain], rounds: options.rounds, ceiling: ceiling))
      }
      let seconds = monotonicSeconds() - start
      notes.append(
        "\(name): rounded copy of \(rows.byteCount >> 20) MiB beside \((items.count * 4) >> 20) made in "
          + "\(fixed(seconds * 1000, 0)) ms")
      let rounded = Contender(name: "darec", work: work) {
        let vector = query()
        let found = rows.best(for: vector, by: .product, k: wanted, excluding: []) { row in
          Numerics.kernels.dot(vector, items.row(row), items.columns)
        }
        keep(found?.first?.score ?? 0)
      }
      return BenchmarkCase(
        name: name, measurements: try alternate([rounded, plain], rounds: options.rounds, ceiling: ceiling))
    }
    return BenchmarkSection(
      threads: threads, unit: "GB/s", ceiling: (ceiling, "reading memory"), cases: cases, notes: notes)
  }

  /// Standard normal numbers, the peers' data too.
  static func normal(_ rows: Int, _ columns: Int, step: Int) -> Matrix {
    let matrix = Matrix.uninitialized(rows: rows, columns: columns)
    parallelRanges(rows, blockSize: 4096) { range in
      var stream = RandomStream(seed: 1, purpose: .test, epoch: range.lowerBound, step: step)
      for index in range.lowerBound * columns..<range.upperBound * columns {
        matrix.pointer[index] = Float(stream.normal())
      }
    }
    return matrix
  }

  /// The same directions with log-normal lengths: training makes the vectors of popular items long.
  private static func popular(_ matrix: Matrix, step: Int) -> Matrix {
    let result = matrix.copy()
    var stream = RandomStream(seed: 1, purpose: .test, step: step)
    for row in 0..<result.rows {
      Numerics.kernels.scale(
        Float(exponential(0.5 * stream.normal())), result.row(row), result.row(row), result.columns)
    }
    return result
  }

  /// A matrix of an npy file.
  private static func matrix(_ path: String) throws -> Matrix {
    let file = try NpyFile(path)
    guard file.shape.count == 2 else { throw BenchmarkError.notAMatrix(path: path) }
    let matrix = Matrix.uninitialized(rows: file.shape[0], columns: file.shape[1])
    try file.readFloats(into: matrix.elements)
    return matrix
  }
}
