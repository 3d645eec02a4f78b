// Affine layers, one after another, and the perceptrons that several of them make over the same rows.

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

/// activation(x Wᵀ + b), `[n, out]` from x `[n, in]`.
package struct AffineLayer {
  /// W, `[out, in]`.
  package let weight: Variable
  /// b, `[1, out]`.
  package let bias: Variable
  /// What follows.
  package let activation: Activation

  /// A layer of given weight `[out, in]` and bias `[1, out]`.
  package init(weight: Variable, bias: Variable, activation: Activation) {
    self.weight = weight
    self.bias = bias
    self.activation = activation
  }

  fileprivate var outputs: Int { weight.value.rows }

  /// Adds the bias to finished columns of a product and applies the activation.
  fileprivate func finish(_ block: UnsafeMutablePointer<Float>, _ rows: Int, _ firstColumn: Int, _ columns: Int) {
    let table = kernels
    let offset = bias.value.pointer + firstColumn
    let slope = activation.slope
    for row in 0..<rows {
      let values = block + row * outputs
      table.biasLeakyReLU(values, offset, values, columns, slope)
    }
  }

  /// Adds the column sums of the layer's δ, which are only made where the bias is trained.
  fileprivate func addBiasGradient(_ columnSums: @autoclosure () -> [Float]) {
    bias.accumulate { target, adds in
      let sums = columnSums()
      for column in 0..<outputs { target.pointer[column] = (adds ? target.pointer[column] : 0) + sums[column] }
    }
  }
}

extension Tape {
  /// activation(x Wᵀ + b): `[n, out]` from x `[n, in]`, W `[out, in]`, b `[1, out]`.
  package func linear(_ x: Variable, weight: Variable, bias: Variable, activation: Activation) -> Variable {
    perceptrons([[AffineLayer(weight: weight, bias: bias, activation: activation)]], of: x)[0]
  }

  /// Stacks of layers over the same input, `[n, outputs of its last layer]` each.
  ///
  /// Gradients of a layer: with δ = gradient of its pre-activation, dx = δ W, dW = δᵀ x, db = column sums of δ (blocks of
  /// rows, added in block order in Double). LeakyReLU's derivative is read off the sign of the output, which the slope keeps.
  /// The input is packed once for all first layers. A hidden layer's values give way to their own δ.
  /// - Parameters:
  ///   - stacks: the layers of each perceptron, first to last; at least one.
  ///   - x: `[n, in]`.
  /// - Precondition: the widths fit; no two have the same first layer.
  package func perceptrons(_ stacks: [[AffineLayer]], of x: Variable) -> [Variable] {
    perceptrons(stacks, over: RowSelection(x.value), from: x)
  }

  /// Stacks of layers over chosen rows of a matrix that is not trained.
  ///
  /// The rows are gathered while the products pack them, forward and for dW; nothing is copied and no gradient towards the
  /// matrix is computed. Same bits as of a copy of the rows.
  /// - Parameters:
  ///   - stacks: the layers of each perceptron, first to last; at least one.
  ///   - rows: row numbers of `x`; they may repeat.
  ///   - x: `[*, in]`.
  /// - Precondition: the widths fit, the rows exist, and no two have the same first layer.
  package func perceptrons(_ stacks: [[AffineLayer]], rows: [Int32], of x: Matrix) -> [Variable] {
    perceptrons(stacks, over: RowSelection(rows, of: x), from: nil)
  }

  /// Both forms: `variable` is what the rows are of, where it is differentiated.
  private func perceptrons(
    _ stacks: [[AffineLayer]], over input: RowSelection, from variable: Variable?
  ) -> [Variable] {
    precondition(stacks.allSatisfy { !$0.isEmpty }, "a perceptron has at least one layer")
    for (index, stack) in stacks.enumerated() {
      // Their gradients are written at the same time.
      precondition(
        !stacks[..<index].contains { $0[0].weight === stack[0].weight }, "two perceptrons share their first layer")
    }
    let firsts = stacks.map { $0[0] }
    var activations = stacks.map { [Matrix.uninitialized(rows: input.rows, columns: $0[0].outputs)] }
    gemmWithTransposes(input, firsts.map(\.weight.value), into: activations.map { $0[0] }) {
      index, block, rows, column, columns in
      firsts[index].finish(block, rows, column, columns)
    }
    for (index, stack) in stacks.enumerated() {
      for (layer, previous) in zip(stack.dropFirst(), 0...) {
        let value = Matrix.uninitialized(rows: input.rows, columns: layer.outputs)
        gemm(
          activations[index][previous], layer.weight.value, transposeB: true, into: value, finish: layer.finish)
        activations[index].append(value)
      }
    }
    let inputs = (variable.map { [$0] } ?? []) + stacks.flatMap { $0.flatMap { [$0.weight, $0.bias] } }
    let kept = activations
    return record(values: kept.map { $0[$0.count - 1] }, inputs: inputs) { gradients in
      var deltas: [(layer: AffineLayer, delta: Matrix)] = []
      for (index, gradient) in gradients.enumerated() {
        guard let gradient else { continue }
        deltas.append((firsts[index], backwardThrough(stacks[index], kept[index], gradient)))
      }
      for (layer, delta) in deltas {
        variable?.accumulate { target, adds in gemm(delta, layer.weight.value, into: target, accumulate: adds) }
      }
      var targets: [(delta: Matrix, matrix: Matrix, adds: Bool)] = []
      for (layer, delta) in deltas {
        layer.weight.accumulate { target, adds in targets.append((delta, target, adds)) }
      }
      gemmOfTransposes(targets.map(\.delta), input, into: targets.map { ($0.matrix, $0.adds) })
    }
  }
}

/// δ of the first layer `[n, outputs]`, having added the gradients of everything after its weight.
///
/// - Parameters:
///   - stack: the layers.
///   - activations: the result of each; hidden ones are overwritten.
///   - gradient: the gradient of the last result; overwritten, nobody reads it after this.
private func backwardThrough(_ stack: [AffineLayer], _ activations: [Matrix], _ gradient: Matrix) -> Matrix {
  let last = stack.count - 1
  var delta = gradient
  if case .leakyReLU(let slope) = stack[last].activation {
    parallelRanges(delta.rows, blockSize: rowBlock) { range in
      for row in range {
        kernels.leakyReLUGradient(delta.row(row), activations[last].row(row), delta.row(row), delta.columns, slope)
      }
    }
  }
  stack[last].addBiasGradient(delta.columnSums())
  for index in stride(from: last, to: 0, by: -1) {
    let hidden = activations[index - 1]
    let slope = stack[index - 1].activation.slope
    let sums = hiddenGradient(delta, stack[index].weight, hidden, slope: slope)
    stack[index - 1].addBiasGradient(sums)
    delta = hidden
  }
  return delta
}

/// Rows handled by one block of an element-wise pass.
private let rowBlock = 128
