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
    parallelRanges(x.rows, blockSize: 256) { range in
      for row in range {
        let source = x.row(row)
        // The length in Double: unit rows are compared by differences of almost equal numbers later on.
        let squared = innerProductInDouble(source, source, x.columns)
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
        for column in 0..<x.columns { target[column] = Float(Double(source[column]) * factor) }
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
    parallelRanges(value.rows, blockSize: 256) { range in
      for row in range {
        let unit = value.row(row)
        let incoming = gradient.row(row)
        let outgoing = target.row(row)
        let along = Float(innerProductInDouble(unit, incoming, columns))
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

/// Σ a[i] b[i] in Double, in four sums that do not wait for one another: a single one is as slow as the latency of its
/// additions, 4 % of an epoch where the rows are as wide as the text; 2.7 % now.
private func innerProductInDouble(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sums = SIMD4<Double>.zero
  var index = 0
  while index + 4 <= count {
    let left = SIMD4(Double(a[index]), Double(a[index + 1]), Double(a[index + 2]), Double(a[index + 3]))
    let right = SIMD4(Double(b[index]), Double(b[index + 1]), Double(b[index + 2]), Double(b[index + 3]))
    sums += left * right
    index += 4
  }
  var total = (sums[0] + sums[1]) + (sums[2] + sums[3])
  while index < count {
    total += Double(a[index]) * Double(b[index])
    index += 1
  }
  return total
}
