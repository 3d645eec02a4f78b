// Matrices in and out of safetensors files.

import Files
import Numerics

extension SafetensorsFile {
  /// A rank-2 tensor of floats as a matrix; F16, BF16 and F64 are converted.
  /// - Parameters:
  ///   - rows: the number of rows it must have; nil accepts any.
  ///   - columns: the number of columns it must have; nil accepts any.
  /// - Throws: `SafetensorsError`, before memory is taken when type or shape are not as asked.
  package func matrix(_ name: String, rows: Int? = nil, columns: Int? = nil) throws(SafetensorsError) -> Matrix {
    let tensor = try requiredTensor(name)
    guard tensor.shape.count == 2, rows ?? tensor.shape[0] == tensor.shape[0],
      columns ?? tensor.shape[1] == tensor.shape[1]
    else {
      let expected = [rows.map(String.init) ?? "n", columns.map(String.init) ?? "d"].joined(separator: ", ")
      throw unexpected(tensor, "a matrix [\(expected)]")
    }
    switch tensor.type {
    case .float16, .bfloat16, .float32, .float64: break
    default: throw unexpected(tensor, "a matrix of F32, F16, BF16 or F64")
    }
    if let (pointer, owner) = try mappedFloats(tensor) {
      return Matrix(rows: tensor.shape[0], columns: tensor.shape[1], over: pointer, owner: owner)
    }
    let matrix = Matrix.uninitialized(rows: tensor.shape[0], columns: tensor.shape[1])
    try copyFloats(tensor, to: matrix.elements)
    return matrix
  }
}

extension SafetensorsWriter {
  /// Adds a matrix as F32 without copying it; it must not be changed until the file is written.
  package mutating func add(_ name: String, matrix: Matrix) {
    add(
      name, type: .float32, shape: [matrix.rows, matrix.columns], owner: matrix,
      bytes: UnsafeRawBufferPointer(matrix.elements))
  }

  /// Adds a matrix rounded to F16.
  package mutating func add(_ name: String, halves matrix: Matrix) {
    add(name, halves: UnsafeBufferPointer(matrix.elements), shape: [matrix.rows, matrix.columns])
  }

  /// Adds a table of strings as `NAME.utf8`, `NAME.offsets` and `NAME.order`.
  package mutating func add(_ name: String, table: StringTable) {
    add(name + ".utf8", bytes: table.bytes.array)
    add(name + ".offsets", integers: table.offsets.array)
    add(name + ".order", int32s: table.order.array)
  }
}
