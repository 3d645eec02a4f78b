// One query against many rows, with the same bits as the packed product.

#if KERNEL_AVX512 && arch(x86_64)
  import CPlatform
#endif

/// out[r] = sum over p of items[r, p] query[p] for `rows` rows.
///
/// Sixteen rows share a vector and each adds its products one after the other, in blocks of `depth` steps, exactly as a
/// tile of `gemmBlock` does: a query gets the same scores alone as in a batch, to the bit.
/// - Parameters:
///   - rows: number of rows scored.
///   - width: length of the query and of a row.
///   - query: `width` floats.
///   - items: `[rows, width]`, row-major without padding.
///   - out: `rows` floats, written.
///   - depth: steps of a block; a multiple of four.
@inline(never)
package func scoreRows(
  _ rows: Int, _ width: Int, _ query: UnsafePointer<Float>, _ items: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>, _ depth: Int
) {
  var row = 0
  while row &+ 16 <= rows {
    var offsets = SIMD16<Int64>.zero
    for lane in 0..<16 { offsets[lane] = Int64((row &+ lane) &* width) }
    store(scoreSixteen(width, query, depth, items, offsets), out + row)
    row = row &+ 16
  }
  while row < rows {
    // The remaining rows one at a time in the first lane: the same chain of operations.
    let source = items + row &* width
    var total = Lane.zero
    var start = 0
    while start < width {
      let end = width < start &+ depth ? width : start &+ depth
      var sum = Lane.zero
      for step in start..<end {
        sum = multiplyAdd(sum, Lane(repeating: query[step]), Lane(repeating: source[step]))
      }
      total = start == 0 ? sum : total + sum
      start = end
    }
    out[row] = total[0]
    row = row &+ 1
  }
}

/// out[i] = sum over p of items[chosen[i], p] query[p] for `count` chosen rows, with the bits of `scoreRows`.
///
/// Rows are read where they lie. What is left over of sixteen is filled with the last row: one row alone takes as long.
/// - Parameters:
///   - count: number of rows scored.
///   - width: length of the query and of a row.
///   - query: `width` floats.
///   - items: `[*, width]`, row-major without padding.
///   - chosen: `count` row numbers.
///   - out: `count` floats, rounded up to a multiple of sixteen, written.
///   - depth: steps of a block; a multiple of four.
@inline(never)
package func scoreChosenRows(
  _ count: Int, _ width: Int, _ query: UnsafePointer<Float>, _ items: UnsafePointer<Float>,
  _ chosen: UnsafePointer<Int32>, _ out: UnsafeMutablePointer<Float>, _ depth: Int
) {
  var first = 0
  while first < count {
    let last = count &- 1
    var offsets = SIMD16<Int64>.zero
    for lane in 0..<16 { offsets[lane] = Int64(chosen[min(first &+ lane, last)]) &* Int64(width) }
    store(scoreSixteen(width, query, depth, items, offsets), out + first)
    first = first &+ 16
  }
}

/// The scores of sixteen rows, transposed in registers; row r begins at `items + offsets[r]`.
@inline(__always)
func scoreSixteen(
  _ width: Int, _ query: UnsafePointer<Float>, _ depth: Int, _ items: UnsafePointer<Float>, _ offsets: SIMD16<Int64>
) -> Lane {
  var total = Lane.zero
  var start = 0
  while start < width {
    let end = width < start &+ depth ? width : start &+ depth
    var sum = Lane.zero
    var step = start
    while step &+ 4 <= end {
      let (column0, column1, column2, column3) = transposedSixteen(items, offsets, step)
      sum = multiplyAdd(sum, Lane(repeating: query[step]), column0)
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 1]), column1)
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 2]), column2)
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 3]), column3)
      step = step &+ 4
    }
    while step < end {
      var values = Lane.zero
      for lane in 0..<16 { values[lane] = items[Int(offsets[lane]) &+ step] }
      sum = multiplyAdd(sum, Lane(repeating: query[step]), values)
      step = step &+ 1
    }
    total = start == 0 ? sum : total + sum
    start = end
  }
  return total
}

/// Four columns from `step` on of sixteen rows, row r beginning at `items + offsets[r]`: one vector per column.
@inline(__always)
func transposedSixteen(
  _ items: UnsafePointer<Float>, _ offsets: SIMD16<Int64>, _ step: Int
) -> (Lane, Lane, Lane, Lane) {
  #if KERNEL_AVX512 && arch(x86_64)
    // Room for four vectors; as one vector of 64 lanes it would be taken apart into its lanes.
    var columns = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
    withUnsafeMutablePointer(to: &columns) { columns in
      withUnsafePointer(to: offsets) { offsets in
        cplatform_transpose_sixteen(
          items, UnsafeRawPointer(offsets).assumingMemoryBound(to: Int64.self), step,
          UnsafeMutableRawPointer(columns).assumingMemoryBound(to: Float.self))
      }
    }
    return columns
  #else
    let (low0, low1, low2, low3) = transposedEight { items + Int(offsets[$0]) + step }
    let (high0, high1, high2, high3) = transposedEight { items + Int(offsets[$0 &+ 8]) + step }
    return (
      Lane(lowHalf: low0, highHalf: high0), Lane(lowHalf: low1, highHalf: high1), Lane(lowHalf: low2, highHalf: high2),
      Lane(lowHalf: low3, highHalf: high3)
    )
  #endif
}
