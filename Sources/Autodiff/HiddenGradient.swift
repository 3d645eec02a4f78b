// The backward step over a layer with few outputs, block by block while the hidden values are in the cache.

import Numerics

/// One pass over the hidden values H `[n, h]` under a layer W `[o, h]` with δ `[n, o]` at its output: dW = δᵀ H, and H is
/// overwritten by its own δ, (δ W) ⊙ f'(H), whose column sums are the bias's gradient.
///
/// Why: with few outputs each of the two products reads or writes H and computes little, so they and the passes over the
/// derivative and the sums wait for memory, seven times. Here H is read once and written once. Blocks of rows depend on the
/// shape only and are added in their order: Float inside a block, sums of columns in Double across blocks.
struct HiddenGradient {
  /// Column sums of H's δ, `[h]`.
  let columnSums: [Float]

  /// Whether the weight `[o, h]` is narrow enough: a block keeps a dW of its own.
  static func suits(_ weight: Matrix) -> Bool { weight.rows <= 64 }

  /// Rows that are summed before sums are added to those of other blocks.
  private static let blockRows = 144
  /// Rows whose values and gradients, with both copies of the weight, stay in the second-level cache; whole tiles.
  private static let stripRows = 48

  /// - Parameters:
  ///   - delta: δ, `[n, o]`.
  ///   - weight: W, `[o, h]`; its gradient is added to.
  ///   - hidden: H, `[n, h]`; overwritten.
  ///   - slope: the slope of H's activation for negative values; 1 for none.
  init(_ delta: Matrix, _ weight: Variable, _ hidden: Matrix, slope: Float) {
    let table = kernels
    let (rows, outputs, width) = (hidden.rows, delta.columns, hidden.columns)
    let blocks = (rows + Self.blockRows - 1) / Self.blockRows
    let packedWeight = Matrix.uninitialized(rows: (width + 15) / 16, columns: 16 * outputs)
    table.packRight(outputs, width, weight.value.pointer, width, false, packedWeight.pointer)
    // dWᵀ of each block, [h, o], and its column sums.
    let products = Matrix.uninitialized(rows: blocks, columns: width * outputs)
    let sums = Matrix(rows: blocks, columns: width)
    parallelFor(blocks) { block in
      let scratch = Matrix.uninitialized(rows: Self.stripRows, columns: width)
      let packed = Matrix.uninitialized(rows: Self.stripRows, columns: (outputs + 15) / 16 * 16)
      let end = min(rows, (block + 1) * Self.blockRows)
      for start in stride(from: block * Self.blockRows, to: end, by: Self.stripRows) {
        let count = min(Self.stripRows, end - start)
        let source = delta.row(start)
        table.packRight(count, outputs, source, outputs, false, packed.pointer)
        table.stridedBlock(
          width, outputs, count, hidden.row(start), 1, width, packed.pointer, products.row(block), outputs,
          start > block * Self.blockRows)
        table.packLeft(count, outputs, source, outputs, false, packed.pointer)
        table.gemmBlock(
          count, width, outputs, packed.pointer, packedWeight.pointer, 16 * outputs, scratch.pointer, width, 1, false)
        // The rows of the next strip come nearer meanwhile: its first product walks down columns, which nobody foresees.
        for row in 0..<count {
          let ahead = hidden.row(min(start + Self.stripRows + row, rows - 1))
          table.hiddenGradient(scratch.row(row), hidden.row(start + row), sums.row(block), width, slope, ahead)
        }
      }
    }
    weight.accumulate { target, adds in
      parallelRanges(width, blockSize: 64) { range in
        let total = products.pointer + range.lowerBound * outputs
        for block in 1..<max(1, blocks) {
          table.axpy(1, products.row(block) + range.lowerBound * outputs, total, range.count * outputs)
        }
        for output in 0..<outputs {
          let line = target.row(output)
          for column in range {
            let value = blocks > 0 ? products.pointer[column * outputs + output] : 0
            line[column] = (adds ? line[column] : 0) + value
          }
        }
      }
    }
    var columnSums = [Float](repeating: 0, count: width)
    for column in 0..<width {
      var total = 0.0
      for block in 0..<blocks { total += Double(sums.pointer[block * width + column]) }
      columnSums[column] = Float(total)
    }
    self.columnSums = columnSums
  }
}
