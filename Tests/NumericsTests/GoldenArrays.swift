// Reads the golden vectors: NumPy arrays of float32, float64 and int32, little-endian, row-major.

import Files
import Numerics
import TestSupport

/// A golden array as Double, whatever its stored type.
struct GoldenArray {
  let shape: [Int]
  let values: [Double]

  /// Reads `golden/NAME.npy`.
  init(_ name: String) throws {
    let file = try NpyFile(fixturePath("golden/\(name).npy"))
    shape = file.shape
    values = file.dataType == .int32 ? try file.ints().map(Double.init) : try file.doubles()
  }

  /// The array as a matrix; a vector is one row.
  var matrix: Matrix {
    Matrix(
      rows: shape.count > 1 ? shape[0] : 1, columns: shape.last ?? 1, values: values.map { Float($0) })
  }

  /// The values as Int32.
  var integers: [Int32] { values.map { Int32($0) } }
}
