// The inner loops of the matrix product: a 6 x 16 tile of the result kept in registers.

import CPlatform

/// C[m, n] (+)= alpha A B for one packed block; fastest where k is at most a few hundred.
///
/// The tile of six rows by sixteen columns lives in six vectors (twelve AVX registers); each step of k loads one vector
/// of B and broadcasts six numbers of A. Source: Van Zee and van de Geijn 2015, BLIS.
/// The sum over k runs in one fixed order for each element, so the result does not depend on the tile's neighbours.
/// - Parameters:
///   - m: rows of the block.
///   - n: columns of the block.
///   - k: inner length.
///   - a: A packed by `packLeft`: panels of 6 rows, each k groups of 6.
///   - b: B packed by `packRight`: panels of 16 columns, each k groups of 16.
///   - panelStride: distance between panels of `b` in floats.
///   - c: first element of the result block, row-major.
///   - stride: distance between rows of `c` in floats.
///   - alpha: factor of the product.
///   - accumulate: add to C instead of replacing it.
@inline(never)
package func gemmBlock(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ panelStride: Int,
  _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
) {
  var column = 0
  var panelB = b
  while column < n {
    let columns = n &- column < 16 ? n &- column : 16
    var row = 0
    var panelA = a
    // While this panel of B is used, the next one comes nearer, an equal part with each tile.
    var ahead = panelB + panelStride
    let part = 16 &* k &* 6 / (m < 6 ? 6 : m)
    while row < m {
      let rows = m &- row < 6 ? m &- row : 6
      let partEnd = ahead + part
      while ahead < partEnd {
        cplatform_prefetch_near(ahead)
        ahead += 16
      }
      gemmTile(rows, columns, k, panelA, panelB, c + (row &* stride &+ column), stride, alpha, accumulate)
      panelA += 6 &* k
      row = row &+ 6
    }
    panelB += panelStride
    column = column &+ 16
  }
}

/// One tile of at most 6 x 16; the packed panels are zero where the tile is smaller.
@inline(__always)
func gemmTile(
  _ rows: Int, _ columns: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var sum4 = Lane.zero
  var sum5 = Lane.zero
  // The result is next touched hundreds of multiplications from now: by then its lines are here. A row of 16 floats that
  // does not begin at a multiple of 64 bytes is in two lines.
  if rows == 6 && columns == 16 {
    prefetchTileRow(c)
    prefetchTileRow(c + stride)
    prefetchTileRow(c + 2 &* stride)
    prefetchTileRow(c + 3 &* stride)
    prefetchTileRow(c + 4 &* stride)
    prefetchTileRow(c + 5 &* stride)
  }
  var left = a
  var right = b
  var step = 0
  while step &+ 4 <= k {
    for unrolled in 0..<4 {
      let values = load(right + 16 &* unrolled)
      let factors = left + 6 &* unrolled
      sum0 = multiplyAdd(sum0, Lane(repeating: factors[0]), values)
      sum1 = multiplyAdd(sum1, Lane(repeating: factors[1]), values)
      sum2 = multiplyAdd(sum2, Lane(repeating: factors[2]), values)
      sum3 = multiplyAdd(sum3, Lane(repeating: factors[3]), values)
      sum4 = multiplyAdd(sum4, Lane(repeating: factors[4]), values)
      sum5 = multiplyAdd(sum5, Lane(repeating: factors[5]), values)
    }
    left += 24
    right += 64
    step = step &+ 4
  }
  while step < k {
    let values = load(right)
    sum0 = multiplyAdd(sum0, Lane(repeating: left[0]), values)
    sum1 = multiplyAdd(sum1, Lane(repeating: left[1]), values)
    sum2 = multiplyAdd(sum2, Lane(repeating: left[2]), values)
    sum3 = multiplyAdd(sum3, Lane(repeating: left[3]), values)
    sum4 = multiplyAdd(sum4, Lane(repeating: left[4]), values)
    sum5 = multiplyAdd(sum5, Lane(repeating: left[5]), values)
    left += 6
    right += 16
    step = step &+ 1
  }
  if columns == 16 && rows == 6 {
    storeTileRow(sum0, c, alpha, accumulate)
    storeTileRow(sum1, c + stride, alpha, accumulate)
    storeTileRow(sum2, c + 2 &* stride, alpha, accumulate)
    storeTileRow(sum3, c + 3 &* stride, alpha, accumulate)
    storeTileRow(sum4, c + 4 &* stride, alpha, accumulate)
    storeTileRow(sum5, c + 5 &* stride, alpha, accumulate)
    return
  }
  storeEdgeRow(sum0, c, columns, alpha, accumulate)
  if rows > 1 { storeEdgeRow(sum1, c + stride, columns, alpha, accumulate) }
  if rows > 2 { storeEdgeRow(sum2, c + 2 &* stride, columns, alpha, accumulate) }
  if rows > 3 { storeEdgeRow(sum3, c + 3 &* stride, columns, alpha, accumulate) }
  if rows > 4 { storeEdgeRow(sum4, c + 4 &* stride, columns, alpha, accumulate) }
  if rows > 5 { storeEdgeRow(sum5, c + 5 &* stride, columns, alpha, accumulate) }
}

/// Asks for the lines of sixteen results.
@inline(__always)
func prefetchTileRow(_ c: UnsafeMutablePointer<Float>) {
  cplatform_prefetch_to_write(c)
  cplatform_prefetch_to_write(c + 15)
}

/// Sixteen results: alpha times the sum, added to what is there where asked.
@inline(__always)
func storeTileRow(_ sum: Lane, _ c: UnsafeMutablePointer<Float>, _ alpha: Float, _ accumulate: Bool) {
  let factor = Lane(repeating: alpha)
  store(accumulate ? multiplyAdd(load(c), factor, sum) : factor * sum, c)
}

/// Fewer than sixteen results, or a row of a tile with fewer than six rows.
@inline(__always)
func storeEdgeRow(
  _ sum: Lane, _ c: UnsafeMutablePointer<Float>, _ columns: Int, _ alpha: Float, _ accumulate: Bool
) {
  if columns == 16 {
    storeTileRow(sum, c, alpha, accumulate)
  } else {
    let factor = Lane(repeating: alpha)
    storePartial(accumulate ? multiplyAdd(loadPartial(c, columns), factor, sum) : factor * sum, c, columns)
  }
}
