// The exponentials of a matrix product and the sums of their rows, tile by tile.

import CPlatform

/// e = e^(scale A B + shift) of one packed block, and the sum of each row of e.
///
/// A tile goes from the registers to `work` and its exponentials are taken while it lies in the first-level cache; the
/// product of the whole block would go to the second-level cache and come back. Where only sums are wanted nothing else is
/// written. Each product has the bits of `gemmBlock` with alpha 1, each exponential those of `scaledExpRow`, each sum those
/// of that function's row of n elements, but for sums so small (below 1e-30) that results below 2^-126 count in them.
///
/// Error: that of `gemmBlock`, times `scale` in the exponent, and of `scaledExpRow`.
/// - Parameters:
///   - m: rows of the block.
///   - n: columns of the block, at most 1,024: lanes are summed in Float.
///   - k: inner length.
///   - a: A packed by `packLeft`.
///   - b: B packed by `packRight`.
///   - panelStride: distance between panels of `b` in floats.
///   - scale: factor of the product in the exponent.
///   - shift: what is added to it; no exponent should be above 88.
///   - work: `expBlockWork(m)` floats for a tile and the sums of lanes.
///   - sums: `[m]`, the sums of the rows of e.
///   - c: first element of e, row-major; nil where only the sums are wanted.
///   - stride: distance between rows of `c` in floats.
@inline(never)
package func expBlock(
  _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ panelStride: Int,
  _ scale: Float, _ shift: Float, _ work: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Double>,
  _ c: UnsafeMutablePointer<Float>?, _ stride: Int
) {
  let laneSums = work + expTileFloats
  var row = 0
  while row < m {
    store(Lane.zero, laneSums + 16 &* row)
    row = row &+ 1
  }
  let keeps = c != nil
  let target = c ?? work
  var column = 0
  var panelB = b
  while column < n {
    let rest = n &- column
    let columns = rest >= expTileColumns ? expTileColumns : rest < 16 ? rest : 16
    row = 0
    while row < m {
      let left = m &- row
      let rows = columns == expTileColumns && left >= expTileRows ? expTileRows : left < 6 ? left : 6
      let rowSums = laneSums + 16 &* row
      let place = target + (keeps ? row &* stride &+ column : 0)
      productTile(rows, columns, k, a + row &* k, panelB, panelStride, work, keeps ? rows : 0, place, stride)
      if columns == expTileColumns && rows == expTileRows {
        exponentialTile(scale, shift, work, rowSums, place, stride, keeps)
      } else {
        exponentialEdge(rows, columns, scale, shift, work, rowSums, place, stride, keeps)
      }
      row = row &+ rows
    }
    panelB += columns == 32 ? 2 &* panelStride : panelStride
    column = column &+ columns
  }
  row = 0
  while row < m {
    sums[row] = Double(laneSum(load(laneSums + 16 &* row)))
    row = row &+ 1
  }
}

/// Floats that `expBlock` works with for a block of m rows: a tile, and sixteen lanes for each row.
package func expBlockWork(_ m: Int) -> Int { expTileFloats &+ 16 &* m }

/// Floats of the largest tile: 12 rows that are 32 apart.
let expTileFloats = 384

#if KERNEL_AVX512
  /// Rows of a whole tile.
  let expTileRows = 12
  /// Columns of a whole tile.
  let expTileColumns = 32
#else
  /// Rows of a whole tile.
  let expTileRows = 6
  /// Columns of a whole tile.
  let expTileColumns = 16
#endif

/// The product of one tile, in rows of 32 floats at `work`; rows past `rows` and columns past `columns` may hold anything.
///
/// The lines of the first `asked` rows at `c`, where the exponentials will go, are asked for between the steps: all of them
/// by a tile of 12 x 32, as many as there are groups of four steps by one of 6 x 16, none by one of 6 x 32, an edge.
@inline(__always)
func productTile(
  _ rows: Int, _ columns: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ panelStride: Int,
  _ work: UnsafeMutablePointer<Float>, _ asked: Int, _ c: UnsafeMutablePointer<Float>, _ stride: Int
) {
  let groups = k / 4
  #if KERNEL_AVX512
    if rows == 12 {
      var row = groups
      while row < asked {
        askForTileRow(c + row &* stride)
        row = row &+ 1
      }
      var sums = TwelveBy32()
      var place = TwelveBy32.Place(top: a, bottom: a + 6 &* k, left: b, right: b + panelStride)
      sums.addGroups(groups, &place) { if $0 < asked { askForTileRow(c + $0 &* stride) } }
      for _ in 0..<(k & 3) { sums.addStep(&place) }
      sums.store(work, 32, 1, false)
      return
    }
    if columns == 32 {
      // A panel is rows one float apart, whose steps are six apart.
      stridedTile32(rows, k, a, 1, 6, b, panelStride, work, 32, 1, false)
      return
    }
  #endif
  var sums = SixSums()
  var left = a
  var right = b
  sums.addGroups(groups, &left, &right) { if $0 < asked { prefetchTileRow(c + $0 &* stride) } }
  for _ in 0..<(k & 3) {
    sums.add(left, load(right))
    left += 6
    right += 16
  }
  // The packed panels are zero where the tile is smaller than 6 x 16.
  sums.store(work, 32, 1, false)
}

#if KERNEL_AVX512
  /// Asks for the two lines of 32 exponentials; rows that do not begin at a multiple of 64 bytes wait for their third.
  @inline(__always)
  func askForTileRow(_ c: UnsafeMutablePointer<Float>) {
    cplatform_prefetch_to_write(c)
    cplatform_prefetch_to_write(c + 16)
  }
#endif

/// The exponentials of one whole tile: added to the lanes' sums of its rows, and written to `c` where they are kept.
@inline(never)
func exponentialTile(
  _ scale: Float, _ shift: Float, _ work: UnsafePointer<Float>, _ laneSums: UnsafeMutablePointer<Float>,
  _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ keeps: Bool
) {
  let factor = Lane(repeating: scale)
  let offset = Lane(repeating: shift)
  var row = 0
  while row < expTileRows {
    var sum = load(laneSums + 16 &* row)
    var column = 0
    while column < expTileColumns {
      let parts = boundedExponentialParts(multiplyAdd(offset, factor, load(work + (32 &* row &+ column))))
      // Fused, as in `scaledExpRow`.
      sum = multiplyAdd(sum, parts.mantissa, parts.power)
      if keeps { store(parts.mantissa * parts.power, c + (row &* stride &+ column)) }
      column = column &+ 16
    }
    store(sum, laneSums + 16 &* row)
    row = row &+ 1
  }
}

/// `exponentialTile` of any size.
///
/// On its own: beside single lanes the compiler takes the vectors of the whole function apart.
@inline(never)
func exponentialEdge(
  _ rows: Int, _ columns: Int, _ scale: Float, _ shift: Float, _ work: UnsafePointer<Float>,
  _ laneSums: UnsafeMutablePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ stride: Int, _ keeps: Bool
) {
  let factor = Lane(repeating: scale)
  let offset = Lane(repeating: shift)
  var row = 0
  while row < rows {
    let sum = laneSums + 16 &* row
    var column = 0
    while column < columns {
      let parts = boundedExponentialParts(multiplyAdd(offset, factor, load(work + (32 &* row &+ column))))
      var value = parts.mantissa * parts.power
      let target = c + (row &* stride &+ column)
      let rest = columns &- column
      if rest >= 16 {
        if keeps { store(value, target) }
      } else {
        if keeps { storePartial(value, target, rest) }
        for lane in rest..<16 { value[lane] = 0 }
      }
      store(load(sum) + value, sum)
      column = column &+ 16
    }
    row = row &+ 1
  }
}
