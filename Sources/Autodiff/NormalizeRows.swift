// Rows divided by their length.

import Numerics

/// Rows scaled to unit length, with what their gradient needs.
package struct UnitRows {
  /// x / |x|, `[n, d]`; a row whose length is below the floor is divided by the floor instead.
  package let value: Matrix
  /// 1 / length of every row; 0 for rows without length.
  package let inverseLength: [Float]

  /// Normalises the rows of `x`.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - squaredEpsilon: added to the squared length (RLMRec's form, sqrt(1e-8 + |x|²)), or nil for max(|x|, 1e-12).
  package init(_ x: Matrix, squaredEpsilon: Float? = nil) {
    let result = Matrix.uninitialized(rows: x.rows, columns: x.columns)
    var inverse = [Float](repeating: 0, count: x.rows)
    inverse.withUnsafeMutableBufferPointer { Self.normalize(x, squaredEpsilon, into: result.pointer, $0) }
    value = result
    inverseLength = inverse
  }

  /// The unit rows of several matrices, one above the other, `[sum of rows, d]`: the bits of `UnitRows(...).value`, without
  /// a stacked copy in between.
  /// - Precondition: equal widths, at least one matrix.
  package static func stacked(_ parts: [Matrix]) -> Matrix {
    let columns = parts[0].columns
    precondition(parts.allSatisfy { $0.columns == columns }, "widths differ")
    let result = Matrix.uninitialized(rows: parts.reduce(0) { $0 + $1.rows }, columns: columns)
    var start = 0
    for part in parts {
      normalize(part, nil, into: result.row(start), nil)
      start += part.rows
    }
    return result
  }

  /// - Parameter inverseLengths: where 1 / length of every row is wanted, or nil.
  private static func normalize(
    _ x: Matrix, _ squaredEpsilon: Float?, into result: UnsafeMutablePointer<Float>,
    _ inverseLengths: UnsafeMutableBufferPointer<Float>?
  ) {
    let table = kernels
    parallelRanges(x.rows, blockSize: 256) { range in
      for row in range {
        let source = x.row(row)
        // The length in Double: unit rows are compared by differences of almost equal numbers later on.
        let squared = table.dotInDouble(source, source, x.columns)
        let length: Double
        if let squaredEpsilon {
          length = (Double(squaredEpsilon) + squared).squareRoot()
        } else {
          length = max(squared.squareRoot(), 1e-12)
        }
        let factor = 1 / length
        // A row without length has no direction to turn: its gradient is zero, not multiplied by 1e12.
        inverseLengths?[row] = squaredEpsilon == nil && squared.squareRoot() < 1e-12 ? 0 : Float(factor)
        let target = result + row * x.columns
        table.scaleInDouble(factor, source, target, x.columns)
      }
    }
  }

  /// Turns a gradient with respect to the unit rows into one with respect to the original rows:
  /// dx = (g - y (y·g)) / length, added to or written over `target`.
  ///
  /// With `squaredEpsilon` the same formula holds exactly, because y = x / sqrt(ε + |x|²) has the derivative
  /// (I - y yᵀ) / sqrt(ε + |x|²).
  package func backward(_ gradient: Matrix, into target: Matrix, adds: Bool) {
    let columns = value.columns
    let table = kernels
    parallelRanges(value.rows, blockSize: 256) { range in
      for row in range {
        let unit = value.row(row)
        let incoming = gradient.row(row)
        let outgoing = target.row(row)
        let along = Float(table.dotInDouble(unit, incoming, columns))
        let factor = inverseLength[row]
        if adds {
          for column in 0..<columns { outgoing[column] += (incoming[column] - unit[column] * along) * factor }
        } else {
          for column in 0..<columns { outgoing[column] = (incoming[column] - unit[column] * along) * factor }
        }
      }
    }
  }
}
