// log Σ_j exp(s a_i·c_j) for many rows and candidates, with gradients, without storing the similarity matrix.

import Numerics

/// The values log Σ_j exp(s a_i·c_j) and the gradients of their weighted sum.
///
/// Source: the forward pass is the normaliser of every contrastive loss; as in Dao et al. 2022, FlashAttention,
/// algorithm 1, maxima of pieces of a row are corrected when the pieces are joined.
///
/// A block of rows against all candidates is computed once: products, exponentials, row sums, then both gradient
/// products while the exponentials are still in the cache. Three products instead of the five that recomputing needs.
/// Candidates are dealt out in chunks; the chunks of a block write disjoint memory and are joined in order, so results
/// are bit-identical at every thread count. Sums of exponentials are Float inside 1,024 elements, Double across.
struct LogSumExpOfProducts {
  /// log Σ_j exp(s a_i·c_j), `[n]`.
  let logSums: [Double]
  /// w_i s Σ_j p_ij c_j with p the softmax of row i, `[n, e]`; nil unless asked for.
  let gradientA: Matrix?
  /// s Σ_i w_i p_ij a_i, `[m, e]`; nil unless asked for.
  let gradientC: Matrix?

  /// Which gradients are computed.
  enum Gradients {
    /// None: values only.
    case none
    /// Of the rows.
    case rows
    /// Of the rows and of the candidates.
    case both
  }

  /// Computes the values and, where asked, the gradients.
  /// - Parameters:
  ///   - a: `[n, d]`.
  ///   - c: candidates, `[m, d]`.
  ///   - scale: s.
  ///   - bound: an upper bound of all s a_i·c_j that is never above the largest by more than about 80, or nil to take
  ///     each row's own maximum (a pass more).
  ///   - weights: w, `[n]`.
  ///   - gradients: which gradients are wanted.
  ///   - gradientColumns: e, the leading columns for which gradients are wanted; nil for all d.
  init(
    _ a: Matrix, _ c: Matrix, scale: Float, bound: Float?, weights: [Float], gradients: Gradients,
    gradientColumns: Int? = nil
  ) {
    precondition(a.columns == c.columns && weights.count == a.rows, "shapes do not fit")
    let table = kernels
    let depth = a.columns
    let kept = min(depth, gradientColumns ?? depth)
    let chunk = Self.chunkColumns
    let stride = chunk + 16  // Not a power of two: rows of a tile must not share a cache set.
    let chunks = (c.rows + chunk - 1) / chunk
    let panels = (c.rows + 15) / 16
    let packedCandidates = Matrix.uninitialized(rows: panels, columns: 16 * depth)
    parallelRanges(panels, blockSize: chunk / 16) { range in
      let first = 16 * range.lowerBound
      table.packRight(
        depth, min(16 * range.count, c.rows - first), c.row(first), depth, true, packedCandidates.row(range.lowerBound))
    }
    // For the gradients the candidates are the right operand: packed once more, chunk by chunk.
    let depthPanels = (kept + 15) / 16
    let packedChunks = Matrix.uninitialized(
      rows: gradients == .none ? 0 : chunks, columns: depthPanels * 16 * chunk)
    parallelFor(packedChunks.rows) { index in
      let first = index * chunk
      table.packRight(min(chunk, c.rows - first), kept, c.row(first), depth, false, packedChunks.row(index))
    }
    let blockRows = max(6, min(96, Self.storedFloats / max(1, chunks * stride) / 6 * 6))
    let tiles = Matrix.uninitialized(rows: chunks * blockRows, columns: stride)
    let packedRows = Matrix.uninitialized(rows: blockRows + 6, columns: depth)
    let partial = Matrix.uninitialized(rows: gradients == .none ? 0 : chunks * blockRows, columns: kept)
    let gradientA = gradients == .none ? nil : Matrix(rows: a.rows, columns: kept)
    let gradientC = gradients == .both ? Matrix(rows: c.rows, columns: kept) : nil
    var sums = [Double](repeating: 0, count: chunks * blockRows)
    var maxima = [Float](repeating: bound ?? 0, count: chunks * blockRows)
    var factors = [Float](repeating: 0, count: chunks * blockRows)
    var logSums = [Double](repeating: 0, count: a.rows)

    for start in Swift.stride(from: 0, to: a.rows, by: blockRows) {
      let count = min(blockRows, a.rows - start)
      table.packLeft(count, depth, a.row(start), depth, false, packedRows.pointer)
      sums.withUnsafeMutableBufferPointer { sumBuffer in
        maxima.withUnsafeMutableBufferPointer { maximumBuffer in
          let chunkSums = sumBuffer
          let chunkMaxima = maximumBuffer
          parallelFor(chunks) { index in
            let first = index * chunk
            let width = min(chunk, c.rows - first)
            let tile = tiles.row(index * blockRows)
            table.gemmBlock(
              count, width, depth, packedRows.pointer, packedCandidates.row(first / 16), 16 * depth, tile, stride, 1,
              false)
            for row in 0..<count {
              let values = tile + row * stride
              let place = index * blockRows + row
              if bound == nil { chunkMaxima[place] = scale * table.maximum(values, width) }
              table.scaledExp(values, values, width, scale, -chunkMaxima[place])
              chunkSums[place] = table.sum(values, width)
            }
          }
        }
      }
      for row in 0..<count {
        var largest = -Float.infinity
        for index in 0..<chunks { largest = max(largest, maxima[index * blockRows + row]) }
        var sum = 0.0
        for index in 0..<chunks {
          let place = index * blockRows + row
          let correction = bound == nil ? exponential(Double(maxima[place]) - Double(largest)) : 1
          sum += sums[place] * correction
          factors[place] = Float(correction)
        }
        logSums[start + row] = Double(largest) + logarithm(sum)
        let factor = Double(weights[start + row]) * Double(scale) / sum
        for index in 0..<chunks {
          let place = index * blockRows + row
          factors[place] = Float(Double(factors[place]) * factor)
        }
      }
      guard let gradientA else { continue }
      parallelFor(chunks) { index in
        let first = index * chunk
        let width = min(chunk, c.rows - first)
        let tile = tiles.row(index * blockRows)
        table.stridedBlock(
          count, kept, width, tile, stride, 1, packedChunks.row(index), partial.row(index * blockRows), kept, false)
        guard let gradientC else { return }
        let weighted = Matrix.uninitialized(rows: count, columns: kept)
        for row in 0..<count {
          table.scale(factors[index * blockRows + row], a.row(start + row), weighted.row(row), kept)
        }
        let packedWeighted = Matrix.uninitialized(rows: depthPanels, columns: 16 * count)
        table.packRight(count, kept, weighted.pointer, kept, false, packedWeighted.pointer)
        table.stridedBlock(
          width, kept, count, tile, 1, stride, packedWeighted.pointer, gradientC.row(first), kept, true)
      }
      for row in 0..<count {
        for index in 0..<chunks {
          let place = index * blockRows + row
          table.axpy(factors[place], partial.row(place), gradientA.row(start + row), kept)
        }
      }
    }
    self.logSums = logSums
    self.gradientA = gradientA
    self.gradientC = gradientC
  }

  /// Candidates of one chunk: a packed panel of them (24 KiB) stays in the first-level cache.
  private static let chunkColumns = 384
  /// Most exponentials kept at a time, 16 MiB: they stay in a shared last-level cache.
  private static let storedFloats = 4 << 20
}
