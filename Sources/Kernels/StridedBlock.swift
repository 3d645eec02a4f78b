// The product of an unpacked left operand with a packed right one.

import CPlatform

/// C[m, n] (+)= A B for a block whose left operand is read where it lies.
///
/// For a left operand that was just computed, lies in the cache and is used once or twice, packing costs more than it
/// saves: the tile broadcasts single numbers of A, so it can take them from any address. Same tile as `gemmBlock`, same
/// order of the sum over k.
/// - Parameters:
///   - m: rows of the block.
///   - n: columns of the block.
///   - k: inner length.
///   - a: element (i, p) of A is a[i * rowStride + p * stepStride].
///   - rowStride: distance between rows of A in floats; 1 for the transpose of a row-major matrix.
///   - stepStride: distance between columns of A in floats.
///   - b: B packed by `packRight`: panels of 16 columns, each k groups of 16, k * 16 floats apart.
///   - c: first element of the result block, row-major.
///   - stride: distance between rows of `c` in floats.
///   - accumulate: add to C instead of replacing it.
@inline(never)
package func stridedBlock(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ rowStride: Int, _ stepStride: Int,
  _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ accumulate: Bool
) {
  var column = 0
  var panel = b
  #if KERNEL_AVX512
    while column &+ 32 <= n {
      var row = 0
      while row < m {
        let rows = m &- row < 6 ? m &- row : 6
        stridedTile32(
          rows, k, a + row &* rowStride, rowStride, stepStride, panel, 16 &* k, c + (row &* stride &+ column), stride,
          1,
          accumulate)
        row = row &+ 6
      }
      panel += 32 &* k
      column = column &+ 32
    }
  #endif
  while column < n {
    let columns = n &- column < 16 ? n &- column : 16
    var row = 0
    while row < m {
      let rows = m &- row < 6 ? m &- row : 6
      stridedTile(
        rows, columns, k, a + row &* rowStride, rowStride, stepStride, panel, c + (row &* stride &+ column), stride,
        accumulate)
      row = row &+ 6
    }
    panel += 16 &* k
    column = column &+ 16
  }
}

/// One tile of at most 6 x 16; a tile with fewer rows computes its last row again instead of reading past it.
@inline(__always)
func stridedTile(
  _ rows: Int, _ columns: Int, _ k: Int, _ a: UnsafePointer<Float>, _ rowStride: Int, _ stepStride: Int,
  _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ accumulate: Bool
) {
  var sums = SixSums()
  let offsets = RowOffsets(rows, rowStride)
  var left = a
  var right = b
  var step = 0
  while step < k {
    sums.add(left, offsets, load(right))
    left += stepStride
    right += 16
    step = step &+ 1
  }
  sums.storeEdge(rows, columns, c, stride, 1, accumulate)
}

#if KERNEL_AVX512
  /// One tile of at most 6 x 32: six sums of sixteen would wait for one another (`gemmTile12x32`).
  ///
  /// Where A is read in columns, a line for each step, the lines that the next tile is the first to touch are asked for: no
  /// processor foresees them.
  @inline(__always)
  func stridedTile32(
    _ rows: Int, _ k: Int, _ a: UnsafePointer<Float>, _ rowStride: Int, _ stepStride: Int, _ b: UnsafePointer<Float>,
    _ panelStride: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
  ) {
    var leftSums = SixSums()
    var rightSums = SixSums()
    let offsets = RowOffsets(rows, rowStride)
    // This tile's six columns from place 5 to 10 of a line on end in it; the next six, up to a[11], go on into another one.
    let place = Int(bitPattern: a) / 4 & 15
    if rowStride == 1 && stepStride > 16 && stepStride & 15 == 0 && place > 4 && place < 11 {
      addSteps(k, a, offsets, stepStride, b, panelStride, &leftSums, &rightSums) {
        cplatform_prefetch_to_read($0 + 11)
      }
    } else {
      addSteps(k, a, offsets, stepStride, b, panelStride, &leftSums, &rightSums) { _ in }
    }
    leftSums.storeEdge(rows, 16, c, stride, alpha, accumulate)
    rightSums.storeEdge(rows, 16, c + 16, stride, alpha, accumulate)
  }

  /// The steps of a tile of at most 6 x 32; before each, `ask` is called with its first number of A.
  @inline(__always)
  func addSteps(
    _ k: Int, _ a: UnsafePointer<Float>, _ offsets: RowOffsets, _ stepStride: Int, _ b: UnsafePointer<Float>,
    _ panelStride: Int, _ leftSums: inout SixSums, _ rightSums: inout SixSums, _ ask: (UnsafePointer<Float>) -> Void
  ) {
    var left = a
    var right = b
    var step = 0
    while step < k {
      ask(left)
      leftSums.add(left, offsets, load(right))
      rightSums.add(left, offsets, load(right + panelStride))
      left += stepStride
      right += 16
      step = step &+ 1
    }
  }
#endif

/// Distances of six rows from the first, the last of them repeated where there are fewer.
///
/// One pointer that moves and five distances that stay take fewer instructions than six pointers that move.
struct RowOffsets {
  var row1: Int
  var row2: Int
  var row3: Int
  var row4: Int
  var row5: Int

  @inline(__always)
  init(_ rows: Int, _ stride: Int) {
    let last = rows &- 1
    row1 = (last < 1 ? last : 1) &* stride
    row2 = (last < 2 ? last : 2) &* stride
    row3 = (last < 3 ? last : 3) &* stride
    row4 = (last < 4 ? last : 4) &* stride
    row5 = (last < 5 ? last : 5) &* stride
  }
}

extension SixSums {
  /// Adds the numbers of A in six rows, the first of them at `factors`, times sixteen of B.
  @inline(__always)
  mutating func add(_ factors: UnsafePointer<Float>, _ offsets: RowOffsets, _ values: Lane) {
    row0 = multiplyAdd(row0, Lane(repeating: factors[0]), values)
    row1 = multiplyAdd(row1, Lane(repeating: factors[offsets.row1]), values)
    row2 = multiplyAdd(row2, Lane(repeating: factors[offsets.row2]), values)
    row3 = multiplyAdd(row3, Lane(repeating: factors[offsets.row3]), values)
    row4 = multiplyAdd(row4, Lane(repeating: factors[offsets.row4]), values)
    row5 = multiplyAdd(row5, Lane(repeating: factors[offsets.row5]), values)
  }
}
