// The inner loops of the matrix product: a tile of the result kept in registers, 6 x 16; with AVX-512 12 x 32, and 12 x 16
// and 6 x 32 at the edges.

import CPlatform

/// C[m, n] (+)= alpha A B for one packed block; fastest where k is at most a few hundred.
///
/// The tile of six rows by sixteen columns lives in six vectors (twelve AVX registers); each step of k loads one vector
/// of B and broadcasts six numbers of A. With AVX-512 tiles of 12 x 32 go first, then
/// 6 x 32 for the last rows and 12 x 16 for the last columns. Source: Van Zee and van de Geijn 2015, BLIS.
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
  #if KERNEL_AVX512
    while column &+ 32 <= n {
      gemmColumns32(m, k, a, panelB, panelStride, c + column, stride, alpha, accumulate)
      panelB += 2 &* panelStride
      column = column &+ 32
    }
  #endif
  while column < n {
    let columns = n &- column < 16 ? n &- column : 16
    var row = 0
    var panelA = a
    // While this panel of B is used, the next one comes nearer, an equal part with each tile.
    var ahead = panelB + panelStride
    let part = 16 &* k &* 6 / (m < 6 ? 6 : m)
    #if KERNEL_AVX512
      while columns == 16 && row &+ 12 <= m {
        gemmTile12x16(k, panelA, panelB, ahead, 2 &* part, c + (row &* stride &+ column), stride, alpha, accumulate)
        ahead += 2 &* part
        panelA += 12 &* k
        row = row &+ 12
      }
    #endif
    while row < m {
      let rows = m &- row < 6 ? m &- row : 6
      gemmTile(
        rows, columns, k, panelA, panelB, ahead, part, c + (row &* stride &+ column), stride, alpha, accumulate)
      ahead += part
      panelA += 6 &* k
      row = row &+ 6
    }
    panelB += panelStride
    column = column &+ 16
  }
}

#if KERNEL_AVX512
  /// The 32 columns of two panels of B, in tiles of 12 x 32 while there are twelve rows.
  @inline(__always)
  func gemmColumns32(
    _ m: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ panelStride: Int,
    _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
  ) {
    var row = 0
    var panelA = a
    var ahead = b + 2 &* panelStride
    let part = 32 &* k &* 12 / (m < 12 ? 12 : m)
    while row &+ 12 <= m {
      gemmTile12x32(k, panelA, b, panelStride, ahead, part, c + row &* stride, stride, alpha, accumulate)
      ahead += part
      panelA += 12 &* k
      row = row &+ 12
    }
    while row < m {
      let rows = m &- row < 6 ? m &- row : 6
      // A panel is rows one float apart, whose steps are six apart.
      stridedTile32(rows, k, panelA, 1, 6, b, panelStride, c + row &* stride, stride, alpha, accumulate)
      panelA += 6 &* k
      row = row &+ 6
    }
  }

  /// One tile of 12 x 32: 24 of the 32 registers are sums, more than latency times throughput of two units, and 14 loads
  /// feed 24 multiply-adds.
  ///
  /// A tile of 6 x 16 has six sums where eight have to be in flight: three quarters of the ceiling at most.
  ///
  /// Prefetches as in `gemmTile`.
  @inline(__always)
  func gemmTile12x32(
    _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ panelStride: Int, _ ahead: UnsafePointer<Float>,
    _ part: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
  ) {
    var sums = TwelveBy32()
    var place = TwelveBy32.Place(top: a, bottom: a + 6 &* k, left: b, right: b + panelStride)
    let groups = k / 4
    let early = groups < 12 ? groups : 12
    var row = early
    while row < 12 {
      prefetchTwoTileRows(c + row &* stride)
      row = row &+ 1
    }
    sums.addGroups(early, &place) { prefetchTwoTileRows(c + $0 &* stride) }
    let lines = (part &+ 15) / 16
    let asking = groups &- early < lines ? groups &- early : lines
    sums.addGroups(asking, &place) { cplatform_prefetch_near(ahead + 16 &* $0) }
    sums.addGroups(groups &- early &- asking, &place) { _ in }
    for _ in 0..<(k & 3) { sums.addStep(&place) }
    sums.store(c, stride, alpha, accumulate)
  }

  /// One tile of 12 x 16, for the last columns: twelve sums are in flight where a tile of 6 x 16 has six.
  ///
  /// Prefetches as in `gemmTile`, of the result as far as there are groups of four steps.
  @inline(__always)
  func gemmTile12x16(
    _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ ahead: UnsafePointer<Float>, _ part: Int,
    _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
  ) {
    var upper = SixSums()
    var lower = SixSums()
    var top = a
    var bottom = a + 6 &* k
    var right = b
    let lines = (part &+ 15) / 16
    let groups = k / 4
    var group = 0
    while group < groups {
      if group < 12 {
        prefetchTileRow(c + group &* stride)
      } else if group &- 12 < lines {
        cplatform_prefetch_near(ahead + 16 &* (group &- 12))
      }
      for unrolled in 0..<4 {
        let values = load(right + 16 &* unrolled)
        upper.add(top + 6 &* unrolled, values)
        lower.add(bottom + 6 &* unrolled, values)
      }
      top += 24
      bottom += 24
      right += 64
      group = group &+ 1
    }
    for _ in 0..<(k & 3) {
      let values = load(right)
      upper.add(top, values)
      lower.add(bottom, values)
      top += 6
      bottom += 6
      right += 16
    }
    upper.store(c, stride, alpha, accumulate)
    lower.store(c + 6 &* stride, stride, alpha, accumulate)
  }

  /// Asks for the lines of 32 results.
  @inline(__always)
  func prefetchTwoTileRows(_ c: UnsafeMutablePointer<Float>) {
    cplatform_prefetch_to_write(c)
    prefetchTileRow(c + 16)
  }

  /// Six rows of a tile that is 32 wide.
  ///
  /// A factor's two multiply-adds follow each other, so that it needs its register no longer: in that order the compiler
  /// unrolls steps without moving sums to memory.
  struct SixBy32 {
    var left0 = Lane.zero
    var right0 = Lane.zero
    var left1 = Lane.zero
    var right1 = Lane.zero
    var left2 = Lane.zero
    var right2 = Lane.zero
    var left3 = Lane.zero
    var right3 = Lane.zero
    var left4 = Lane.zero
    var right4 = Lane.zero
    var left5 = Lane.zero
    var right5 = Lane.zero

    /// Adds the six numbers of A at `factors` times 32 of B.
    @inline(__always)
    mutating func add(_ factors: UnsafePointer<Float>, _ left: Lane, _ right: Lane) {
      addRow(&left0, &right0, factors[0], left, right)
      addRow(&left1, &right1, factors[1], left, right)
      addRow(&left2, &right2, factors[2], left, right)
      addRow(&left3, &right3, factors[3], left, right)
      addRow(&left4, &right4, factors[4], left, right)
      addRow(&left5, &right5, factors[5], left, right)
    }

    @inline(__always)
    func addRow(_ leftSum: inout Lane, _ rightSum: inout Lane, _ number: Float, _ left: Lane, _ right: Lane) {
      let factor = Lane(repeating: number)
      leftSum = multiplyAdd(leftSum, factor, left)
      rightSum = multiplyAdd(rightSum, factor, right)
    }

    @inline(__always)
    func store(_ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool) {
      storeRow(left0, right0, c, alpha, accumulate)
      storeRow(left1, right1, c + stride, alpha, accumulate)
      storeRow(left2, right2, c + 2 &* stride, alpha, accumulate)
      storeRow(left3, right3, c + 3 &* stride, alpha, accumulate)
      storeRow(left4, right4, c + 4 &* stride, alpha, accumulate)
      storeRow(left5, right5, c + 5 &* stride, alpha, accumulate)
    }

    @inline(__always)
    func storeRow(
      _ left: Lane, _ right: Lane, _ c: UnsafeMutablePointer<Float>, _ alpha: Float, _ accumulate: Bool
    ) {
      storeTileRow(left, c, alpha, accumulate)
      storeTileRow(right, c + 16, alpha, accumulate)
    }
  }

  /// The sums of a tile of 12 x 32.
  struct TwelveBy32 {
    var upper = SixBy32()
    var lower = SixBy32()

    /// Where the next step's numbers are: twelve of A in two panels, 32 of B in two panels.
    struct Place {
      var top: UnsafePointer<Float>
      var bottom: UnsafePointer<Float>
      var left: UnsafePointer<Float>
      var right: UnsafePointer<Float>
    }

    /// Adds twelve numbers of A times 32 of B.
    @inline(__always)
    mutating func addStep(_ place: inout Place) {
      let left = load(place.left)
      let right = load(place.right)
      upper.add(place.top, left, right)
      lower.add(place.bottom, left, right)
      place.top += 6
      place.bottom += 6
      place.left += 16
      place.right += 16
    }

    /// Adds `count` groups of four steps; before each, `ask` is called with its number.
    @inline(__always)
    mutating func addGroups(_ count: Int, _ place: inout Place, _ ask: (Int) -> Void) {
      var group = 0
      while group < count {
        ask(group)
        for _ in 0..<2 {
          addStep(&place)
          cplatform_keep_order()
          addStep(&place)
          cplatform_keep_order()
        }
        group = group &+ 1
      }
    }

    @inline(__always)
    func store(_ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool) {
      upper.store(c, stride, alpha, accumulate)
      lower.store(c + 6 &* stride, stride, alpha, accumulate)
    }
  }
#endif

/// The sums of a tile of 6 x 16.
struct SixSums {
  var row0 = Lane.zero
  var row1 = Lane.zero
  var row2 = Lane.zero
  var row3 = Lane.zero
  var row4 = Lane.zero
  var row5 = Lane.zero

  /// Adds the six numbers of A at `factors` times sixteen of B.
  @inline(__always)
  mutating func add(_ factors: UnsafePointer<Float>, _ values: Lane) {
    row0 = multiplyAdd(row0, Lane(repeating: factors[0]), values)
    row1 = multiplyAdd(row1, Lane(repeating: factors[1]), values)
    row2 = multiplyAdd(row2, Lane(repeating: factors[2]), values)
    row3 = multiplyAdd(row3, Lane(repeating: factors[3]), values)
    row4 = multiplyAdd(row4, Lane(repeating: factors[4]), values)
    row5 = multiplyAdd(row5, Lane(repeating: factors[5]), values)
  }

  /// Adds `count` groups of four steps; before each, `ask` is called with its number.
  @inline(__always)
  mutating func addGroups(
    _ count: Int, _ left: inout UnsafePointer<Float>, _ right: inout UnsafePointer<Float>, _ ask: (Int) -> Void
  ) {
    var group = 0
    while group < count {
      ask(group)
      for unrolled in 0..<4 { add(left + 6 &* unrolled, load(right + 16 &* unrolled)) }
      left += 24
      right += 64
      group = group &+ 1
    }
  }

  /// Writes a whole tile.
  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool) {
    storeTileRow(row0, c, alpha, accumulate)
    storeTileRow(row1, c + stride, alpha, accumulate)
    storeTileRow(row2, c + 2 &* stride, alpha, accumulate)
    storeTileRow(row3, c + 3 &* stride, alpha, accumulate)
    storeTileRow(row4, c + 4 &* stride, alpha, accumulate)
    storeTileRow(row5, c + 5 &* stride, alpha, accumulate)
  }

  /// Writes the first rows and columns of a tile at an edge.
  @inline(__always)
  func storeEdge(
    _ rows: Int, _ columns: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float, _ accumulate: Bool
  ) {
    storeEdgeRow(row0, c, columns, alpha, accumulate)
    if rows > 1 { storeEdgeRow(row1, c + stride, columns, alpha, accumulate) }
    if rows > 2 { storeEdgeRow(row2, c + 2 &* stride, columns, alpha, accumulate) }
    if rows > 3 { storeEdgeRow(row3, c + 3 &* stride, columns, alpha, accumulate) }
    if rows > 4 { storeEdgeRow(row4, c + 4 &* stride, columns, alpha, accumulate) }
    if rows > 5 { storeEdgeRow(row5, c + 5 &* stride, columns, alpha, accumulate) }
  }
}

/// One tile of at most 6 x 16; the packed panels are zero where the tile is smaller.
///
/// The lines of the result, which is next touched hundreds of multiplications from now, and as much as there are steps for
/// of the `part` floats from `ahead` on, which the next panel of B needs, are asked for between the steps, a few at a time:
/// dozens of requests at once fill the buffers that the loads of the first steps need (71 instead of 77 GFLOP/s with AVX2).
@inline(__always)
func gemmTile(
  _ rows: Int, _ columns: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ ahead: UnsafePointer<Float>, _ part: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ alpha: Float,
  _ accumulate: Bool
) {
  var sums = SixSums()
  var left = a
  var right = b
  let groups = k / 4
  let early = groups < rows ? groups : rows
  var row = early
  while row < rows {
    prefetchTileRow(c + row &* stride)
    row = row &+ 1
  }
  sums.addGroups(early, &left, &right) { prefetchTileRow(c + $0 &* stride) }
  let lines = (part &+ 15) / 16
  let asking = groups &- early < lines ? groups &- early : lines
  sums.addGroups(asking, &left, &right) { cplatform_prefetch_near(ahead + 16 &* $0) }
  sums.addGroups(groups &- early &- asking, &left, &right) { _ in }
  for _ in 0..<(k & 3) {
    sums.add(left, load(right))
    left += 6
    right += 16
  }
  if columns == 16 && rows == 6 {
    sums.store(c, stride, alpha, accumulate)
  } else {
    sums.storeEdge(rows, columns, c, stride, alpha, accumulate)
  }
}

/// Asks for the lines of sixteen results; a row that does not begin at a multiple of 64 bytes is in two.
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
