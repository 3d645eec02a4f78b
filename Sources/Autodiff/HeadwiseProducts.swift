// Sampled and sparse products head by head: the inner loops of attention over a graph.

import Numerics

/// out[e, h] = a[r, h]·b[c, h] for every entry e = (r, c) of a pattern, where row r of a matrix is cut into `heads`
/// equal pieces, `[entries, heads]`.
///
/// Each inner product is in Float in one fixed order. Entries of a row are written by one block: bit-identical at every
/// thread count.
/// - Parameters:
///   - pattern: `[n, m]`; its values are not used.
///   - a: `[n, d]`.
///   - b: `[m, d]`.
///   - heads: a divisor of d.
///   - borders: `pattern.rowBorders`.
func headwiseDots(_ pattern: CSRMatrix, _ a: Matrix, _ b: Matrix, heads: Int, borders: [Int]) -> Matrix {
  let width = a.columns
  let piece = width / heads
  let result = Matrix.uninitialized(rows: pattern.entryCount, columns: heads)
  let output = result.pointer
  let right = b.pointer
  pattern.forEachRowBlock(borders) { row, entries, columns in
    let left = a.row(row)
    for entry in entries {
      let other = right + Int(columns[entry]) * width
      let target = output + entry * heads
      for head in 0..<heads {
        var start = head * piece
        let end = start + piece
        var lanes = SIMD8<Float>.zero
        while start + 8 <= end {
          lanes += eight(left + start) * eight(other + start)
          start += 8
        }
        let four = lanes.lowHalf + lanes.highHalf
        let two = four.lowHalf + four.highHalf
        var sum = two[0] + two[1]
        while start < end {
          sum += left[start] * other[start]
          start += 1
        }
        target[head] = sum
      }
    }
  }
  return result
}

/// out[r, h] (+)= Σ over entries e = (r, c) of weights[e, h] x[c, h], where row r of a matrix is cut into `heads` equal
/// pieces, `[n, d]`.
///
/// Entries are added in stored order in Float: bit-identical at every thread count.
/// - Parameters:
///   - pattern: `[n, m]`; its values are not used.
///   - weights: `[entries, heads]`.
///   - x: `[m, d]`.
///   - heads: a divisor of d.
///   - borders: `pattern.rowBorders`.
func headwiseSums(_ pattern: CSRMatrix, weights: Matrix, _ x: Matrix, heads: Int, borders: [Int]) -> Matrix {
  let width = x.columns
  let piece = width / heads
  let result = Matrix(rows: pattern.rows, columns: width)
  let source = x.pointer
  let factors = weights.pointer
  pattern.forEachRowBlock(borders) { row, entries, columns in
    let target = result.row(row)
    for entry in entries {
      let other = source + Int(columns[entry]) * width
      for head in 0..<heads {
        let factor = factors[entry * heads + head]
        var start = head * piece
        let end = start + piece
        while start + 8 <= end {
          let sum = eight(target + start) + factor * eight(other + start)
          UnsafeMutableRawPointer(target + start).storeBytes(of: sum, as: SIMD8<Float>.self)
          start += 8
        }
        while start < end {
          target[start] += factor * other[start]
          start += 1
        }
      }
    }
  }
  return result
}

/// Eight floats from any address.
@inline(__always)
private func eight(_ pointer: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}
