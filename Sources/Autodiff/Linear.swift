// Affine layers and the two-layer perceptron used as projector.

import Numerics

/// What follows the affine map of a layer.
package enum Activation: Equatable, Sendable {
  /// The affine map itself.
  case identity
  /// x for x > 0, `slope` x otherwise.
  case leakyReLU(slope: Float)

  /// The factor on negative inputs; 1 for the affine map itself.
  fileprivate var slope: Float {
    switch self {
    case .identity: return 1
    case .leakyReLU(let slope): return slope
    }
  }
}

extension Tape {
  /// activation(x Wᵀ + b): `[n, out]` from x `[n, in]`, W `[out, in]`, b `[1, out]`.
  ///
  /// Gradients: with δ = gradient of the pre-activation, dx = δ W, dW = δᵀ x, db = column sums of δ (blocks of rows,
  /// added in block order in Double). LeakyReLU's derivative is read off the sign of the output, which the slope keeps.
  package func linear(_ x: Variable, weight: Variable, bias: Variable, activation: Activation) -> Variable {
    let rows = x.value.rows
    let outputs = weight.value.rows
    let value = Matrix.uninitialized(rows: rows, columns: outputs)
    gemm(x.value, weight.value, transposeB: true, into: value)
    let offset = bias.value.pointer
    parallelRanges(rows, blockSize: rowBlock) { range in
      for row in range {
        kernels.biasLeakyReLU(value.row(row), offset, value.row(row), outputs, activation.slope)
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
            kernels.leakyReLUGradient(gradient.row(row), value.row(row), delta.row(row), outputs, slope)
          }
        }
      }
      x.accumulate { target, adds in gemm(delta, weight.value, into: target, accumulate: adds) }
      weight.accumulate { target, adds in
        gemm(delta, transposeA: true, x.value, into: target, accumulate: adds)
      }
      bias.accumulate { target, adds in
        let sums = delta.columnSums()
        for column in 0..<outputs {
          target.pointer[column] = (adds ? target.pointer[column] : 0) + sums[column]
        }
      }
    }
  }
}

/// Rows handled by one block of an element-wise pass.
private let rowBlock = 128
