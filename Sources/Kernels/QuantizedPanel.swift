// Rows rounded to bytes or 16-bit words, in the layouts that the integer products read. Guide: Docs/Benchmarks/topk.md.

/// Rounds up to 32 rows to bytes and interleaves them: one 16-bit word holds two neighbouring columns of a row.
///
/// n[i] = round(x[i] * inverse), to nearest even; word (s, r) = 256 (n[2s + 1] + 128) + (n[2s] + 128) for row r. Words of
/// missing rows and of the column past an odd width stand for zeros.
/// - Parameters:
///   - rows: number of rows, 1 to 32.
///   - width: length of a row.
///   - x: the matrix, `[*, width]`, row-major without padding.
///   - order: which rows of `x`, `rows` indices.
///   - inverse: finite factor; every |x[i] * inverse| must be at most 127.
///   - words: `32 * ceil(width / 2)` words, written.
///   - squares: `rows` floats, written: sum over i of (x[i] inverse - n[i])^2.
@inline(never)
package func quantizeBytePanel(
  _ rows: Int, _ width: Int, _ x: UnsafePointer<Float>, _ order: UnsafePointer<Int32>, _ inverse: Float,
  _ words: UnsafeMutablePointer<Int16>, _ squares: UnsafeMutablePointer<Float>
) {
  let steps = (width &+ 1) / 2
  if rows < 32 {
    var word = 0
    while word < 32 &* steps {
      words[word] = Int16(bitPattern: 0x8080)
      word = word &+ 1
    }
  }
  for row in 0..<rows {
    let target = words + row
    let source = x + Int(order[row]) &* width
    var total = Lane.zero
    var column = 0
    while column < width {
      let (integers, residual, count) = roundedColumns(source, column, width, inverse)
      total += residual * residual
      let pair = bytePairs(integers)
      let lanes = (count &+ 1) / 2
      let first = target + 16 &* column
      for lane in 0..<8 where lane < lanes { first[32 &* lane] = Int16(truncatingIfNeeded: pair[lane]) }
      column = column &+ 16
    }
    squares[row] = laneSum(total)
  }
}

/// Rounds up to 32 rows to bytes and interleaves them for `quadTileProduct`: one 32-bit word holds four neighbouring columns
/// of a row.
///
/// n[i] = round(x[i] * inverse), to nearest even; word (s, h, 4 i + j) = the sum over c of 256^c (n[4s + c] + 128) for row
/// 8 i + 4 h + j. Words of missing rows and bytes of columns past the width stand for zeros.
/// - Parameters:
///   - rows: number of rows, 1 to 32.
///   - width: length of a row.
///   - x: the matrix, `[*, width]`, row-major without padding.
///   - order: which rows of `x`, `rows` indices.
///   - inverse: finite factor; every |x[i] * inverse| must be at most 127.
///   - words: `[ceil(width / 4), 2, 16]` words, written.
///   - squares: `rows` floats, written: sum over i of (x[i] inverse - n[i])^2.
@inline(never)
package func quantizeQuadPanel(
  _ rows: Int, _ width: Int, _ x: UnsafePointer<Float>, _ order: UnsafePointer<Int32>, _ inverse: Float,
  _ words: UnsafeMutablePointer<Int32>, _ squares: UnsafeMutablePointer<Float>
) {
  let steps = (width &+ 3) / 4
  if rows < 32 {
    var word = 0
    while word < 32 &* steps {
      words[word] = Int32(bitPattern: 0x8080_8080)
      word = word &+ 1
    }
  }
  for row in 0..<rows {
    let place: Int = (row & 4) &* 4 &+ (row &>> 3) &* 4 &+ (row & 3)
    let target = words + place
    let source = x + Int(order[row]) &* width
    var total = Lane.zero
    var column = 0
    while column < width {
      let (integers, residual, count) = roundedColumns(source, column, width, inverse)
      total += residual * residual
      let pair = bytePairs(integers)
      let quad = pair.evenHalf | (pair.oddHalf &<< SIMD4(repeating: 16))
      let lanes = (count &+ 3) / 4
      let first = target + 8 &* column
      for lane in 0..<4 where lane < lanes { first[32 &* lane] = quad[lane] }
      column = column &+ 16
    }
    squares[row] = laneSum(total)
  }
}

/// Rounds up to 16 rows to 16-bit integers and interleaves them for `wordTileProduct`.
///
/// n[i] = round(x[i] * inverse), to nearest even; word (s, r) = n[2s] in the lower and n[2s + 1] in the upper half, for
/// row r. Words of missing rows are zeros.
/// - Parameters:
///   - rows: number of rows, 1 to 16.
///   - width: length of a row.
///   - x: the matrix, `[*, width]`, row-major without padding.
///   - order: which rows of `x`, `rows` indices.
///   - inverse: finite factor; every |x[i] * inverse| must be at most 32,767.
///   - words: `16 * ceil(width / 2)` words, written.
///   - squares: `rows` floats, written: sum over i of (x[i] inverse - n[i])^2.
@inline(never)
package func quantizeWordPanel(
  _ rows: Int, _ width: Int, _ x: UnsafePointer<Float>, _ order: UnsafePointer<Int32>, _ inverse: Float,
  _ words: UnsafeMutablePointer<Int32>, _ squares: UnsafeMutablePointer<Float>
) {
  let steps = (width &+ 1) / 2
  if rows < 16 {
    var word = 0
    while word < 16 &* steps {
      words[word] = 0
      word = word &+ 1
    }
  }
  for row in 0..<rows {
    let target = words + row
    let source = x + Int(order[row]) &* width
    var total = Lane.zero
    var column = 0
    while column < width {
      let (integers, residual, count) = roundedColumns(source, column, width, inverse)
      total += residual * residual
      let pair = (integers.evenHalf & SIMD8(repeating: 0xFFFF)) | (integers.oddHalf &<< SIMD8(repeating: 16))
      let lanes = (count &+ 1) / 2
      let first = target + 8 &* column
      for lane in 0..<8 where lane < lanes { first[16 &* lane] = pair[lane] }
      column = column &+ 16
    }
    squares[row] = laneSum(total)
  }
}

/// Sixteen columns of a row from `column` on, rounded (`rounded`), and how many of them are the row's; the others are zeros.
///
/// No closure over a row's columns: the compiler made functions of them, which this folder must not have.
@inline(__always)
func roundedColumns(
  _ row: UnsafePointer<Float>, _ column: Int, _ width: Int, _ inverse: Float
) -> (integers: SIMD16<Int32>, residual: Lane, count: Int) {
  let count = width &- column < 16 ? width &- column : 16
  let value = count < 16 ? loadPartial(row + column, count) : load(row + column)
  let (integers, residual) = rounded(value * Lane(repeating: inverse))
  return (integers, residual, count)
}

/// Neighbouring integers from -128 to 127, each plus 128, as the two lower bytes of a word.
@inline(__always)
func bytePairs(_ integers: SIMD16<Int32>) -> SIMD8<Int32> {
  let shifted = (integers &+ SIMD16(repeating: 128)) & SIMD16(repeating: 0xFF)
  return shifted.evenHalf | (shifted.oddHalf &<< SIMD8(repeating: 8))
}

/// Integers to nearest even, in the low bits of the lanes, and what rounding left; |value| below 2^21.
@inline(__always)
func rounded(_ value: Lane) -> (integers: SIMD16<Int32>, residual: Lane) {
  // 1.5 * 2^23 leaves no bits for a fraction: the sum is rounded, and its low bits are the integer.
  let shifted = value + Lane(repeating: 12_582_912)
  return (unsafeBitCast(shifted, to: SIMD16<Int32>.self), value - (shifted - Lane(repeating: 12_582_912)))
}

/// Sum of squares and largest magnitude of each row; what a scale for its bytes is chosen from.
/// - Parameters:
///   - rows: number of rows.
///   - width: length of a row.
///   - x: `[rows, width]`, row-major without padding.
///   - squares: `rows` floats, written; infinity or NaN where the row holds such or overflows.
///   - largest: `rows` floats, written; meaningless where `squares` is not finite.
@inline(never)
package func rowExtents(
  _ rows: Int, _ width: Int, _ x: UnsafePointer<Float>, _ squares: UnsafeMutablePointer<Float>,
  _ largest: UnsafeMutablePointer<Float>
) {
  var source = x
  for row in 0..<rows {
    var total = Lane.zero
    var extent = Lane.zero
    var column = 0
    while column < width {
      let rest = width &- column
      let value = rest < 16 ? loadPartial(source + column, rest) : load(source + column)
      total += value * value
      extent = larger(larger(extent, value), Lane.zero - value)
      column = column &+ 16
    }
    squares[row] = laneSum(total)
    largest[row] = laneMaximum(extent)
    source += width
  }
}
