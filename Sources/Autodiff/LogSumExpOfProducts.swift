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
    // Several blocks in one parallel loop: threads are woken less often, and there is work for all of them to the end.
    // Values keep four floats of a row and chunk (sum, maximum, factor), so that most are one loop; gradients all exponentials.
    let rowNumbers = chunks * blockRows
    let most =
      gradients == .none
      ? Self.storedFloats / max(1, 4 * rowNumbers)
      : min(Self.blocksTogether, Self.storedFloats / max(1, rowNumbers * stride))
    let together = max(1, min(most, (a.rows + blockRows - 1) / blockRows))
    let places = together * chunks * blockRows
    // Only gradients need the exponentials again. Without, a task's own tile is in the second-level cache from the last task.
    let tiles = Matrix.uninitialized(rows: gradients == .none ? 0 : places, columns: stride)
    let packedRows = Matrix.uninitialized(rows: together * (blockRows + 6), columns: depth)
    let partial = Matrix.uninitialized(rows: gradients == .none ? 0 : places, columns: kept)
    let gradientA = gradients == .none ? nil : Matrix(rows: a.rows, columns: kept)
    let gradientC = gradients == .both ? Matrix(rows: c.rows, columns: kept) : nil
    var sums = [Double](repeating: 0, count: places)
    var maxima = [Float](repeating: bound ?? 0, count: places)
    var factors = [Float](repeating: 0, count: places)
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
        maxima.withUnsafeMutableBufferPointer { maximumBuffer in
          let chunkSums = sumBuffer
          let chunkMaxima = maximumBuffer
          parallelFor(blocks * chunks) { task in
            let (block, index) = (task / chunks, task % chunks)
            let first = index * chunk
            let width = min(chunk, c.rows - first)
            let count = rows(block).count
            let scratch = Matrix.uninitialized(rows: gradients == .none ? blockRows : 0, columns: stride)
            let tile = gradients == .none ? scratch.pointer : tiles.row(slot(block, index, 0))
            table.gemmBlock(
              count, width, depth, packedRows.row(block * (blockRows + 6)), packedCandidates.row(first / 16),
              16 * depth, tile, stride, 1, false)
            for row in 0..<count {
              let values = tile + row * stride
              let place = slot(block, index, row)
              if bound == nil { chunkMaxima[place] = scale * table.maximum(values, width) }
              chunkSums[place] = table.scaledExp(values, values, width, scale, -chunkMaxima[place])
            }
          }
        }
      }
      for block in 0..<blocks {
        for (row, number) in rows(block).enumerated() {
          var largest = -Float.infinity
          for index in 0..<chunks { largest = max(largest, maxima[slot(block, index, row)]) }
          var sum = 0.0
          for index in 0..<chunks {
            let place = slot(block, index, row)
            let correction = bound == nil ? exponential(Double(maxima[place]) - Double(largest)) : 1
            sum += sums[place] * correction
            factors[place] = Float(correction)
          }
          logSums[number] = Double(largest) + logarithm(sum)
          let factor = Double(weights[number]) * Double(scale) / sum
          for index in 0..<chunks {
            let place = slot(block, index, row)
            factors[place] = Float(Double(factors[place]) * factor)
          }
        }
      }
      guard let gradientA else { continue }
      // A chunk's candidates receive the blocks in order, whoever adds them; these longer tasks are dealt out first.
      let candidateTasks = gradientC == nil ? 0 : chunks
      parallelFor(candidateTasks + blocks * chunks) { task in
        guard task < candidateTasks, let gradientC else {
          let (block, index) = ((task - candidateTasks) / chunks, (task - candidateTasks) % chunks)
          let place = slot(block, index, 0)
          table.stridedBlock(
            rows(block).count, kept, min(chunk, c.rows - index * chunk), tiles.row(place), stride, 1,
            packedChunks.row(index), partial.row(place), kept, false)
          return
        }
        let first = task * chunk
        let weighted = Matrix.uninitialized(rows: blockRows, columns: kept)
        let packedWeighted = Matrix.uninitialized(rows: depthPanels, columns: 16 * blockRows)
        for block in 0..<blocks {
          let count = rows(block).count
          for (row, number) in rows(block).enumerated() {
            table.scale(factors[slot(block, task, row)], a.row(number), weighted.row(row), kept)
          }
          table.packRight(count, kept, weighted.pointer, kept, false, packedWeighted.pointer)
          table.stridedBlock(
            min(chunk, c.rows - first), kept, count, tiles.row(slot(block, task, 0)), 1, stride,
            packedWeighted.pointer, gradientC.row(first), kept, true)
        }
      }
      for block in 0..<blocks {
        for (row, number) in rows(block).enumerated() {
          for index in 0..<chunks {
            let place = slot(block, index, row)
            table.axpy(factors[place], partial.row(place), gradientA.row(number), kept)
          }
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
