// The product of an unpacked left operand with a packed right one.

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
  let last = rows &- 1
  var left0 = a
  var left1 = a + (last < 1 ? last : 1) &* rowStride
  var left2 = a + (last < 2 ? last : 2) &* rowStride
  var left3 = a + (last < 3 ? last : 3) &* rowStride
  var left4 = a + (last < 4 ? last : 4) &* rowStride
  var left5 = a + (last < 5 ? last : 5) &* rowStride
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var sum4 = Lane.zero
  var sum5 = Lane.zero
  var right = b
  var step = 0
  while step < k {
    let values = load(right)
    sum0 = multiplyAdd(sum0, Lane(repeating: left0.pointee), values)
    sum1 = multiplyAdd(sum1, Lane(repeating: left1.pointee), values)
    sum2 = multiplyAdd(sum2, Lane(repeating: left2.pointee), values)
    sum3 = multiplyAdd(sum3, Lane(repeating: left3.pointee), values)
    sum4 = multiplyAdd(sum4, Lane(repeating: left4.pointee), values)
    sum5 = multiplyAdd(sum5, Lane(repeating: left5.pointee), values)
    left0 += stepStride
    left1 += stepStride
    left2 += stepStride
    left3 += stepStride
    left4 += stepStride
    left5 += stepStride
    right += 16
    step = step &+ 1
  }
  storeEdgeRow(sum0, c, columns, 1, accumulate)
  if rows > 1 { storeEdgeRow(sum1, c + stride, columns, 1, accumulate) }
  if rows > 2 { storeEdgeRow(sum2, c + 2 &* stride, columns, 1, accumulate) }
  if rows > 3 { storeEdgeRow(sum3, c + 3 &* stride, columns, 1, accumulate) }
  if rows > 4 { storeEdgeRow(sum4, c + 4 &* stride, columns, 1, accumulate) }
  if rows > 5 { storeEdgeRow(sum5, c + 5 &* stride, columns, 1, accumulate) }
}
