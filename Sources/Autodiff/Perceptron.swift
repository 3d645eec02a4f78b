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
    Self.project([self], x, on: tape)[0]
  }

  /// The projection of chosen rows of a matrix that is not trained, `[rows.count, out]`.
  ///
  /// Same bits as the projection of a copy of the rows.
  /// - Parameters:
  ///   - rows: row numbers of `x`; they may repeat.
  ///   - x: `[*, in]`.
  ///   - tape: where the operations are recorded.
  package func project(rows: [Int32], of x: Matrix, on tape: Tape) -> Variable {
    Self.project([self], rows: rows, of: x, on: tape)[0]
  }

  /// The projections of x `[n, in]` by several perceptrons, which read it together.
  package static func project(_ perceptrons: [Perceptron], _ x: Variable, on tape: Tape) -> [Variable] {
    tape.perceptrons(perceptrons.map { $0.layers { tape.variable($0) } }, of: x)
  }

  /// The projections of chosen rows by several perceptrons, which read them together; as `project(rows:of:on:)`.
  package static func project(
    _ perceptrons: [Perceptron], rows: [Int32], of x: Matrix, on tape: Tape
  ) -> [Variable] {
    tape.perceptrons(perceptrons.map { $0.layers { tape.variable($0) } }, rows: rows, of: x)
  }

  /// The projection without recording, `[n, out]`.
  ///
  /// Computed in even parts of at most 4,096 rows: the hidden layer of a wide text is half as large as the text itself.
  package func project(_ x: Matrix) -> Matrix {
    let parts = max(1, (x.rows + Self.inferenceRows - 1) / Self.inferenceRows)
    let result = Matrix.uninitialized(rows: x.rows, columns: parameters[parameters.count - 2].value.rows)
    for part in 0..<parts {
      let range = part * x.rows / parts..<(part + 1) * x.rows / parts
      let tape = Tape()
      let stack = layers { tape.constant($0.value) }
      let projected =
        parts == 1
        ? tape.perceptrons([stack], of: tape.constant(x))[0]
        : tape.perceptrons([stack], rows: range.map { Int32($0) }, of: x)[0]
      result.row(range.lowerBound).update(from: projected.value.pointer, count: projected.value.count)
    }
    return result
  }

  /// Most rows of one part of a projection without recording.
  private static let inferenceRows = 4096

  private func layers(_ variable: (Parameter) -> Variable) -> [AffineLayer] {
    let count = parameters.count / 2
    return (0..<count).map { layer in
      AffineLayer(
        weight: variable(parameters[2 * layer]), bias: variable(parameters[2 * layer + 1]),
        activation: activatesLast || layer < count - 1 ? .leakyReLU(slope: slope) : .identity)
    }
  }
}
