// Lloyd rounds of k-means beside scikit-learn's.

import Numerics

extension Benchmark {
  /// Time per round, from runs of ten rounds with the packing of the rows included.
  static let kMeans = Benchmark(
    name: "kmeans",
    summary: "ten Lloyd rounds of k-means, against scikit-learn (GFLOP/s of the distances, 3 operations a term)"
  ) { options in
    try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      let ceiling = MachineCeiling.multiplyAdd(threads: threads)
      let python = options.includesPeers ? PythonPeer(threads: threads) : nil
      let peer = python?.hasScikitLearn == true ? python : nil
      let note =
        peer.map { "peer: \($0.version), \(threads) thread(s), from the same kind of rows and centres" }
        ?? "python3 with scikit-learn was not found or not wanted: no peer in this run"
      var cases: [BenchmarkCase] = []
      for (rows, width, clusters) in [(4096, 32, 8), (4096, 32, 64), (20_000, 32, 8), (20_000, 32, 64)] {
        options.progress("kmeans: \(rows) x \(width), \(clusters) clusters, \(threads) thread(s)")
        let x = random(rows, width, step: 1)
        let start = x.rows(0..<clusters)
        // Ten rounds and the last assignment are eleven passes of distances.
        let work = 3e-9 * Double(rows) * Double(width) * Double(clusters) * 11
        var contenders = [
          Contender(name: "darec", work: work) {
            keep(KMeans.lloyd(x: x, start: start, iterations: 10).centres[0, 0])
          }
        ]
        if let peer {
          contenders.append(
            .timingItself(name: "scikit-learn", work: work) {
              peer.kMeansSeconds(rows: rows, width: width, clusters: clusters, rounds: 10)
            })
        }
        cases.append(
          BenchmarkCase(
            name: "\(rows) x \(width), \(clusters) clusters, 10 rounds",
            measurements: try alternate(contenders, rounds: options.rounds, ceiling: ceiling)))
      }
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases, notes: [note])
    }
  }
}
