// The terms of the losses at the size of a step, beside the product that a library writes out first.
// Guide: Docs/Benchmarks/gemm.md, "Products that are consumed".

import Alignments
import Autodiff
import Numerics

extension Benchmark {
  /// Every structure and contrastive term with its gradients, 4,096 nodes of width 32.
  ///
  /// Operations are counted as those of one product of all rows with all rows, 2 n² d, for the terms that compare all
  /// pairs; as 8 n d² for the global term (three Gram matrices and the gradient); as those of the distances for the
  /// local one. Rates compare within a case. The peer is numpy's product alone, written to memory, which is what comes
  /// before the first exponential of a term that stores it; for the first case also the whole case in numpy.
  static let losses = Benchmark(
    name: "losses",
    summary: "loss terms with gradients, 4,096 rows of width 32 (nominal GFLOP/s), beside numpy's product alone"
  ) { options in
    try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      options.progress("losses: \(threads) thread(s)")
      let ceiling = MachineCeiling.multiplyAdd(threads: threads)
      let peer = options.includesPeers ? PythonPeer(threads: threads) : nil
      let terms = LossTerms()
      let cases = try terms.all(peer).map { one in
        BenchmarkCase(
          name: one.name, measurements: try alternate(one.contenders, rounds: options.rounds, ceiling: ceiling))
      }
      let note =
        peer.map { "peer: \($0.version), \(threads) thread(s)" }
        ?? "python3 with numpy was not found or not wanted: no peer in this run"
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases, notes: [note])
    }
  }
}

/// Nodes of a step on two sides, and the terms between them.
private final class LossTerms {
  private let rows = 4096
  private let width = 32
  private let left: Parameter
  private let right: Parameter
  private var start: CentreStart

  init() {
    left = Parameter(name: "left", value: Benchmark.normal(rows, width, step: 1))
    right = Parameter(name: "right", value: Benchmark.normal(rows, width, step: 2))
    start = CentreStart(collaborative: left.value.rows(0..<8), language: right.value.rows(0..<8))
  }

  /// The cases: ours first, then the peer's.
  func all(_ peer: PythonPeer?) -> [(name: String, contenders: [Contender])] {
    let pairs = 2e-9 * Double(rows) * Double(rows) * Double(width)
    let product = peer.map { peer in
      [
        Contender.timingItself(name: "numpy, product only", work: pairs) { [rows, width] in
          peer.seconds(m: rows, k: width, n: rows, transposeA: false, transposeB: true)
        }
      ]
    }
    let same = peer.map { peer in
      [
        Contender.timingItself(name: "numpy, the same", work: pairs) { [rows, width] in
          peer.logSumExpSeconds(rows: rows, width: width)
        }
      ]
    }
    func compared(_ body: @escaping () -> Void, with peers: [Contender]? = nil) -> [Contender] {
      [Contender(name: "darec", work: pairs, body: body)] + (product ?? []) + (peers ?? [])
    }
    func alone(_ work: Double, _ body: @escaping () -> Void) -> [Contender] {
      [Contender(name: "darec", work: work, body: body)]
    }
    let size = Double(rows) * Double(width)
    return [
      ("InfoNCE, values only", compared(values, with: same)),
      ("top 20 of all rows", compared(best)),
      (
        "InfoNCE",
        compared(
          term { tape, a, b in tape.infoNCE(a, b, candidates: b, temperature: 0.2, name: "infonce", weight: 1) })
      ),
      ("uniformity, values only", compared(spread)),
      ("uniformity", compared(term { tape, a, _ in tape.uniformity(a, name: "uniformity", weight: 1) })),
      (
        "global structure",
        alone(
          8e-9 * size * Double(width),
          term { tape, a, b in tape.globalStructure(a, b, cosine: true, scale: .mean, name: "global", weight: 1) })
      ),
      (
        "local structure, 8 centres, 10 rounds",
        alone(
          2 * 3e-9 * size * 8 * 11,
          term { [self] tape, a, b in
            tape.localStructure(
              a, b, start: &start, iterations: 10, spherical: true, matching: .coMembership, form: .identity,
              stream: RandomStream(seed: 1, purpose: .test), weight: 1)
          })
      ),
      (
        "orthogonality",
        alone(
          10e-9 * size,
          term { tape, a, b in tape.orthogonality(specific: a, shared: b, name: "orthogonality", weight: 1) })
      ),
    ]
  }

  private func values() {
    let tape = Tape()
    let (anchors, positives) = (tape.constant(left.value), tape.constant(right.value))
    let term = tape.infoNCE(
      anchors, positives, candidates: positives, temperature: 0.2, name: "infonce", weight: 1)
    keep(Float(term.value))
  }

  private func spread() {
    let tape = Tape()
    keep(Float(tape.uniformity(tape.constant(left.value), name: "uniformity", weight: 1).value))
  }

  private func best() {
    let numbers = (0..<Int32(rows)).map { $0 }
    keep(batchTopK(queries: left.value, queryRows: numbers, items: right.value, k: 20)[0].first?.score ?? 0)
  }

  /// A term with the gradients of both sides.
  private func term(_ build: @escaping (Tape, Variable, Variable) -> LossTerm) -> () -> Void {
    { [left, right] in
      let tape = Tape()
      let term = build(tape, tape.variable(left), tape.variable(right))
      tape.backward()
      keep(Float(term.value))
    }
  }
}
