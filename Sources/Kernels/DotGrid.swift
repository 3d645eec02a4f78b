// Inner products of several rows with each of several others.

import CPlatform

/// The inner products of every vector with every row: out[v * stride + r] is `dotRow(vectors + v * count, rows + r * count,
/// count)`, to the bit.
///
/// Three rows by two vectors share what is loaded. Each of their six products has the 64 partial sums of `dotRow`, sixteen
/// at a time: four walks over a tile's numbers, which stay in the first-level cache, keep twelve AVX registers busy.
/// - Parameters:
///   - vectors: `[vectorCount, count]`, row-major without padding; read once for every three rows.
///   - rows: `[rowCount, count]`, row-major without padding; read once for every two vectors.
///   - count: length of a row.
///   - vectorCount: number of vectors; a handful stay in the first-level cache.
///   - rowCount: number of rows.
///   - out: `[vectorCount, rowCount]`, written.
///   - stride: distance between rows of `out` in floats.
@inline(never)
package func dotGrid(
  _ vectors: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ count: Int, _ vectorCount: Int, _ rowCount: Int,
  _ out: UnsafeMutablePointer<Float>, _ stride: Int
) {
  let part = 6 &* count / (vectorCount < 2 ? 2 : vectorCount)
  var row = 0
  while row &+ 3 <= rowCount {
    let base = rows + row &* count
    // The walks jump, which hides what comes next: while these rows are used the next three are asked for, an equal part with
    // each tile.
    var ahead = base + 3 &* count
    var vector = 0
    while vector &+ 2 <= vectorCount {
      let partEnd = ahead + part
      while ahead < partEnd {
        cplatform_prefetch_to_read(ahead)
        ahead += 16
      }
      dotTile(vectors + vector &* count, base, count, out + (vector &* stride &+ row), stride)
      vector = vector &+ 2
    }
    if vector < vectorCount {
      dotRows(vectors + vector &* count, base, count, 3, out + (vector &* stride &+ row))
    }
    row = row &+ 3
  }
  guard row < rowCount else { return }
  for vector in 0..<vectorCount {
    dotRows(vectors + vector &* count, rows + row &* count, count, rowCount &- row, out + (vector &* stride &+ row))
  }
}

/// Six inner products: two vectors, one behind the other, with three rows.
@inline(__always)
func dotTile(
  _ vectors: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>,
  _ stride: Int
) {
  withUnsafeTemporaryAllocation(of: Lane.self, capacity: 12) { buffer in
    guard let sums = buffer.baseAddress else { return }
    // The order of additions is that of `dotRow`: (first + second) + (third + fourth).
    dotTileSums(0, vectors, rows, count, sums, false)
    dotTileSums(1, vectors, rows, count, sums, true)
    dotTileSums(2, vectors, rows, count, sums + 6, false)
    dotTileSums(3, vectors, rows, count, sums + 6, true)
    for row in 0..<3 {
      out[row] = laneSum(sums[row] + sums[6 &+ row])
      out[stride &+ row] = laneSum(sums[3 &+ row] + sums[9 &+ row])
    }
  }
}

/// One of the four groups of sixteen partial sums of a tile: the products at 16 `group` + 64 i, and what `dotRow` adds to that
/// group at the end.
///
/// Not inlined: side by side, the four walks would share registers, and the sums would move to the stack and back at every
/// step.
/// - Parameters:
///   - out: six lanes, of the first vector with three rows, then of the second.
///   - accumulate: add to `out` instead of replacing it.
@inline(never)
func dotTileSums(
  _ group: Int, _ vectors: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ count: Int,
  _ out: UnsafeMutablePointer<Lane>, _ accumulate: Bool
) {
  var sum0 = Lane.zero
  var sum1 = Lane.zero
  var sum2 = Lane.zero
  var sum3 = Lane.zero
  var sum4 = Lane.zero
  var sum5 = Lane.zero
  let vector0 = vectors
  let vector1 = vectors + count
  let row0 = rows
  let row1 = rows + count
  let row2 = rows + 2 &* count
  let blocks = count & ~63
  let whole = count & ~15
  // Whole lanes behind the last 64 numbers are added to the first group.
  let end = group == 0 ? whole : blocks
  var i = 16 &* group
  while i < end {
    let left0 = load(vector0 + i)
    let left1 = load(vector1 + i)
    let right0 = load(row0 + i)
    sum0 = multiplyAdd(sum0, left0, right0)
    sum3 = multiplyAdd(sum3, left1, right0)
    let right1 = load(row1 + i)
    sum1 = multiplyAdd(sum1, left0, right1)
    sum4 = multiplyAdd(sum4, left1, right1)
    let right2 = load(row2 + i)
    sum2 = multiplyAdd(sum2, left0, right2)
    sum5 = multiplyAdd(sum5, left1, right2)
    i = i &+ (i < blocks ? 64 : 16)
  }
  // The last numbers, fewer than a lane, are added to the second.
  if group == 1 && whole < count {
    let rest = count &- whole
    let left0 = loadPartial(vector0 + whole, rest)
    let left1 = loadPartial(vector1 + whole, rest)
    let right0 = loadPartial(row0 + whole, rest)
    let right1 = loadPartial(row1 + whole, rest)
    let right2 = loadPartial(row2 + whole, rest)
    sum0 = multiplyAdd(sum0, left0, right0)
    sum1 = multiplyAdd(sum1, left0, right1)
    sum2 = multiplyAdd(sum2, left0, right2)
    sum3 = multiplyAdd(sum3, left1, right0)
    sum4 = multiplyAdd(sum4, left1, right1)
    sum5 = multiplyAdd(sum5, left1, right2)
  }
  out[0] = accumulate ? out[0] + sum0 : sum0
  out[1] = accumulate ? out[1] + sum1 : sum1
  out[2] = accumulate ? out[2] + sum2 : sum2
  out[3] = accumulate ? out[3] + sum3 : sum3
  out[4] = accumulate ? out[4] + sum4 : sum4
  out[5] = accumulate ? out[5] + sum5 : sum5
}
