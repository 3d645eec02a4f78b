// Dense products against numpy's BLAS, the machine's multiply-add ceiling, and the loop without FMA.

import Numerics

/// A product to measure: C[m, n] = op(A)[m, k] op(B)[k, n].
private struct Shape {
  let m: Int
  let k: Int
  let n: Int
  var transposeA = false
  var transposeB = false

  var name: String { "\(m) x \(k)\(transposeA ? " T" : "") * \(k) x \(n)\(transposeB ? " T" : "")" }
  var operations: Double { 2e-9 * Double(m) * Double(k) * Double(n) }
}

extension Benchmark {
  /// Dense matrix products: the language-side first layer, its two gradients, a cube, and a short inner length.
  static let gemm = Benchmark(
    name: "gemm", summary: "dense matrix products (GFLOP/s), against numpy and the machine's multiply-add ceiling"
  ) { options in
    let shapes = [
      Shape(m: 4096, k: 1536, n: 784), Shape(m: 1536, k: 4096, n: 784, transposeA: true),
      Shape(m: 4096, k: 784, n: 1536, transposeB: true), Shape(m: 2048, k: 2048, n: 2048),
      Shape(m: 4096, k: 32, n: 4096, transposeB: true), Shape(m: 32, k: 4096, n: 32, transposeA: true),
    ]
    return try options.resolvedThreadCounts.map { threads in
      options.progress("gemm: \(threads) thread(s)")
      Parallelism.threadCount = threads
      let ceiling = MachineCeiling.multiplyAdd(threads: threads)
      let peer = options.includesPeers ? PythonPeer(threads: threads) : nil
      var notes: [String] = []
      if let peer {
        notes.append("peer: \(peer.version), \(threads) thread(s)")
      } else if options.includesPeers {
        notes.append("python3 with numpy was not found: no peer in this run")
      }
      var cases: [BenchmarkCase] = []
      for shape in shapes {
        options.progress("gemm: \(shape.name)")
        cases.append(
          BenchmarkCase(
            name: shape.name,
            measurements: try alternate(
              contenders(shape, peer), rounds: options.rounds, limit: registersOnly(shape, threads))))
      }
      // The loop without FMA is so slow that it gets a small product of its own; rates compare.
      let small = Shape(m: 96, k: 384, n: 96)
      cases.append(
        BenchmarkCase(
          name: small.name,
          measurements: try alternate(
            contenders(small, nil) + [withoutFMA(small)], rounds: options.rounds, limit: registersOnly(small, threads)))
      )
      return BenchmarkSection(
        threads: threads, unit: "GFLOP/s", ceiling: (ceiling, "multiply-add in registers"), cases: cases, notes: notes)
    }
  }

  private static func contenders(_ shape: Shape, _ peer: PythonPeer?) -> [Contender] {
    let a = random(shape.transposeA ? shape.k : shape.m, shape.transposeA ? shape.m : shape.k, step: 1)
    let b = random(shape.transposeB ? shape.n : shape.k, shape.transposeB ? shape.k : shape.n, step: 2)
    let c = Matrix(rows: shape.m, columns: shape.n)
    var result = [
      Contender(name: "darec", work: shape.operations) {
        Numerics.gemm(a, transposeA: shape.transposeA, b, transposeB: shape.transposeB, into: c)
      }
    ]
    if let peer {
      result.append(
        .timingItself(name: "numpy", work: shape.operations) {
          peer.seconds(m: shape.m, k: shape.k, n: shape.n, transposeA: shape.transposeA, transposeB: shape.transposeB)
        })
    }
    return result
  }

  /// As many multiply-adds as the product has, on numbers that stay in registers.
  private static func registersOnly(_ shape: Shape, _ threads: Int) -> Contender {
    let iterations = max(2, Int(shape.operations / MachineCeiling.operationsOfIteration) / threads / 2 * 2)
    return Contender(
      name: "registers only", work: Double(iterations * threads) * MachineCeiling.operationsOfIteration
    ) {
      parallelFor(threads) { _ in keep(Numerics.kernels.multiplyAddProbe(iterations, 0.999_999)) }
    }
  }

  /// The same product by `addProduct` compiled without FMA, as a plain Swift program would have it.
  private static func withoutFMA(_ shape: Shape) -> Contender {
    let a = random(shape.m, shape.k, step: 1)
    let b = random(shape.k, shape.n, step: 2)
    let c = Matrix(rows: shape.m, columns: shape.n)
    let body: () -> Void = {
      for row in 0..<shape.m {
        for column in stride(from: 0, to: shape.n, by: 16) {
          var sum = SIMD16<Float>.zero
          for step in 0..<shape.k {
            let values = UnsafeRawPointer(b.row(step) + column).loadUnaligned(as: SIMD16<Float>.self)
            sum.addProduct(SIMD16(repeating: a.pointer[row * shape.k + step]), values)
          }
          UnsafeMutableRawPointer(c.row(row) + column).storeBytes(of: sum, as: SIMD16<Float>.self)
        }
      }
    }
    return Contender(name: "addProduct without FMA", work: shape.operations, body: body)
  }

  /// A matrix of uniform numbers in [0, 1).
  static func random(_ rows: Int, _ columns: Int, step: Int) -> Matrix {
    let matrix = Matrix.uninitialized(rows: rows, columns: columns)
    var stream = RandomStream(seed: 1, purpose: .test, step: step)
    for index in 0..<matrix.count { matrix.pointer[index] = stream.uniform() }
    return matrix
  }
}
