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
package final class Parameter {
  /// Unique name inside a model, such as `embedding` or `language.shared.weight1`; the tensor name in a checkpoint.
  package let name: String
  /// The current value.
  package let value: Matrix
  /// The gradient of the current step's loss; zero at the start, zeroed before each step by `Adam.zeroGradients()`.
  package private(set) var gradient: Matrix
  /// The side of the alignment it belongs to.
  package let side: ParameterSide

  /// A parameter that starts at `value`, which it owns from now on.
  package init(name: String, value: Matrix, side: ParameterSide = .collaborative) {
    self.name = name
    self.value = value
    self.side = side
    gradient = Matrix(rows: value.rows, columns: value.columns)
  }

  /// Leaves an empty gradient: for a parameter that is trained no more.
  func releaseGradient() { gradient = Matrix(rows: 0, columns: 0) }
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
