// log Σ_j exp(s a_i·c_j) for many rows and candidates, with gradients, without storing the similarity matrix.

import Numerics

/// The values log Σ_j exp(s a_i·c_j) and the gradients of their weighted sum.
///
/// Source: the forward pass is the normaliser of every contrastive loss; as in Dao et al. 2022, FlashAttention,
/// algorithm 1, maxima of pieces of a row are corrected when the pieces are joined.
///
/// A block of rows against all candidates is computed once: products, exponentials, row sums and the rows' gradient
/// product while the exponentials are in a core's own cache, then, once the row sums are known, the candidates' from the
/// shared cache. Three products instead of the five that recomputing needs.
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
    // Several blocks in one parallel loop: threads are woken less often, and there is work for all of them to the end.
    // Values keep at most three floats of a row and chunk (sum, maximum), so that most are one loop; gradients all exponentials.
    let rowNumbers = chunks * blockRows
    let most =
      gradients == .none
      ? Self.storedFloats / max(1, 3 * rowNumbers)
      : min(Self.blocksTogether, Self.storedFloats / max(1, rowNumbers * stride))
    let together = max(1, min(most, (a.rows + blockRows - 1) / blockRows))
    let places = together * chunks * blockRows
    // Only gradients need the exponentials again.
    let tiles = Matrix.uninitialized(rows: gradients == .none ? 0 : places, columns: stride)
    let packedRows = Matrix.uninitialized(rows: together * (blockRows + 6), columns: depth)
    let partial = Matrix.uninitialized(rows: gradients == .none ? 0 : places, columns: kept)
    let gradientA = gradients == .none ? nil : Matrix(rows: a.rows, columns: kept)
    let gradientC = gradients == .both ? Matrix(rows: c.rows, columns: kept) : nil
    let maxima = Matrix.uninitialized(rows: 1, columns: bound == nil ? places : 0)
    let factors = Matrix.uninitialized(rows: 1, columns: gradients == .none ? 0 : places)
    var sums = [Double](repeating: 0, count: places)
    var logSums = [Double](repeating: 0, count: a.rows)

    for start in Swift.stride(from: 0, to: a.rows, by: together * blockRows) {
      let blocks = min(together, (a.rows - start + blockRows - 1) / blockRows)
      func rows(_ block: Int) -> Range<Int> {
        start + block * blockRows..<min(a.rows, start + (block + 1) * blockRows)
      }
      // What a row of a block has to do with a chunk stands at (block, chunk, row).
      func slot(_ block: Int, _ index: Int, _ row: Int) -> Int { (block * chunks + index) * blockRows + row }
      parallelFor(blocks) { block in
        table.packLeft(
          rows(block).count, depth, a.row(rows(block).lowerBound), depth, false,
          packedRows.row(block * (blockRows + 6)))
      }
      sums.withUnsafeMutableBufferPointer { sumBuffer in
        guard let chunkSums = sumBuffer.baseAddress else { return }
        parallelFor(blocks * chunks) { task in
          let (block, index) = (task / chunks, task % chunks)
          let first = index * chunk
          let width = min(chunk, c.rows - first)
          let count = rows(block).count
          let left = packedRows.row(block * (blockRows + 6))
          let right = packedCandidates.row(first / 16)
          let place = slot(block, index, 0)
          if let bound {
            let work = Matrix.uninitialized(rows: 1, columns: table.expBlockWork(count))
            table.expBlock(
              count, width, depth, left, right, 16 * depth, scale, -bound, work.pointer, chunkSums + place,
              gradients == .none ? nil : tiles.row(place), stride)
          } else {
            let scratch = Matrix.uninitialized(rows: gradients == .none ? blockRows : 0, columns: stride)
            let tile = gradients == .none ? scratch.pointer : tiles.row(place)
            table.gemmBlock(count, width, depth, left, right, 16 * depth, tile, stride, 1, false)
            for row in 0..<count {
              let values = tile + row * stride
              maxima.pointer[place + row] = scale * table.maximum(values, width)
              chunkSums[place + row] = table.scaledExp(values, values, width, scale, -maxima.pointer[place + row])
            }
          }
          guard gradients != .none else { return }
          // While the exponentials are in this core's cache; the factors of the rows are not known yet.
          table.stridedBlock(
            count, kept, width, tiles.row(place), stride, 1, packedChunks.row(index), partial.row(place), kept, false)
        }
      }
      // The chunks of a row are joined in order.
      sums.withUnsafeBufferPointer { sums in
        logSums.withUnsafeMutableBufferPointer { buffer in
          let logSums = buffer
          parallelFor(blocks) { block in
            for (row, number) in rows(block).enumerated() {
              var largest = bound ?? -Float.infinity
              var sum = 0.0
              if bound == nil {
                for index in 0..<chunks { largest = max(largest, maxima.pointer[slot(block, index, row)]) }
              }
              func correction(_ place: Int) -> Double {
                bound == nil ? exponential(Double(maxima.pointer[place]) - Double(largest)) : 1
              }
              for index in 0..<chunks { sum += sums[slot(block, index, row)] * correction(slot(block, index, row)) }
              logSums[number] = Double(largest) + logarithm(sum)
              guard let gradientA else { continue }
              let factor = Double(weights[number]) * Double(scale) / sum
              for index in 0..<chunks {
                let place = slot(block, index, row)
                factors.pointer[place] = Float(Double(Float(correction(place))) * factor)
                table.axpy(factors.pointer[place], partial.row(place), gradientA.row(number), kept)
              }
            }
          }
        }
      }
      // A chunk's candidates receive the blocks in order, whoever adds them.
      guard let gradientC else { continue }
      parallelFor(chunks) { task in
        let first = task * chunk
        let weighted = Matrix.uninitialized(rows: blockRows, columns: kept)
        let packedWeighted = Matrix.uninitialized(rows: depthPanels, columns: 16 * blockRows)
        for block in 0..<blocks {
          let count = rows(block).count
          for (row, number) in rows(block).enumerated() {
            table.scale(factors.pointer[slot(block, task, row)], a.row(number), weighted.row(row), kept)
          }
          table.packRight(count, kept, weighted.pointer, kept, false, packedWeighted.pointer)
          table.stridedBlock(
            min(chunk, c.rows - first), kept, count, tiles.row(slot(block, task, 0)), 1, stride,
            packedWeighted.pointer, gradientC.row(first), kept, true)
        }
      }
    }
    self.logSums = logSums
    self.gradientA = gradientA
    self.gradientC = gradientC
  }

  /// Candidates of one chunk: a packed panel of them (24 KiB) stays in the first-level cache.
  private static let chunkColumns = 384
  /// Most blocks of rows in one parallel loop.
  private static let blocksTogether = 4
  /// Most exponentials, or floats in their place, kept at a time, 16 MiB: they stay in a shared last-level cache.
  private static let storedFloats = 4 << 20
}
