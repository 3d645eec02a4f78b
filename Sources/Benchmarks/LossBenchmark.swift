// The terms of the losses at the size of a step, beside the product that a library writes out first.
// Guide: Docs/Benchmarks/gemm.md, "Products that are consumed".

import Alignments
import Autodiff
import Numerics

extension Benchmark {
  /// Nodes of a step, and the width of a part.
  private static let lossShape = (rows: 4096, width: 32)

  /// Every structure and contrastive term with its gradients, 4,096 rows of width 32.
  ///
  /// Operations are counted as those of one product of all rows with all rows, 2 n² d, for the terms that compare all
  /// pairs, and 8 n d² for the global term (three Gram matrices and the gradient), and as those of the distances for the local one; rates compare within a case. The peer
  /// is numpy's product alone, written to memory: what comes before the first exponential of a term that stores it.
  static let losses = Benchmark(
    name: "losses",
    summary: "loss terms with gradients, 4,096 rows of width 32 (nominal GFLOP/s), beside numpy's product alone"
  ) { options in
    let (rows, width) = lossShape
    let pairs = 2e-9 * Double(rows) * Double(rows) * Double(width)
    return try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      options.progress("losses: \(threads) thread(s)")
      let ceiling = MachineCeiling.multiplyAdd(threads: threads)
      let peer = options.includesPeers ? PythonPeer(threads: threads) : nil
      let product = peer.map { peer in
        Contender.timingItself(name: "numpy, product only", work: pairs) {
          peer.seconds(m: rows, k: width, n: rows, transposeA: false, transposeB: true)
        }
      }
      func measured(_ name: String, work: Double = pairs, besideProduct: Bool = true, _ body: @escaping () -> Void)
        throws
        -> BenchmarkCase
      {
        let ours = Contender(name: "darec", work: work, body: body)
        return BenchmarkCase(
          name: name,
          measurements: try alternate(
            [ours] + (besideProduct ? product.map { [$0] } ?? [] : []), rounds: options.rounds, ceiling: ceiling))
      }
      let values = random(rows, width, step: 1)
      let left = Parameter(name: "left", value: values)
      let right = Parameter(name: "right", value: random(rows, width, step: 2))
      let numbers = (0..<Int32(rows)).map { $0 }
      func term(_ build: @escaping (Tape, Variable, Variable) -> LossTerm) -> () -> Void {
        {
          let tape = Tape()
          let term = build(tape, tape.variable(left), tape.variable(right))
          tape.backward()
          keep(Float(term.value))
        }
      }
      let ones = [Float](repeating: 1, count: rows)
      var start = CentreStart(collaborative: values.rows(0..<8), language: right.value.rows(0..<8))
      let cases = [
        try measured("log-sum-exp of all rows, values only") {
          let tape = Tape()
          let variable = tape.constant(values)
          keep(Float(tape.logSumExp(variable, candidates: variable, weights: ones, name: "lse", weight: 1).value))
        },
        try measured("top 20 of all rows") {
          keep(batchTopK(queries: values, queryRows: numbers, items: right.value, k: 20)[0].first?.score ?? 0)
        },
        try measured("uniformity", term { tape, a, _ in tape.uniformity(a, name: "uniformity", weight: 1) }),
        try measured(
          "InfoNCE",
          term { tape, a, b in tape.infoNCE(a, b, candidates: b, temperature: 0.2, name: "infonce", weight: 1) }),
        try measured(
          "global structure", work: 8e-9 * Double(rows) * Double(width) * Double(width), besideProduct: false,
          term { tape, a, b in
            tape.globalStructure(a, b, cosine: true, scale: .mean, name: "global", weight: 1)
          }),
        try measured(
          "local structure, 8 centres, 10 rounds", work: 2 * 3e-9 * Double(rows) * Double(width) * 8 * 11,
          besideProduct: false,
          term { tape, a, b in
            tape.localStructure(
              a, b, start: &start, iterations: 10, spherical: true, matching: .coMembership, form: .identity,
              stream: RandomStream(seed: 1, purpose: .test), weight: 1)
          }),
        try measured(
          "orthogonality", work: 10e-9 * Double(rows) * Double(width), besideProduct: false,
          term { tape, a, b in tape.orthogonality(specific: a, shared: b, name: "orthogonality", weight: 1) }),
      ]
      let note =
        peer.map { "peer: \($0.version), \(threads) thread(s); its product is written out and nothing is made of it" }
        ?? "python3 with numpy was not found or not wanted: no peer in this run"
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases, notes: [note])
    }
  }
}
