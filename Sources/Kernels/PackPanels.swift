// Copies of matrix blocks in the order in which the tile kernel reads them.

import CPlatform

/// Packs op(A)[m, k] into panels of 6 rows: panel p holds for each step of k the six numbers of rows 6p ..< 6p + 6.
///
/// Rows past m are zero. Writes 6 * ceil(m / 6) * k floats.
/// - Parameters:
///   - m: rows of op(A).
///   - k: columns of op(A).
///   - a: first element; element (i, p) of op(A) is a[i * stride + p], or a[p * stride + i] where `transposed`.
///   - stride: distance between stored rows, in floats.
///   - transposed: whether op(A) is the transpose of the stored matrix.
///   - packed: destination.
@inline(never)
package func packLeft(
  _ m: Int, _ k: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ transposed: Bool,
  _ packed: UnsafeMutablePointer<Float>
) {
  let whole = m / 6
  if transposed {
    packLeftColumns(k, whole, a, stride, packed)
  } else {
    for panel in 0..<whole { packLeftRows(k, a + 6 &* panel &* stride, stride, packed + 6 &* panel &* k) }
  }
  let row = 6 &* whole
  if row < m {
    let out = packed + row &* k
    for step in 0..<k {
      for r in 0..<6 {
        out[6 &* step &+ r] =
          row &+ r < m ? (transposed ? a[step &* stride &+ row &+ r] : a[(row &+ r) &* stride &+ step]) : 0
      }
    }
  }
}

/// Packs op(B)[k, n] into panels of 16 columns: panel p holds for each step of k the columns 16p ..< 16p + 16.
///
/// Columns past n are zero. Panels are k * 16 floats apart; writes 16 * ceil(n / 16) * k floats.
/// - Parameters:
///   - k: rows of op(B).
///   - n: columns of op(B).
///   - b: first element; element (p, j) of op(B) is b[p * stride + j], or b[j * stride + p] where `transposed`.
///   - stride: distance between stored rows, in floats.
///   - transposed: whether op(B) is the transpose of the stored matrix.
///   - packed: destination.
@inline(never)
package func packRight(
  _ k: Int, _ n: Int, _ b: UnsafePointer<Float>, _ stride: Int, _ transposed: Bool,
  _ packed: UnsafeMutablePointer<Float>
) {
  guard transposed else { return packRightColumns(k, n, packed) { b + $0 &* stride } }
  var out = packed
  var column = 0
  while column < n {
    let columns = n &- column
    if columns >= 16 {
      packRightRows(k, b + column &* stride, stride, out)
    } else {
      for step in 0..<k {
        for c in 0..<16 { out[16 &* step &+ c] = c < columns ? b[(column &+ c) &* stride &+ step] : 0 }
      }
    }
    out += 16 &* k
    column = column &+ 16
  }
}

/// Packs chosen rows of A into panels of 6 rows, as `packLeft` does with consecutive ones: no copy of them is made first.
///
/// Rows past m are zero. Writes 6 * ceil(m / 6) * k floats.
/// - Parameters:
///   - m: rows of the block.
///   - k: columns of the block.
///   - a: first wanted column of stored row 0; element (i, p) of the block is a[rows[i] * stride + p].
///   - stride: distance between stored rows, in floats.
///   - rows: numbers of the stored rows, `[m]`; they may repeat.
///   - packed: destination.
@inline(never)
package func packLeftGathered(
  _ m: Int, _ k: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ rows: UnsafePointer<Int32>,
  _ packed: UnsafeMutablePointer<Float>
) {
  var out = packed
  var row = 0
  while row < m {
    if m &- row >= 6 {
      packLeftRows(
        k,
        (
          a + Int(rows[row]) &* stride, a + Int(rows[row &+ 1]) &* stride, a + Int(rows[row &+ 2]) &* stride,
          a + Int(rows[row &+ 3]) &* stride, a + Int(rows[row &+ 4]) &* stride, a + Int(rows[row &+ 5]) &* stride
        ), out
      ) { step in
        let last = m &- 1
        for r in 0..<6 {
          let next = row &+ 6 &+ r
          cplatform_prefetch_to_read(a + (Int(rows[next < last ? next : last]) &* stride &+ step))
        }
      }
    } else {
      for r in 0..<6 {
        if row &+ r < m {
          let source = a + Int(rows[row &+ r]) &* stride
          for step in 0..<k { out[6 &* step &+ r] = source[step] }
        } else {
          for step in 0..<k { out[6 &* step &+ r] = 0 }
        }
      }
    }
    out += 6 &* k
    row = row &+ 6
  }
}

/// Packs chosen rows of B into panels of 16 columns, as `packRight` does with consecutive ones.
///
/// Columns past n are zero. Panels are k * 16 floats apart; writes 16 * ceil(n / 16) * k floats.
/// - Parameters:
///   - k: rows of the block.
///   - n: columns of the block.
///   - b: first wanted column of stored row 0; element (p, j) of the block is b[rows[p] * stride + j].
///   - stride: distance between stored rows, in floats.
///   - rows: numbers of the stored rows, `[k]`; they may repeat.
///   - packed: destination.
@inline(never)
package func packRightGathered(
  _ k: Int, _ n: Int, _ b: UnsafePointer<Float>, _ stride: Int, _ rows: UnsafePointer<Int32>,
  _ packed: UnsafeMutablePointer<Float>
) {
  packRightColumns(k, n, packed) { b + Int(rows[$0]) &* stride }
}

/// Rows of a [k, n] matrix, row p from `row(p)` on.
///
/// Eight panels at a time are the streams that are written while each row is read from left to right and the one four steps
/// on is asked for: rows that are in no cache come in whole runs of lines. The rest goes panel by panel.
@inline(__always)
func packRightColumns(
  _ k: Int, _ n: Int, _ packed: UnsafeMutablePointer<Float>, _ row: (Int) -> UnsafePointer<Float>
) {
  let panel = 16 &* k
  var column = 0
  while column &+ 128 <= n {
    let target = packed + column &* k
    for step in 0..<k {
      let source = row(step) + column
      let ahead = row(step &+ 4 < k ? step &+ 4 : step) + column
      for place in 0..<8 {
        cplatform_prefetch_to_read(ahead + 16 &* place)
        store(load(source + 16 &* place), target + (place &* panel &+ 16 &* step))
      }
    }
    column = column &+ 128
  }
  while column < n {
    let target = packed + column &* k
    let rest = n &- column
    for step in 0..<k {
      let source = row(step) + column
      if rest >= 16 {
        cplatform_prefetch_near(source + 16)
        store(load(source), target + 16 &* step)
      } else {
        store(loadPartial(source, rest), target + 16 &* step)
      }
    }
    column = column &+ 16
  }
}

/// Four floats at `pointer`, unaligned.
@inline(__always)
func load4(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}

/// Writes four floats, unaligned.
@inline(__always)
func store4(_ value: SIMD4<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD4<Float>.self)
}

/// Columns of a stored [k, *] matrix: six neighbours a step for each of `panels` panels, copied as four and two.
///
/// A stored row is read once, from left to right, and the row four steps on is asked for meanwhile.
@inline(__always)
func packLeftColumns(
  _ k: Int, _ panels: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>
) {
  let panel = 6 &* k
  for step in 0..<k {
    var source = a + step &* stride
    var target = out + 6 &* step
    var ahead = source + 4 &* stride
    let aheadEnd = ahead + 6 &* panels
    while ahead < aheadEnd {
      cplatform_prefetch_to_read(ahead)
      ahead += 16
    }
    for _ in 0..<panels {
      store4(load4(source), target)
      let pair = UnsafeRawPointer(source + 4).loadUnaligned(as: SIMD2<Float>.self)
      UnsafeMutableRawPointer(target + 4).storeBytes(of: pair, as: SIMD2<Float>.self)
      source += 6
      target += panel
    }
  }
}

/// Six consecutive stored rows; the next six are asked for meanwhile, because a pass over k is too short for the
/// processor to notice by itself what comes.
@inline(__always)
func packLeftRows(_ k: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>) {
  let ahead = a + 6 &* stride
  packLeftRows(k, (a, a + stride, a + 2 &* stride, a + 3 &* stride, a + 4 &* stride, a + 5 &* stride), out) { step in
    for row in 0..<6 { cplatform_prefetch_to_read(ahead + (row &* stride &+ step)) }
  }
}

/// Six rows, transposed four steps at a time in registers; `ahead(step)` is called every sixteen steps.
@inline(__always)
func packLeftRows(
  _ k: Int,
  _ rows: (
    UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>,
    UnsafePointer<Float>
  ), _ out: UnsafeMutablePointer<Float>, _ ahead: (Int) -> Void
) {
  var step = 0
  while step &+ 4 <= k {
    if step & 15 == 0 { ahead(step) }
    let target = out + 6 &* step
    let row0 = load4(rows.0 + step)
    let row1 = load4(rows.1 + step)
    let row2 = load4(rows.2 + step)
    let row3 = load4(rows.3 + step)
    let row4 = load4(rows.4 + step)
    let row5 = load4(rows.5 + step)
    for lane in 0..<4 {
      store4(SIMD4(row0[lane], row1[lane], row2[lane], row3[lane]), target + 6 &* lane)
      let pair = SIMD2(row4[lane], row5[lane])
      UnsafeMutableRawPointer(target + (6 &* lane &+ 4)).storeBytes(of: pair, as: SIMD2<Float>.self)
    }
    step = step &+ 4
  }
  while step < k {
    let target = out + 6 &* step
    target[0] = rows.0[step]
    target[1] = rows.1[step]
    target[2] = rows.2[step]
    target[3] = rows.3[step]
    target[4] = rows.4[step]
    target[5] = rows.5[step]
    step = step &+ 1
  }
}

/// Sixteen consecutive stored rows of a [n, k] matrix, transposed four steps at a time in registers.
@inline(__always)
func packRightRows(_ k: Int, _ b: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>) {
  var step = 0
  while step &+ 4 <= k {
    let (low0, low1, low2, low3) = transposedEight { b + ($0 &* stride &+ step) }
    let (high0, high1, high2, high3) = transposedEight { b + (($0 &+ 8) &* stride &+ step) }
    let target = out + 16 &* step
    store(Lane(lowHalf: low0, highHalf: high0), target)
    store(Lane(lowHalf: low1, highHalf: high1), target + 16)
    store(Lane(lowHalf: low2, highHalf: high2), target + 32)
    store(Lane(lowHalf: low3, highHalf: high3), target + 48)
    step = step &+ 4
  }
  while step < k {
    for c in 0..<16 { out[16 &* step &+ c] = b[c &* stride &+ step] }
    step = step &+ 1
  }
}

/// Four columns of eight rows: one vector per column, from the block whose row r begins at `row(r)`.
///
/// Rows r and r + 4 share a vector, so that two rounds of interleaving inside 128-bit halves finish the transposition.
@inline(__always)
func transposedEight(
  _ row: (Int) -> UnsafePointer<Float>
) -> (SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>) {
  let row0 = SIMD8(lowHalf: load4(row(0)), highHalf: load4(row(4)))
  let row1 = SIMD8(lowHalf: load4(row(1)), highHalf: load4(row(5)))
  let row2 = SIMD8(lowHalf: load4(row(2)), highHalf: load4(row(6)))
  let row3 = SIMD8(lowHalf: load4(row(3)), highHalf: load4(row(7)))
  let low01 = SIMD8(row0[0], row1[0], row0[1], row1[1], row0[4], row1[4], row0[5], row1[5])
  let high01 = SIMD8(row0[2], row1[2], row0[3], row1[3], row0[6], row1[6], row0[7], row1[7])
  let low23 = SIMD8(row2[0], row3[0], row2[1], row3[1], row2[4], row3[4], row2[5], row3[5])
  let high23 = SIMD8(row2[2], row3[2], row2[3], row3[3], row2[6], row3[6], row2[7], row3[7])
  return (
    SIMD8(low01[0], low01[1], low23[0], low23[1], low01[4], low01[5], low23[4], low23[5]),
    SIMD8(low01[2], low01[3], low23[2], low23[3], low01[6], low01[7], low23[6], low23[7]),
    SIMD8(high01[0], high01[1], high23[0], high23[1], high01[4], high01[5], high23[4], high23[5]),
    SIMD8(high01[2], high01[3], high23[2], high23[3], high01[6], high01[7], high23[6], high23[7])
  )
}
