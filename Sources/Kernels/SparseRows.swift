// Rows of a compressed sparse matrix times a dense matrix.

/// For rows r in `firstRow ..< endRow`: out[r] (+)= scale * sum over entries e of r of values[e] x[columns[e]].
///
/// The sums of 64 columns stay in registers while the entries of a row stream by. Entries are added in their stored
/// order, so the result does not depend on how rows are dealt to threads.
/// - Parameters:
///   - rowStarts: offsets of the rows into `columns`.
///   - columns: column index of each entry.
///   - values: value of each entry.
///   - keep: one byte per entry, 0 drops it (edge dropout); nil keeps all.
///   - x: dense matrix, `[*, width]`, row-major without padding.
///   - width: columns of `x` and `out`.
///   - out: dense matrix, `[*, width]`; rows `firstRow ..< endRow` are written.
///   - scale: factor of the sum (1 / keep probability under dropout).
///   - accumulate: add to `out` instead of replacing it.
@inline(never)
package func sparseRows(
  _ rowStarts: UnsafePointer<Int>, _ firstRow: Int, _ endRow: Int, _ columns: UnsafePointer<Int32>,
  _ values: UnsafePointer<Float>, _ keep: UnsafePointer<UInt8>?, _ x: UnsafePointer<Float>, _ width: Int,
  _ out: UnsafeMutablePointer<Float>, _ scale: Float, _ accumulate: Bool
) {
  var row = firstRow
  while row < endRow {
    let start = rowStarts[row]
    let end = rowStarts[row &+ 1]
    let target = out + row &* width
    var column = 0
    while column &+ 64 <= width {
      sparseRow64(start, end, columns, values, keep, x + column, width, target + column, scale, accumulate)
      column = column &+ 64
    }
    if column &+ 32 <= width {
      sparseRow32(start, end, columns, values, keep, x + column, width, target + column, scale, accumulate)
      column = column &+ 32
    }
    while column < width {
      let lanes = width &- column < 16 ? width &- column : 16
      sparseRow16(start, end, columns, values, keep, x + column, width, target + column, scale, accumulate, lanes)
      column = column &+ lanes
    }
    row = row &+ 1
  }
}

/// Sixty-four columns of one row.
@inline(__always)
func sparseRow64(
  _ start: Int, _ end: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ keep: UnsafePointer<UInt8>?, _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ accumulate: Bool
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var entry = start
  while entry < end {
    if let keep, keep[entry] == 0 {
      entry = entry &+ 1
      continue
    }
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum0 = multiplyAdd(sum0, value, load(source))
    sum1 = multiplyAdd(sum1, value, load(source + 16))
    sum2 = multiplyAdd(sum2, value, load(source + 32))
    sum3 = multiplyAdd(sum3, value, load(source + 48))
    entry = entry &+ 1
  }
  let factor = Lane(repeating: scale)
  if accumulate {
    store(multiplyAdd(load(out), factor, sum0), out)
    store(multiplyAdd(load(out + 16), factor, sum1), out + 16)
    store(multiplyAdd(load(out + 32), factor, sum2), out + 32)
    store(multiplyAdd(load(out + 48), factor, sum3), out + 48)
  } else {
    store(factor * sum0, out)
    store(factor * sum1, out + 16)
    store(factor * sum2, out + 32)
    store(factor * sum3, out + 48)
  }
}

/// Thirty-two columns of one row.
@inline(__always)
func sparseRow32(
  _ start: Int, _ end: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ keep: UnsafePointer<UInt8>?, _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ accumulate: Bool
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var entry = start
  while entry < end {
    if let keep, keep[entry] == 0 {
      entry = entry &+ 1
      continue
    }
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum0 = multiplyAdd(sum0, value, load(source))
    sum1 = multiplyAdd(sum1, value, load(source + 16))
    entry = entry &+ 1
  }
  let factor = Lane(repeating: scale)
  if accumulate {
    store(multiplyAdd(load(out), factor, sum0), out)
    store(multiplyAdd(load(out + 16), factor, sum1), out + 16)
  } else {
    store(factor * sum0, out)
    store(factor * sum1, out + 16)
  }
}

/// Up to sixteen columns of one row.
@inline(__always)
func sparseRow16(
  _ start: Int, _ end: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ keep: UnsafePointer<UInt8>?, _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ accumulate: Bool, _ lanes: Int
) {
  var sum = Lane.zero
  var entry = start
  while entry < end {
    if let keep, keep[entry] == 0 {
      entry = entry &+ 1
      continue
    }
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum = multiplyAdd(sum, value, lanes == 16 ? load(source) : loadPartial(source, lanes))
    entry = entry &+ 1
  }
  var result = Lane(repeating: scale) * sum
  if lanes == 16 {
    if accumulate { result = multiplyAdd(load(out), Lane(repeating: scale), sum) }
    store(result, out)
  } else {
    if accumulate { result = multiplyAdd(loadPartial(out, lanes), Lane(repeating: scale), sum) }
    storePartial(result, out, lanes)
  }
}
