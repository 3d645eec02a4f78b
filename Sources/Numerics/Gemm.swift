// Dense matrix product: blocked, packed, parallel, bit-identical at every thread count.

/// One matrix of a product: where it is, how far apart its stored rows are, whether its transpose is meant.
struct Operand {
  let pointer: UnsafePointer<Float>
  let stride: Int
  let transposed: Bool
  /// Which stored rows are meant, one number for each row of the operand; nil for all in order.
  ///
  /// Only without transposition.
  var rowNumbers: UnsafePointer<Int32>?

  /// The operand from element (row, column) on, after transposition.
  func part(_ row: Int, _ column: Int) -> Operand {
    if let rowNumbers {
      return Operand(pointer: pointer + column, stride: stride, transposed: false, rowNumbers: rowNumbers + row)
    }
    return Operand(
      pointer: transposed ? pointer + (column * stride + row) : pointer + (row * stride + column), stride: stride,
      transposed: transposed)
  }

  /// Packs the first `rows` rows and `depth` columns as a left operand.
  func packLeft(_ table: KernelTable, rows: Int, depth: Int, into packed: UnsafeMutablePointer<Float>) {
    if let rowNumbers {
      table.packLeftGathered(rows, depth, pointer, stride, rowNumbers, packed)
    } else {
      table.packLeft(rows, depth, pointer, stride, transposed, packed)
    }
  }

  /// Packs the first `depth` rows and `columns` columns as a right operand.
  func packRight(_ table: KernelTable, depth: Int, columns: Int, into packed: UnsafeMutablePointer<Float>) {
    if let rowNumbers {
      table.packRightGathered(depth, columns, pointer, stride, rowNumbers, packed)
    } else {
      table.packRight(depth, columns, pointer, stride, transposed, packed)
    }
  }
}

/// What is done to a finished block of the result while it lies in the cache: its first element, its rows, its first
/// column and its columns.
///
/// Every element is in exactly one block.
package typealias GemmFinish = (UnsafeMutablePointer<Float>, Int, Int, Int) -> Void

/// Sizes of the blocks.
///
/// They depend on the shape only, so results never depend on the thread count.
enum GemmBlocking {
  /// Rows of a register tile.
  static let tileRows = 6
  /// Columns of a register tile.
  static let tileColumns = 16
  /// Most steps of k in one pass: a panel of B (28 KiB) stays in the first-level cache.
  ///
  /// With AVX-512 two of them are in use, which come from the second level: fast enough for tiles twice as high.
  static let depth = 448
  /// Most rows of A packed at a time: 144 x 448 floats (252 KiB) stay in the second-level cache.
  ///
  /// More rows use a panel of B more often before the next one is fetched; fewer feed more threads.
  static let rows = 144
  /// Pieces of work below which the columns are dealt out too.
  static let tasks = 16
  /// Most floats of all right operands packed at a time, 16 MiB: they stay in a shared last-level cache.
  static let packedFloats = 4 << 20

  /// A product whose result is at most this large, with an inner length of at least twice `sliceDepth`, is cut along k:
  /// its few rows and columns would not feed several threads.
  static let slicedResult = 16_384
  /// Inner length of a slice.
  static let sliceDepth = 1024
  /// Most slices, a bound of the memory for partial results.
  static let slices = 32

  /// Steps of k in each pass: as few passes as fit, of about the same depth.
  ///
  /// A short last pass would read and write the whole result for little work.
  static func passDepth(_ k: Int) -> Int {
    let passes = max(1, (k + depth - 1) / depth)
    return roundUp((k + passes - 1) / passes, to: 4)
  }

  /// Whether a product is cut along k.
  static func isSliced(_ m: Int, _ n: Int, _ k: Int) -> Bool {
    k >= 2 * sliceDepth && m * n <= slicedResult && m > 0 && n > 0
  }

  static func roundUp(_ value: Int, to multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
}

/// C[m, n] (+)= alpha op(A)[m, k] op(B)[k, n] over raw memory, parallel.
///
/// Numeric contract: Float accumulation in fused steps inside blocks of at most 448 steps of k, blocks added in order; error at
/// most gamma(k + 2) |A| |B| elementwise. Bit-identical at every thread count and on every run of the same level.
/// - Parameters:
///   - m: rows of C.
///   - n: columns of C.
///   - k: inner length; 0 clears C unless `accumulate`.
///   - a: op(A)[i, p] is a[i * lda + p], or a[p * lda + i] where `transposeA`.
///   - lda: distance between stored rows of A, floats.
///   - transposeA: use the transpose of the stored A.
///   - b: op(B)[p, j] is b[p * ldb + j], or b[j * ldb + p] where `transposeB`.
///   - ldb: distance between stored rows of B, floats.
///   - transposeB: use the transpose of the stored B.
///   - c: C[i, j] is c[i * ldc + j]; must not overlap A or B.
///   - ldc: distance between rows of C, floats.
///   - accumulate: add to C instead of replacing it.
///   - alpha: factor of the product.
package func gemm(
  m: Int, n: Int, k: Int, a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false, b: UnsafePointer<Float>,
  ldb: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, ldc: Int, accumulate: Bool = false,
  alpha: Float = 1
) {
  multiply(
    m, n, k, Operand(pointer: a, stride: lda, transposed: transposeA),
    Operand(pointer: b, stride: ldb, transposed: transposeB), c, ldc, accumulate, alpha, nil, parallelFor)
}

/// The same product on the calling thread only, for use inside a block of `parallelFor`; same bits as `gemm`.
package func gemmSerial(
  m: Int, n: Int, k: Int, a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false, b: UnsafePointer<Float>,
  ldb: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, ldc: Int, accumulate: Bool = false,
  alpha: Float = 1
) {
  multiply(
    m, n, k, Operand(pointer: a, stride: lda, transposed: transposeA),
    Operand(pointer: b, stride: ldb, transposed: transposeB), c, ldc, accumulate, alpha, nil
  ) { count, body in
    for block in 0..<count { body(block) }
  }
}

/// C (+)= alpha op(A) op(B) for whole matrices, parallel.
///
/// Contract as the raw form.
/// - Parameters:
///   - a: `[m, k]`, or `[k, m]` where `transposeA`.
///   - b: `[k, n]`, or `[n, k]` where `transposeB`.
///   - c: `[m, n]`; must be another matrix than `a` and `b`.
///   - accumulate: add to C instead of replacing it.
///   - alpha: factor of the product.
///   - finish: called for every finished block of C, on the thread that made it; not for an empty product.
/// - Precondition: the shapes fit.
package func gemm(
  _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false, into c: Matrix,
  accumulate: Bool = false, alpha: Float = 1, finish: GemmFinish? = nil
) {
  let m = transposeA ? a.columns : a.rows
  let k = transposeA ? a.rows : a.columns
  let n = transposeB ? b.rows : b.columns
  precondition(k == (transposeB ? b.columns : b.rows), "inner sizes of the product differ")
  precondition(c.rows == m && c.columns == n, "the result has another shape than the product")
  multiply(
    m, n, k, Operand(pointer: a.pointer, stride: a.columns, transposed: transposeA),
    Operand(pointer: b.pointer, stride: b.columns, transposed: transposeB), c.pointer, n, accumulate, alpha, finish,
    parallelFor)
}

/// The product op(A) op(B) as a new matrix, `[m, n]`.
package func product(_ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false) -> Matrix {
  let c = Matrix.uninitialized(
    rows: transposeA ? a.columns : a.rows, columns: transposeB ? b.rows : b.columns)
  gemm(a, transposeA: transposeA, b, transposeB: transposeB, into: c)
  return c
}

/// The product with the loop that runs its independent blocks; chooses the way by the shape.
func multiply(
  _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
  _ accumulate: Bool, _ alpha: Float, _ finish: GemmFinish?, _ loop: (Int, (Int) -> Void) -> Void
) {
  if GemmBlocking.isSliced(m, n, k) {
    multiplySliced(m, n, k, a, b, c, ldc, accumulate, alpha, finish, loop)
  } else {
    multiplyBlocked(
      [(a, m)], [(b, n)], k, [ProductResult(pointer: c, stride: ldc, accumulate: accumulate, finish: finish)], alpha,
      loop)
  }
}

/// The product cut along k: each slice to its own partial result, added in the order of the slices.
private func multiplySliced(
  _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, _ c: UnsafeMutablePointer<Float>, _ ldc: Int,
  _ accumulate: Bool, _ alpha: Float, _ finish: GemmFinish?, _ loop: (Int, (Int) -> Void) -> Void
) {
  let wanted = min(GemmBlocking.slices, (k + GemmBlocking.sliceDepth - 1) / GemmBlocking.sliceDepth)
  let depth = GemmBlocking.roundUp((k + wanted - 1) / wanted, to: 4)
  let slices = (k + depth - 1) / depth
  let partial = BufferPool.shared.take(floats: slices * m * n)
  defer { BufferPool.shared.give(partial, floats: slices * m * n) }
  loop(slices) { slice in
    let start = slice * depth
    multiplyBlocked(
      [(a.part(0, start), m)], [(b.part(start, 0), n)], min(depth, k - start),
      [ProductResult(pointer: partial + slice * m * n, stride: n, accumulate: false, finish: nil)], 1
    ) { count, body in
      for block in 0..<count { body(block) }
    }
  }
  let table = kernels
  for slice in 1..<max(1, slices) { table.axpy(1, partial + slice * m * n, partial, m * n) }
  for row in 0..<m {
    if accumulate {
      table.axpy(alpha, partial + row * n, c + row * ldc, n)
    } else {
      table.scale(alpha, partial + row * n, c + row * ldc, n)
    }
  }
  finish?(c, m, 0, n)
}

/// Where the product of a left and a right operand goes.
struct ProductResult {
  let pointer: UnsafeMutablePointer<Float>
  /// Distance between rows, floats.
  let stride: Int
  /// Add to what is there instead of replacing it.
  let accumulate: Bool
  let finish: GemmFinish?
}

/// Every left operand times every right one, by packed blocks of rows.
///
/// A block of a left operand is packed once for all right ones, a right operand once for all left ones. Each result has the
/// bits of its own product.
/// - Parameters:
///   - lefts: op(A), each with its rows.
///   - rights: op(B), each with its columns.
///   - k: inner length, the same for all.
///   - results: one for each pair, those of a left operand next to each other.
///   - alpha: factor of all products.
///   - loop: runs independent blocks.
func multiplyBlocked(
  _ lefts: [(operand: Operand, rows: Int)], _ rights: [(operand: Operand, columns: Int)], _ k: Int,
  _ results: [ProductResult], _ alpha: Float, _ loop: (Int, (Int) -> Void) -> Void
) {
  let widest = rights.reduce(0) { max($0, $1.columns) }
  guard widest > 0, lefts.contains(where: { $0.rows > 0 }) else { return }
  guard k > 0 else {
    for (index, result) in results.enumerated() where !result.accumulate {
      for row in 0..<lefts[index / rights.count].rows {
        (result.pointer + row * result.stride).update(repeating: 0, count: rights[index % rights.count].columns)
      }
    }
    return
  }
  let table = kernels
  let tileColumns = GemmBlocking.tileColumns
  let fullDepth = GemmBlocking.passDepth(k)
  // A chunk of B: whole passes of k, as many columns as fit.
  let columnsAtOnce = max(2048, rights.count * min(2048, GemmBlocking.roundUp(widest, to: tileColumns)))
  let chunkDepth = min(
    GemmBlocking.roundUp(k, to: fullDepth),
    max(fullDepth, GemmBlocking.packedFloats / columnsAtOnce / fullDepth * fullDepth))
  let chunkColumns = min(
    GemmBlocking.roundUp(widest, to: tileColumns),
    max(tileColumns, GemmBlocking.packedFloats / rights.count / chunkDepth / tileColumns * tileColumns))
  let packedCount = min(chunkDepth, k) * chunkColumns
  let packed = BufferPool.shared.take(floats: rights.count * packedCount)
  defer { BufferPool.shared.give(packed, floats: rights.count * packedCount) }
  let blocks = RowBlocks(lefts)

  for columnStart in stride(from: 0, to: widest, by: chunkColumns) {
    let chunks = rights.enumerated().map { index, right in
      ColumnChunk(
        operand: right.operand, columns: min(chunkColumns, right.columns - columnStart),
        packed: packed + index * packedCount)
    }
    for depthStart in stride(from: 0, to: k, by: chunkDepth) {
      let depth = min(chunkDepth, k - depthStart)
      let passes = (depth + fullDepth - 1) / fullDepth
      let groupPanels = 8
      let groups = (chunkColumns / tileColumns + groupPanels - 1) / groupPanels
      loop(rights.count * passes * groups) { block in
        let chunk = chunks[block / (passes * groups)]
        let firstColumn = block % groups * groupPanels * tileColumns
        guard firstColumn < chunk.columns else { return }
        let passStart = block / groups % passes * fullDepth
        let passDepth = min(fullDepth, depth - passStart)
        chunk.operand.part(depthStart + passStart, columnStart + firstColumn).packRight(
          table, depth: passDepth, columns: min(groupPanels * tileColumns, chunk.columns - firstColumn),
          into: chunk.packed + (passStart * chunk.paddedColumns + firstColumn * passDepth))
      }
      // Few blocks of rows: the columns are dealt out as well, at the price of packing A once for each share.
      let shares =
        blocks.count >= GemmBlocking.tasks
        ? 1 : max(1, min(chunks.reduce(0) { max($0, $1.panels) } / 4, GemmBlocking.tasks / blocks.count))
      loop(blocks.count * shares) { block in
        guard chunks.contains(where: { !$0.share(block % shares, of: shares).isEmpty }) else { return }
        let (left, firstRow, rows) = blocks[block / shares]
        let operand = lefts[left].operand
        let scratchCount = GemmBlocking.roundUp(rows, to: GemmBlocking.tileRows) * min(fullDepth, depth)
        let scratch = BufferPool.shared.take(floats: scratchCount)
        for pass in 0..<passes {
          let passStart = pass * fullDepth
          let passDepth = min(fullDepth, depth - passStart)
          operand.part(firstRow, depthStart + passStart).packLeft(table, rows: rows, depth: passDepth, into: scratch)
          for (index, chunk) in chunks.enumerated() {
            let columns = chunk.share(block % shares, of: shares)
            guard !columns.isEmpty else { continue }
            let result = results[left * rights.count + index]
            table.gemmBlock(
              rows, columns.count, passDepth, scratch,
              chunk.packed + (passStart * chunk.paddedColumns + columns.lowerBound * passDepth),
              passDepth * tileColumns,
              result.pointer + (firstRow * result.stride + columnStart + columns.lowerBound), result.stride, alpha,
              result.accumulate || depthStart + passStart > 0)
          }
        }
        BufferPool.shared.give(scratch, floats: scratchCount)
        guard depthStart + depth == k else { return }
        for (index, chunk) in chunks.enumerated() {
          let columns = chunk.share(block % shares, of: shares)
          let result = results[left * rights.count + index]
          guard !columns.isEmpty, let finish = result.finish else { continue }
          let firstColumn = columnStart + columns.lowerBound
          finish(result.pointer + (firstRow * result.stride + firstColumn), rows, firstColumn, columns.count)
        }
      }
    }
  }
}

/// The columns of a right operand that are packed at a time.
private struct ColumnChunk {
  let operand: Operand
  /// How many; none or fewer where the operand has no columns left.
  let columns: Int
  let packed: UnsafeMutablePointer<Float>

  var panels: Int { (max(0, columns) + GemmBlocking.tileColumns - 1) / GemmBlocking.tileColumns }
  var paddedColumns: Int { panels * GemmBlocking.tileColumns }

  /// The columns of one of several shares: whole panels.
  func share(_ index: Int, of shares: Int) -> Range<Int> {
    let width = (panels + shares - 1) / shares * GemmBlocking.tileColumns
    let start = min(max(0, columns), index * width)
    return start..<min(max(0, columns), start + width)
  }
}

/// Left operands cut into blocks of rows.
private struct RowBlocks {
  private let parts: [(rows: Int, blockRows: Int, blocks: Int)]
  let count: Int

  init(_ lefts: [(operand: Operand, rows: Int)]) {
    parts = lefts.map { _, rows in
      let blockRows = min(
        GemmBlocking.rows,
        max(4 * GemmBlocking.tileRows, GemmBlocking.roundUp((rows + 15) / 16, to: 2 * GemmBlocking.tileRows)))
      return (rows, blockRows, (rows + blockRows - 1) / blockRows)
    }
    count = parts.reduce(0) { $0 + $1.blocks }
  }

  /// Block `index`: its operand, first row and rows.
  subscript(index: Int) -> (left: Int, firstRow: Int, rows: Int) {
    var index = index
    var left = 0
    while index >= parts[left].blocks {
      index -= parts[left].blocks
      left += 1
    }
    let firstRow = index * parts[left].blockRows
    return (left, firstRow, min(parts[left].blockRows, parts[left].rows - firstRow))
  }
}
