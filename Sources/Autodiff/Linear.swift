// Affine layers and the two-layer perceptron used as projector.

import Numerics

/// What follows the affine map of a layer.
package enum Activation: Equatable, Sendable {
  /// The affine map itself.
  case identity
  /// x for x > 0, `slope` x otherwise.
  case leakyReLU(slope: Float)
}

extension Tape {
  /// activation(x Wᵀ + b): `[n, out]` from x `[n, in]`, W `[out, in]`, b `[1, out]`.
  ///
  /// Gradients: with δ = gradient of the pre-activation, dx = δ W, dW = δᵀ x, db = column sums of δ (blocks of rows in
  /// Double, added in block order). LeakyReLU's derivative is read off the sign of the output, which the slope keeps.
  package func linear(_ x: Variable, weight: Variable, bias: Variable, activation: Activation) -> Variable {
    let rows = x.value.rows
    let outputs = weight.value.rows
    let value = Matrix.uninitialized(rows: rows, columns: outputs)
    gemm(x.value, weight.value, transposeB: true, into: value)
    let offset = bias.value.pointer
    parallelRanges(rows, blockSize: rowBlock) { range in
      for row in range {
        addBias(value.row(row), offset, outputs, activation)
      }
    }
    return record(value: value, inputs: [x, weight, bias]) { gradient in
      let delta: Matrix
      switch activation {
      case .identity: delta = gradient
      case .leakyReLU(let slope):
        delta = Matrix.uninitialized(rows: rows, columns: outputs)
        parallelRanges(rows, blockSize: rowBlock) { range in
          for row in range {
            leakyBackward(value.row(row), gradient.row(row), delta.row(row), outputs, slope)
          }
        }
      }
      x.accumulate { target, adds in gemm(delta, weight.value, into: target, accumulate: adds) }
      weight.accumulate { target, adds in
        gemm(delta, transposeA: true, x.value, into: target, accumulate: adds)
      }
      bias.accumulate { target, adds in
        let sums = columnSums(delta)
        for column in 0..<outputs {
          target.pointer[column] = (adds ? target.pointer[column] : 0) + Float(sums[column])
        }
      }
    }
  }
}

/// Rows handled by one block of an element-wise pass.
private let rowBlock = 128

private func addBias(
  _ row: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int, _ activation: Activation
) {
  switch activation {
  case .identity:
    for column in 0..<count { row[column] += bias[column] }
  case .leakyReLU(let slope):
    for column in 0..<count {
      let sum = row[column] + bias[column]
      row[column] = sum > 0 ? sum : sum * slope
    }
  }
}

private func leakyBackward(
  _ output: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ delta: UnsafeMutablePointer<Float>,
  _ count: Int, _ slope: Float
) {
  for column in 0..<count {
    delta[column] = output[column] > 0 ? gradient[column] : gradient[column] * slope
  }
}

/// Sums of the columns of a matrix `[n, d]` in Double: blocks of rows, added in block order.
func columnSums(_ matrix: Matrix) -> [Double] {
  let columns = matrix.columns
  let blockSize = 512
  let blocks = (matrix.rows + blockSize - 1) / blockSize
  var partial = [Double](repeating: 0, count: max(1, blocks) * columns)
  partial.withUnsafeMutableBufferPointer { buffer in
    let sums = buffer
    parallelRanges(matrix.rows, blockSize: blockSize) { range in
      let base = range.lowerBound / blockSize * columns
      for row in range {
        let values = matrix.row(row)
        for column in 0..<columns { sums[base + column] += Double(values[column]) }
      }
    }
  }
  var result = [Double](repeating: 0, count: columns)
  for block in 0..<blocks {
    for column in 0..<columns { result[column] += partial[block * columns + column] }
  }
  return result
}
