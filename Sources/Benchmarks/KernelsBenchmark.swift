// Every kernel at every level, nanoseconds per element.

import Numerics

extension Benchmark {
  /// One thread, rows of 1,024 elements in the first-level cache: what the instructions cost, not the memory.
  static let kernels = Benchmark(
    name: "kernels", summary: "each kernel at each instruction set level, rows of 1,024 elements (10^9 elements/s)"
  ) { options in
    Parallelism.threadCount = 1
    let levels = SIMDLevel.allCases.filter(\.isSupported).reversed()
    let count = 1024
    let tables = levels.map { KernelTable.table($0) }
    let names = bodies(tables[0], count).map(\.name)
    var cases: [BenchmarkCase] = []
    for (index, name) in names.enumerated() {
      options.progress("kernels: \(name)")
      let contenders = tables.map { table in
        let body = bodies(table, count)[index].body
        return Contender(name: table.level.name, work: Double(count) * 1e-9, body: body)
      }
      cases.append(BenchmarkCase(name: name, measurements: try alternate(contenders, rounds: options.rounds)))
    }
    return [
      BenchmarkSection(
        threads: 1, unit: "G elements/s", cases: cases,
        notes: ["nanoseconds per element are the inverse of the rate; \"their/our\" is baseline over the widest level"])
    ]
  }

  /// The kernels with arguments, in a fixed order.
  private static func bodies(_ table: KernelTable, _ count: Int) -> [(name: String, body: () -> Void)] {
    let x = random(1, count, step: 1)
    let y = random(1, count, step: 2)
    let z = Matrix(rows: 1, columns: count)
    let first = Matrix(rows: 1, columns: count)
    let second = Matrix(rows: 1, columns: count)
    let halves = HalfBuffer(count: count)
    let indices = IndexBuffer(count: count)
    return [
      ("dot", { keep(table.dot(x.pointer, y.pointer, count)) }),
      ("squared distance", { keep(table.squaredDistance(x.pointer, y.pointer, count)) }),
      ("axpy", { table.axpy(1e-6, x.pointer, z.pointer, count) }),
      ("scale", { table.scale(0.5, x.pointer, z.pointer, count) }),
      ("multiply", { table.multiply(x.pointer, y.pointer, z.pointer, count) }),
      ("normalize", { keep(table.normalize(x.pointer, z.pointer, count, 1e-12)) }),
      ("sum", { keep(Float(table.sum(x.pointer, count))) }),
      ("sum of squares", { keep(Float(table.sumOfSquares(x.pointer, count))) }),
      ("dot in Double", { keep(Float(table.dotInDouble(x.pointer, y.pointer, count))) }),
      ("scale in Double", { table.scaleInDouble(0.5, x.pointer, z.pointer, count) }),
      ("round a query", { keep(Float(table.roundQuery(x.pointer, count, 100, 0.01, indices.pointer))) }),
      ("maximum", { keep(table.maximum(x.pointer, count)) }),
      ("exp", { table.exp(x.pointer, z.pointer, count) }),
      ("log", { table.log(x.pointer, z.pointer, count) }),
      ("softmax", { keep(table.softmax(x.pointer, z.pointer, count)) }),
      ("e^x and their sum", { keep(Float(table.scaledExp(x.pointer, z.pointer, count, 1, 0))) }),
      ("sigmoid", { table.sigmoid(x.pointer, z.pointer, count) }),
      ("softplus", { table.softplus(x.pointer, z.pointer, count) }),
      ("bias + leaky ReLU", { table.biasLeakyReLU(x.pointer, y.pointer, z.pointer, count, 0.2) }),
      ("leaky ReLU gradient", { table.leakyReLUGradient(x.pointer, y.pointer, z.pointer, count, 0.2) }),
      (
        "Adam step",
        {
          table.adamStep(z.pointer, x.pointer, 0, first.pointer, second.pointer, count, 1e-3, 0.9, 0.999, 1e-8, 0.5)
        }
      ),
      ("threshold scan", { keep(Float(table.thresholdScan(x.pointer, count, 0.999, indices.pointer))) }),
      ("group maxima", { table.groupMaxima(x.pointer, count, 2, z.pointer) }),
      ("float16 to float32", { table.halfToFloat(halves.pointer, z.pointer, count) }),
      ("float32 to float16", { table.floatToHalf(x.pointer, halves.pointer, count) }),
      ("pack left", { table.packLeft(30, 34, x.pointer, 34, false, z.pointer) }),
      ("pack right", { table.packRight(32, 32, x.pointer, 32, false, z.pointer) }),
      ("pack right transposed", { table.packRight(32, 32, x.pointer, 32, true, z.pointer) }),
    ]
  }
}

/// Binary16 patterns that live as long as the benchmark.
private final class HalfBuffer {
  let pointer: UnsafeMutablePointer<UInt16>

  init(count: Int) {
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: 0x3800, count: count)
  }

  deinit { pointer.deallocate() }
}

/// Room for indices that lives as long as the benchmark.
private final class IndexBuffer {
  let pointer: UnsafeMutablePointer<Int32>

  init(count: Int) {
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: 0, count: count)
  }

  deinit { pointer.deallocate() }
}
