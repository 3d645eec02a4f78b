// Copies of matrix blocks in the order in which the tile kernel reads them.

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
  var out = packed
  var row = 0
  while row < m {
    let rows = m &- row
    if rows >= 6 {
      if transposed {
        packLeftColumns(k, a + row, stride, out)
      } else {
        packLeftRows(k, a + row &* stride, stride, out)
      }
    } else {
      for step in 0..<k {
        for r in 0..<6 {
          out[6 &* step &+ r] =
            r < rows ? (transposed ? a[step &* stride &+ row &+ r] : a[(row &+ r) &* stride &+ step]) : 0
        }
      }
    }
    out += 6 &* k
    row = row &+ 6
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
  var out = packed
  var column = 0
  while column < n {
    let columns = n &- column
    if columns >= 16 {
      if transposed {
        packRightRows(k, b + column &* stride, stride, out)
      } else {
        var source = b + column
        var target = out
        for _ in 0..<k {
          store(load(source), target)
          source += stride
          target += 16
        }
      }
    } else {
      for step in 0..<k {
        for c in 0..<16 {
          out[16 &* step &+ c] =
            c < columns ? (transposed ? b[(column &+ c) &* stride &+ step] : b[step &* stride &+ column &+ c]) : 0
        }
      }
    }
    out += 16 &* k
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

/// Six consecutive columns of a stored [k, *] matrix: six neighbours a step, copied as four and two.
@inline(__always)
func packLeftColumns(_ k: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>) {
  var source = a
  var target = out
  for _ in 0..<k {
    store4(load4(source), target)
    let pair = UnsafeRawPointer(source + 4).loadUnaligned(as: SIMD2<Float>.self)
    UnsafeMutableRawPointer(target + 4).storeBytes(of: pair, as: SIMD2<Float>.self)
    source += stride
    target += 6
  }
}

/// Six consecutive stored rows, transposed four steps at a time in registers.
@inline(__always)
func packLeftRows(_ k: Int, _ a: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>) {
  var step = 0
  while step &+ 4 <= k {
    let source = a + step
    let target = out + 6 &* step
    let row0 = load4(source)
    let row1 = load4(source + stride)
    let row2 = load4(source + 2 &* stride)
    let row3 = load4(source + 3 &* stride)
    let row4 = load4(source + 4 &* stride)
    let row5 = load4(source + 5 &* stride)
    for lane in 0..<4 {
      store4(SIMD4(row0[lane], row1[lane], row2[lane], row3[lane]), target + 6 &* lane)
      let pair = SIMD2(row4[lane], row5[lane])
      UnsafeMutableRawPointer(target + (6 &* lane &+ 4)).storeBytes(of: pair, as: SIMD2<Float>.self)
    }
    step = step &+ 4
  }
  while step < k {
    for r in 0..<6 { out[6 &* step &+ r] = a[r &* stride &+ step] }
    step = step &+ 1
  }
}

/// Sixteen consecutive stored rows of a [n, k] matrix, transposed in 4 x 4 blocks.
@inline(__always)
func packRightRows(_ k: Int, _ b: UnsafePointer<Float>, _ stride: Int, _ out: UnsafeMutablePointer<Float>) {
  var step = 0
  while step &+ 4 <= k {
    for group in 0..<4 {
      let source = b + (4 &* group &* stride &+ step)
      let target = out + (16 &* step &+ 4 &* group)
      let row0 = load4(source)
      let row1 = load4(source + stride)
      let row2 = load4(source + 2 &* stride)
      let row3 = load4(source + 3 &* stride)
      store4(SIMD4(row0[0], row1[0], row2[0], row3[0]), target)
      store4(SIMD4(row0[1], row1[1], row2[1], row3[1]), target + 16)
      store4(SIMD4(row0[2], row1[2], row2[2], row3[2]), target + 32)
      store4(SIMD4(row0[3], row1[3], row2[3], row3[3]), target + 48)
    }
    step = step &+ 4
  }
  while step < k {
    for c in 0..<16 { out[16 &* step &+ c] = b[c &* stride &+ step] }
    step = step &+ 1
  }
}
