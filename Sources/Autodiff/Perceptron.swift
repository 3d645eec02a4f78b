// The projector: one to three affine layers with LeakyReLU between them.

import Numerics

/// A multi-layer perceptron; DaRec's and RLMRec's projectors.
///
/// Two layers: Linear(in, ⌊(in + out) / 2⌋) → LeakyReLU(0.01) → Linear(., out). Weights are Xavier-uniform, biases
/// uniform in ±1/√(fan in). Source: RLMRec's projector.
package final class Perceptron {
  /// Slope of LeakyReLU for negative inputs.
  package static let slope: Float = 0.01

  /// Weights `[out, in]` and biases `[1, out]`, layer by layer: weight1, bias1, weight2, bias2, ...
  package let parameters: [Parameter]
  private let slope: Float
  private let activatesLast: Bool

  /// Creates a projector.
  /// - Parameters:
  ///   - name: prefix of the parameters' names.
  ///   - input: input width.
  ///   - output: output width.
  ///   - layers: 1 (a linear map), 2 or 3.
  ///   - side: the side the parameters belong to.
  ///   - stream: where the initial values are drawn from.
  package convenience init(
    name: String, input: Int, output: Int, layers: Int, side: ParameterSide, stream: inout RandomStream
  ) {
    let hidden = (input + output) / 2
    self.init(
      name: name, widths: [input] + [Int](repeating: hidden, count: layers - 1) + [output], side: side, stream: &stream)
  }

  /// Creates a perceptron with the given widths.
  /// - Parameters:
  ///   - name: prefix of the parameters' names.
  ///   - widths: input width, hidden widths, output width.
  ///   - slope: slope of the activation for negative values; 0 is ReLU.
  ///   - activatesLast: apply the activation after the last layer too.
  ///   - side: the side the parameters belong to.
  ///   - stream: where the initial values are drawn from.
  package init(
    name: String, widths: [Int], slope: Float = Perceptron.slope, activatesLast: Bool = false, side: ParameterSide,
    stream: inout RandomStream
  ) {
    self.slope = slope
    self.activatesLast = activatesLast
    var parameters: [Parameter] = []
    for layer in 0..<widths.count - 1 {
      let fanIn = widths[layer]
      let fanOut = widths[layer + 1]
      let weight = Matrix.uninitialized(rows: fanOut, columns: fanIn)
      weight.fillXavierUniform(rows: 0..<fanOut, fanIn: fanIn, fanOut: fanOut, stream: &stream)
      let bias = Matrix.uninitialized(rows: 1, columns: fanOut)
      bias.fillUniform(rows: 0..<1, bound: Float(1 / Double(fanIn).squareRoot()), stream: &stream)
      parameters.append(Parameter(name: "\(name).weight\(layer + 1)", value: weight, side: side))
      parameters.append(Parameter(name: "\(name).bias\(layer + 1)", value: bias, side: side))
    }
    self.parameters = parameters
  }

  /// A projector with the given parameters (weight1, bias1, ...).
  package init(parameters: [Parameter]) {
    self.parameters = parameters
    slope = Self.slope
    activatesLast = false
  }

  /// The projection of x `[n, in]` on the tape, `[n, out]`.
  package func project(_ x: Variable, on tape: Tape) -> Variable {
    project(x, on: tape) { tape.variable($0) }
  }

  /// The projection without recording, `[n, out]`.
  package func project(_ x: Matrix) -> Matrix {
    let tape = Tape()
    return project(tape.constant(x), on: tape) { tape.constant($0.value) }.value
  }

  private func project(_ x: Variable, on tape: Tape, _ variable: (Parameter) -> Variable) -> Variable {
    var current = x
    let layers = parameters.count / 2
    for layer in 0..<layers {
      let isActivated = activatesLast || layer < layers - 1
      current = tape.linear(
        current, weight: variable(parameters[2 * layer]), bias: variable(parameters[2 * layer + 1]),
        activation: isActivated ? .leakyReLU(slope: slope) : .identity)
    }
    return current
  }
}
