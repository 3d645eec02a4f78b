// The matrix product in Double, for small right operands: where Float loses the digits that are asked for.

/// C[m, n] += factor A B in Double, with operands where they lie.
///
/// Tiles of six rows by eight columns stay in registers. The sum over k runs in one fixed order for each element and is
/// multiplied by `factor` once; steps are fused where the level has the instruction.
/// - Parameters:
///   - m: rows of the block.
///   - n: columns of the block.
///   - k: inner length.
///   - a: element (i, p) of A is a[i * rowStride + p * stepStride].
///   - rowStride: distance between rows of A; 1 for the transpose of a row-major matrix.
///   - stepStride: distance between columns of A.
///   - b: element (p, j) of B is b[p * n + j].
///   - c: element (i, j) of the result is c[i * n + j], updated.
///   - factor: factor of the product.
@inline(never)
package func doubleBlock(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ rowStride: Int, _ stepStride: Int,
  _ b: UnsafePointer<Double>, _ c: UnsafeMutablePointer<Double>, _ factor: Double
) {
  var row = 0
  while row < m {
    let rows = m &- row < 6 ? m &- row : 6
    let left = RowOffsets(rows, rowStride)
    var column = 0
    while column < n {
      doubleTile(
        rows, n &- column < 8 ? n &- column : 8, k, a + row &* rowStride, left, stepStride, b + column, n,
        c + (row &* n &+ column), factor)
      column = column &+ 8
    }
    row = row &+ 6
  }
}

/// One tile of at most 6 x 8.
@inline(__always)
func doubleTile(
  _ rows: Int, _ columns: Int, _ k: Int, _ a: UnsafePointer<Double>, _ left: RowOffsets, _ stepStride: Int,
  _ b: UnsafePointer<Double>, _ stride: Int, _ c: UnsafeMutablePointer<Double>, _ factor: Double
) {
  var sum0 = DoubleLane.zero
  var sum1 = DoubleLane.zero
  var sum2 = DoubleLane.zero
  var sum3 = DoubleLane.zero
  var sum4 = DoubleLane.zero
  var sum5 = DoubleLane.zero
  var source = a
  var line = b
  var step = 0
  while step < k {
    let values = loadDoubles(line, columns)
    sum0 = multiplyAdd(sum0, source[0], values)
    sum1 = multiplyAdd(sum1, source[left.row1], values)
    sum2 = multiplyAdd(sum2, source[left.row2], values)
    sum3 = multiplyAdd(sum3, source[left.row3], values)
    sum4 = multiplyAdd(sum4, source[left.row4], values)
    sum5 = multiplyAdd(sum5, source[left.row5], values)
    source += stepStride
    line += stride
    step = step &+ 1
  }
  addDoubles(sum0, factor, c, columns)
  if rows > 1 { addDoubles(sum1, factor, c + stride, columns) }
  if rows > 2 { addDoubles(sum2, factor, c + 2 &* stride, columns) }
  if rows > 3 { addDoubles(sum3, factor, c + 3 &* stride, columns) }
  if rows > 4 { addDoubles(sum4, factor, c + 4 &* stride, columns) }
  if rows > 5 { addDoubles(sum5, factor, c + 5 &* stride, columns) }
}

/// Eight doubles: one AVX-512, two AVX or four SSE/NEON registers.
typealias DoubleLane = SIMD8<Double>

/// `sum + a * b`, fused where the instruction exists.
@inline(__always)
func multiplyAdd(_ sum: DoubleLane, _ a: Double, _ b: DoubleLane) -> DoubleLane {
  #if KERNEL_FMA || arch(arm64)
    return sum.addingProduct(DoubleLane(repeating: a), b)
  #else
    return sum + DoubleLane(repeating: a) * b
  #endif
}

/// The first `count` (at most 8) doubles at `pointer`, the other lanes zero; nothing past them is read.
@inline(__always)
func loadDoubles(_ pointer: UnsafePointer<Double>, _ count: Int) -> DoubleLane {
  if count == 8 { return UnsafeRawPointer(pointer).loadUnaligned(as: DoubleLane.self) }
  // By way of memory, as `loadPartial`.
  var value = DoubleLane.zero
  withUnsafeMutablePointer(to: &value) { copyDoubles(pointer, UnsafeMutableRawPointer($0), count) }
  return value
}

/// Adds `factor` times the first `count` (at most 8) lanes to what is at `pointer`; nothing past them is written.
@inline(__always)
func addDoubles(_ value: DoubleLane, _ factor: Double, _ pointer: UnsafeMutablePointer<Double>, _ count: Int) {
  var sum = multiplyAdd(loadDoubles(pointer, count), factor, value)
  if count == 8 { return UnsafeMutableRawPointer(pointer).storeBytes(of: sum, as: DoubleLane.self) }
  withUnsafePointer(to: &sum) { copyDoubles(UnsafeRawPointer($0), pointer, count) }
}

/// Copies `count` doubles.
@inline(__always)
func copyDoubles(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int) {
  let source = source.assumingMemoryBound(to: Double.self)
  let target = target.assumingMemoryBound(to: Double.self)
  var lane = 0
  while lane < count {
    target[lane] = source[lane]
    lane = lane &+ 1
  }
}
