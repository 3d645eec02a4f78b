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
    affine(
      rows: x.value.rows, inputs: [x], weight: weight, bias: bias, activation: activation,
      product: { gemm(x.value, weight.value, transposeB: true, into: $0, finish: $1) },
      backward: { delta in
        x.accumulate { target, adds in gemm(delta, weight.value, into: target, accumulate: adds) }
        weight.accumulate { target, adds in
          gemm(delta, transposeA: true, x.value, into: target, accumulate: adds)
        }
      })
  }

  /// activation(X[rows] Wᵀ + b): `[rows.count, out]`, for chosen rows of a matrix that is not trained.
  ///
  /// The rows are gathered while the products pack them, forward and for dW; nothing is copied and no gradient towards X
  /// is computed. Same bits as `linear` of a copy of the rows.
  /// - Parameters:
  ///   - rows: row numbers of `x`; they may repeat.
  ///   - x: X, `[*, in]`.
  ///   - weight: W, `[out, in]`.
  ///   - bias: b, `[1, out]`.
  ///   - activation: what follows the affine map.
  package func linear(
    rows: [Int32], of x: Matrix, weight: Variable, bias: Variable, activation: Activation
  ) -> Variable {
    affine(
      rows: rows.count, inputs: [], weight: weight, bias: bias, activation: activation,
      product: { gemm(rows: rows, of: x, weight.value, transposeB: true, into: $0, finish: $1) },
      backward: { delta in
        weight.accumulate { target, adds in
          gemm(delta, transposeA: true, rows: rows, of: x, into: target, accumulate: adds)
        }
      })
  }

  /// What both layers share: bias and activation inside the product's blocks, δ, and the bias's gradient.
  /// - Parameters:
  ///   - rows: rows of the result.
  ///   - inputs: what is differentiated besides weight and bias.
  ///   - product: writes the product without bias, calling its second argument for every finished block.
  ///   - backward: adds to the gradients of inputs and weight, given δ.
  private func affine(
    rows: Int, inputs: [Variable], weight: Variable, bias: Variable, activation: Activation,
    product: (Matrix, @escaping GemmFinish) -> Void, backward: @escaping (Matrix) -> Void
  ) -> Variable {
    let outputs = weight.value.rows
    let value = Matrix.uninitialized(rows: rows, columns: outputs)
    let offset = bias.value.pointer
    let slope = activation.slope
    let table = kernels
    product(value) { block, blockRows, firstColumn, columns in
      for row in 0..<blockRows {
        let values = block + row * outputs
        table.biasLeakyReLU(values, offset + firstColumn, values, columns, slope)
      }
    }
    return record(value: value, inputs: inputs + [weight, bias]) { gradient in
      // δ takes the place of the result's gradient, which nobody reads after this.
      if case .leakyReLU(let slope) = activation {
        parallelRanges(rows, blockSize: rowBlock) { range in
          for row in range {
            kernels.leakyReLUGradient(gradient.row(row), value.row(row), gradient.row(row), outputs, slope)
          }
        }
      }
      backward(gradient)
      bias.accumulate { target, adds in
        let sums = gradient.columnSums()
        for column in 0..<outputs {
          target.pointer[column] = (adds ? target.pointer[column] : 0) + sums[column]
        }
      }
    }
  }
}

/// Rows handled by one block of an element-wise pass.
private let rowBlock = 128
