// A trainable matrix and its gradient.

import Numerics

/// Which side of the alignment a parameter belongs to; balance diagnostics compare the two.
package enum ParameterSide: String, Sendable {
  /// Fed by interactions.
  case collaborative
  /// Fed by text embeddings.
  case language
}

/// A trainable matrix `[rows, columns]` with a gradient of the same shape.
///
/// Zeros and a multiple of the value are part of the gradient without being written: each pass over LightGCN's table is
/// about 2 % of its epoch, and a step of the optimiser reads the value anyway.
package final class Parameter {
  /// Unique name inside a model, such as `embedding` or `language.shared.weight1`; the tensor name in a checkpoint.
  package let name: String
  /// The current value.
  package let value: Matrix
  /// What was added to the gradient, but for the multiple of the value; of unspecified contents while `isZero`.
  private var sum: Matrix
  /// Nothing was added to `sum` yet.
  private var isZero = true
  /// The multiple of the value that is part of the gradient.
  private var multiple: Float = 0
  /// The side of the alignment it belongs to.
  package let side: ParameterSide

  /// A parameter that starts at `value`, which it owns from now on.
  package init(name: String, value: Matrix, side: ParameterSide = .collaborative) {
    self.name = name
    self.value = value
    self.side = side
    sum = Matrix.uninitialized(rows: value.rows, columns: value.columns)
  }

  /// The gradient of the losses since the last step of `Adam`, with every part of it written out.
  ///
  /// Zero at the start and after a step. The matrix is valid until something is added or a step is made.
  package var gradient: Matrix {
    writeZeros()
    if multiple != 0 { sum.add(value, scaled: multiple) }
    multiple = 0
    return sum
  }

  private func writeZeros() {
    if isZero { sum.fill(0) }
    isZero = false
  }

  /// Adds to the gradient; the contract of `Variable.accumulate(_:)`.
  func accumulate(_ body: (_ gradient: Matrix, _ adds: Bool) -> Void) {
    let adds = !isZero
    isZero = false
    body(sum, adds)
  }

  /// Adds `factor` times the value, as it is when the gradient is used, to the gradient.
  func accumulate(multipleOfValue factor: Float) { multiple += factor }

  /// Gives `body` a matrix and a factor, the gradient being matrix + factor · value, and sets the gradient to zero.
  func useGradient(_ body: (_ sum: Matrix, _ multiple: Float) -> Void) {
    writeZeros()
    body(sum, multiple)
    isZero = true
    multiple = 0
  }

  /// Leaves an empty gradient: for a parameter that is trained no more.
  func releaseGradient() { sum = Matrix(rows: 0, columns: 0) }
}

extension Matrix {
  /// Fills rows `range` with Xavier-uniform values: uniform in ±sqrt(6 / (fanIn + fanOut)).
  ///
  /// Source: Glorot and Bengio 2010, eq. 16.
  package func fillXavierUniform(
    rows range: Range<Int>, fanIn: Int, fanOut: Int, stream: inout RandomStream
  ) {
    let bound = Float((6.0 / Double(fanIn + fanOut)).squareRoot())
    fillUniform(rows: range, bound: bound, stream: &stream)
  }

  /// Fills rows `range` with values uniform in ±`bound`.
  package func fillUniform(rows range: Range<Int>, bound: Float, stream: inout RandomStream) {
    for position in range.lowerBound * columns..<range.upperBound * columns {
      pointer[position] = (2 * stream.uniform() - 1) * bound
    }
  }
}
