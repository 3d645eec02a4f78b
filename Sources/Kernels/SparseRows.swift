// Rows of a compressed sparse matrix times a dense matrix.

import CPlatform

/// For rows r in `firstRow ..< endRow`: out[r] = base[r] + scale * sum over entries e of r of values[e] x[columns[e]].
///
/// The sums of 64 columns stay in registers while the entries of a row stream by. Entries are added in their stored
/// order, so the result does not depend on how rows are dealt to threads. The rows of `x` lie anywhere: those that the
/// entries ahead name are asked for in time.
/// - Parameters:
///   - rowStarts: offsets of the rows into `columns`.
///   - columns: column index of each entry.
///   - values: value of each entry.
///   - x: dense matrix, `[*, width]`, row-major without padding.
///   - width: columns of `x` and `out`.
///   - out: dense matrix, `[*, width]`; rows `firstRow ..< endRow` are written.
///   - scale: factor of the sum.
///   - base: what the sum is added to, `[*, width]`; may be `out`; nil is zero.
@inline(never)
package func sparseRows(
  _ rowStarts: UnsafePointer<Int>, _ firstRow: Int, _ endRow: Int, _ columns: UnsafePointer<Int32>,
  _ values: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ width: Int,
  _ out: UnsafeMutablePointer<Float>, _ scale: Float, _ base: UnsafePointer<Float>?
) {
  let last = rowStarts[endRow]
  var row = firstRow
  while row < endRow {
    let start = rowStarts[row]
    let end = rowStarts[row &+ 1]
    let target = out + row &* width
    let next = row &+ rowsAhead < endRow ? row &+ rowsAhead : row
    prefetchResult(out, base, next &* width, width < 64 ? width : 64)
    var column = 0
    while column &+ 64 <= width {
      sparseRow64(
        start, end, last, columns, values, x + column, width, target + column, scale,
        offset(base, row &* width &+ column))
      column = column &+ 64
    }
    if column &+ 32 <= width {
      sparseRow32(
        start, end, last, columns, values, x + column, width, target + column, scale,
        offset(base, row &* width &+ column))
      column = column &+ 32
    }
    while column < width {
      let lanes = width &- column < 16 ? width &- column : 16
      sparseRow16(
        start, end, columns, values, x + column, width, target + column, scale,
        offset(base, row &* width &+ column), lanes)
      column = column &+ lanes
    }
    row = row &+ 1
  }
}

/// The pointer moved on by some floats; nil stays nil.
@inline(__always)
func offset(_ pointer: UnsafePointer<Float>?, _ count: Int) -> UnsafePointer<Float>? {
  guard let pointer else { return nil }
  return pointer + count
}

/// How many entries ahead rows are asked for: about the latency of a shared cache.
let entriesAhead = 16

/// How many rows ahead the result and what it begins with are asked for.
///
/// They lie in order, but between the entries' rows the processor does not fetch them by itself in time, and a row's end
/// waits for them: a quarter of the time of a propagation. Only the first 64 columns: the rest of a wider row comes by
/// itself, and two hundred requests at once cost 2 to 4 % at 1,536 columns.
let rowsAhead = 6

/// Asks for the lines of `width` results, and of the base where there is one, from element `first` on.
@inline(__always)
func prefetchResult(_ out: UnsafeMutablePointer<Float>, _ base: UnsafePointer<Float>?, _ first: Int, _ width: Int) {
  var column = 0
  while column < width {
    cplatform_prefetch_to_write(out + (first &+ column))
    if let base { cplatform_prefetch_to_read(base + (first &+ column)) }
    column = column &+ 16
  }
}

/// Asks for the lines of one row of the dense matrix; the last line of a row that begins inside one may be left out.
@inline(__always)
func prefetchRow(_ source: UnsafePointer<Float>, lines: Int) {
  var line = 0
  while line < lines {
    cplatform_prefetch_to_read(source + 16 &* line)
    line = line &+ 1
  }
}

/// Sixty-four columns of one row.
@inline(__always)
func sparseRow64(
  _ start: Int, _ end: Int, _ last: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ base: UnsafePointer<Float>?
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var entry = start
  while entry < end {
    let ahead = entry &+ entriesAhead < last ? entry &+ entriesAhead : entry
    prefetchRow(x + Int(columns[ahead]) &* width, lines: 4)
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum0 = multiplyAdd(sum0, value, load(source))
    sum1 = multiplyAdd(sum1, value, load(source + 16))
    sum2 = multiplyAdd(sum2, value, load(source + 32))
    sum3 = multiplyAdd(sum3, value, load(source + 48))
    entry = entry &+ 1
  }
  let factor = Lane(repeating: scale)
  if let base {
    store(multiplyAdd(load(base), factor, sum0), out)
    store(multiplyAdd(load(base + 16), factor, sum1), out + 16)
    store(multiplyAdd(load(base + 32), factor, sum2), out + 32)
    store(multiplyAdd(load(base + 48), factor, sum3), out + 48)
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
  _ start: Int, _ end: Int, _ last: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ base: UnsafePointer<Float>?
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var entry = start
  while entry < end {
    let ahead = entry &+ entriesAhead < last ? entry &+ entriesAhead : entry
    prefetchRow(x + Int(columns[ahead]) &* width, lines: 2)
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum0 = multiplyAdd(sum0, value, load(source))
    sum1 = multiplyAdd(sum1, value, load(source + 16))
    entry = entry &+ 1
  }
  let factor = Lane(repeating: scale)
  if let base {
    store(multiplyAdd(load(base), factor, sum0), out)
    store(multiplyAdd(load(base + 16), factor, sum1), out + 16)
  } else {
    store(factor * sum0, out)
    store(factor * sum1, out + 16)
  }
}

/// Up to sixteen columns of one row.
@inline(__always)
func sparseRow16(
  _ start: Int, _ end: Int, _ columns: UnsafePointer<Int32>, _ values: UnsafePointer<Float>,
  _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>,
  _ scale: Float, _ base: UnsafePointer<Float>?, _ lanes: Int
) {
  var sum = Lane.zero
  var entry = start
  while entry < end {
    let value = Lane(repeating: values[entry])
    let source = x + Int(columns[entry]) &* width
    sum = multiplyAdd(sum, value, lanes == 16 ? load(source) : loadPartial(source, lanes))
    entry = entry &+ 1
  }
  var result = Lane(repeating: scale) * sum
  if lanes == 16 {
    if let base { result = multiplyAdd(load(base), Lane(repeating: scale), sum) }
    store(result, out)
  } else {
    if let base { result = multiplyAdd(loadPartial(base, lanes), Lane(repeating: scale), sum) }
    storePartial(result, out, lanes)
  }
}
