// The backward step over one layer, to the hidden layer under it.

import Numerics

/// The step over a layer W `[o, h]` with δ `[n, o]` at its output, to the hidden values H `[n, h]` under it.
///
/// dW = δᵀ H is added to the weight's gradient; H is overwritten by its own δ, (δ W) ⊙ f'(H).
/// - Parameters:
///   - delta: δ, `[n, o]`.
///   - weight: W, `[o, h]`.
///   - hidden: H, `[n, h]`; overwritten.
///   - slope: the slope of H's activation for negative values; 1 for none.
/// - Returns: column sums of H's δ, `[h]`: the gradient of its bias.
func hiddenGradient(_ delta: Matrix, _ weight: Variable, _ hidden: Matrix, slope: Float) -> [Float] {
  // A block of rows keeps a dW of its own: narrow layers only.
  weight.value.rows <= 64
    ? narrowHiddenGradient(delta, weight, hidden, slope: slope)
    : wideHiddenGradient(delta, weight, hidden, slope: slope)
}

/// With many outputs: two products with all rows.
private func wideHiddenGradient(_ delta: Matrix, _ weight: Variable, _ hidden: Matrix, slope: Float) -> [Float] {
  weight.accumulate { target, adds in gemm(delta, transposeA: true, hidden, into: target, accumulate: adds) }
  let gradient = Matrix.uninitialized(rows: hidden.rows, columns: hidden.columns)
  let width = hidden.columns
  gemm(delta, weight.value, into: gradient) { block, rows, firstColumn, columns in
    // The same place of the layer's values, from the distance of the block's first element.
    let values = hidden.pointer + (block - gradient.pointer)
    for row in 0..<rows {
      kernels.leakyReLUGradient(block + row * width, values + row * width, values + row * width, columns, slope)
    }
  }
  return hidden.columnSums()
}

/// Blocks of the narrow way; they depend on nothing but the shape.
private enum HiddenBlocks {
  /// Rows that are summed before sums are added to those of other blocks.
  static let blockRows = 144
  /// Rows whose values and gradients, with both copies of the weight, stay in the second-level cache; whole tiles.
  static let stripRows = 48
}

/// With few outputs each of the two products reads or writes H and computes little, so they and the passes over the
/// derivative and the sums would wait for memory, seven times: here H is read once and written once.
///
/// Blocks of rows are added in their order: Float inside a block, sums of columns in Double across blocks.
private func narrowHiddenGradient(_ delta: Matrix, _ weight: Variable, _ hidden: Matrix, slope: Float) -> [Float] {
  let table = kernels
  let (rows, outputs, width) = (hidden.rows, delta.columns, hidden.columns)
  let blocks = (rows + HiddenBlocks.blockRows - 1) / HiddenBlocks.blockRows
  let packedWeight = Matrix.uninitialized(rows: (width + 15) / 16, columns: 16 * outputs)
  table.packRight(outputs, width, weight.value.pointer, width, false, packedWeight.pointer)
  // dWᵀ of each block, [h, o], and its column sums.
  let products = Matrix.uninitialized(rows: blocks, columns: width * outputs)
  let sums = Matrix(rows: blocks, columns: width)
  parallelFor(blocks) { block in
    let scratch = Matrix.uninitialized(rows: HiddenBlocks.stripRows, columns: width)
    let packed = Matrix.uninitialized(rows: HiddenBlocks.stripRows, columns: (outputs + 15) / 16 * 16)
    let end = min(rows, (block + 1) * HiddenBlocks.blockRows)
    for start in stride(from: block * HiddenBlocks.blockRows, to: end, by: HiddenBlocks.stripRows) {
      let count = min(HiddenBlocks.stripRows, end - start)
      let source = delta.row(start)
      table.packRight(count, outputs, source, outputs, false, packed.pointer)
      table.stridedBlock(
        width, outputs, count, hidden.row(start), 1, width, packed.pointer, products.row(block), outputs,
        start > block * HiddenBlocks.blockRows)
      table.packLeft(count, outputs, source, outputs, false, packed.pointer)
      table.gemmBlock(
        count, width, outputs, packed.pointer, packedWeight.pointer, 16 * outputs, scratch.pointer, width, 1, false)
      // The rows of the next strip come nearer meanwhile: its first product walks down columns, which nobody foresees.
      for row in 0..<count {
        let ahead = hidden.row(min(start + HiddenBlocks.stripRows + row, rows - 1))
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
  return sums.columnTotals()
}
