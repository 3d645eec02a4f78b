// One query against many rows, with the same bits as the packed product.

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
    store(scoreSixteen(width, query, items + row &* width, width, depth), out + row)
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

/// The scores of sixteen consecutive rows, transposed four by four in registers.
@inline(__always)
func scoreSixteen(
  _ width: Int, _ query: UnsafePointer<Float>, _ items: UnsafePointer<Float>, _ stride: Int, _ depth: Int
) -> Lane {
  var total = Lane.zero
  var start = 0
  while start < width {
    let end = width < start &+ depth ? width : start &+ depth
    var sum = Lane.zero
    var step = start
    while step &+ 4 <= end {
      let (block00, block01, block02, block03) = transposedFour(items + step, stride)
      let (block10, block11, block12, block13) = transposedFour(items + (4 &* stride &+ step), stride)
      let (block20, block21, block22, block23) = transposedFour(items + (8 &* stride &+ step), stride)
      let (block30, block31, block32, block33) = transposedFour(items + (12 &* stride &+ step), stride)
      sum = multiplyAdd(sum, Lane(repeating: query[step]), joined(block00, block10, block20, block30))
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 1]), joined(block01, block11, block21, block31))
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 2]), joined(block02, block12, block22, block32))
      sum = multiplyAdd(sum, Lane(repeating: query[step &+ 3]), joined(block03, block13, block23, block33))
      step = step &+ 4
    }
    while step < end {
      var values = Lane.zero
      for lane in 0..<16 { values[lane] = items[lane &* stride &+ step] }
      sum = multiplyAdd(sum, Lane(repeating: query[step]), values)
      step = step &+ 1
    }
    total = start == 0 ? sum : total + sum
    start = end
  }
  return total
}

/// Four columns of four rows: the transpose of the 4 x 4 block at `pointer`.
@inline(__always)
func transposedFour(
  _ pointer: UnsafePointer<Float>, _ stride: Int
) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
  let row0 = load4(pointer)
  let row1 = load4(pointer + stride)
  let row2 = load4(pointer + 2 &* stride)
  let row3 = load4(pointer + 3 &* stride)
  return (
    SIMD4(row0[0], row1[0], row2[0], row3[0]), SIMD4(row0[1], row1[1], row2[1], row3[1]),
    SIMD4(row0[2], row1[2], row2[2], row3[2]), SIMD4(row0[3], row1[3], row2[3], row3[3])
  )
}

/// Sixteen lanes from four times four.
@inline(__always)
func joined(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, _ d: SIMD4<Float>) -> Lane {
  Lane(lowHalf: SIMD8(lowHalf: a, highHalf: b), highHalf: SIMD8(lowHalf: c, highHalf: d))
}
