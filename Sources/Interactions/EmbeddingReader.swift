// Text embeddings from `.npy`, safetensors and pickle files, checked to be finite.

import Files
import Numerics
import Synchronization

/// Reads a matrix of embeddings, one row an entity.
package enum EmbeddingReader {
  /// Most columns accepted.
  package static let dimensionLimit = 16_384

  /// Reads a two-dimensional array of floating-point numbers, `[rows, dimension]`.
  ///
  /// `.npy` files hold f2, f4 or f8, and so does an array in a `.pkl` file, which is never executed; a safetensors file
  /// must hold exactly one two-dimensional tensor of floats, or one named `embeddings`. Values are rounded to Float32.
  /// - Throws: an error that names file, row and column (from 0) of the first NaN or infinite value.
  package static func read(_ path: String) throws -> Matrix {
    let matrix: Matrix
    if path.hasSuffix(".safetensors") {
      matrix = try readSafetensors(path)
    } else if path.hasSuffix(".pkl") {
      matrix = try readPickle(path)
    } else {
      matrix = try readNpy(path)
    }
    try requireFinite(matrix, path: path)
    return matrix
  }

  private static func readNpy(_ path: String) throws -> Matrix {
    let file = try NpyFile(path)
    try requireFloats(file.dataType, path: path)
    try requireShape(file.shape, path: path)
    let matrix = Matrix.uninitialized(rows: file.shape[0], columns: file.shape[1])
    try file.readFloats(into: matrix.elements)
    return matrix
  }

  private static func readPickle(_ path: String) throws -> Matrix {
    let array = try PickleFile.array(path)
    try requireFloats(array.dataType, path: path)
    try requireShape(array.shape, path: path)
    try array.requireMemory(bytesPerElement: MemoryLayout<Float>.size)
    let matrix = Matrix.uninitialized(rows: array.shape[0], columns: array.shape[1])
    try array.readFloats(into: matrix.elements)
    return matrix
  }

  private static func requireFloats(_ dataType: NpyDataType, path: String) throws(DataError) {
    guard dataType.isFloatingPoint else {
      throw .badValue(
        path: path, place: "header", reason: "embeddings are floating-point numbers, not '\(dataType.rawValue)'")
    }
  }

  private static func readSafetensors(_ path: String) throws -> Matrix {
    let file = try SafetensorsFile(path: path)
    let floats: [SafetensorsType] = [.float16, .bfloat16, .float32, .float64]
    let candidates = file.header.tensors.filter { $0.shape.count == 2 && floats.contains($0.type) }
    guard let tensor = candidates.count == 1 ? candidates[0] : candidates.first(where: { $0.name == "embeddings" })
    else {
      let names = candidates.prefix(10).map { "'\($0.name)'" }.joined(separator: ", ")
      throw DataError.badValue(
        path: path, place: "header",
        reason: candidates.isEmpty
          ? "no two-dimensional tensor of floats"
          : "several two-dimensional tensors (\(names)); name the one that is meant 'embeddings'")
    }
    try requireShape(tensor.shape, path: path)
    let matrix = Matrix.uninitialized(rows: tensor.shape[0], columns: tensor.shape[1])
    try file.copyFloats(tensor, to: matrix.elements)
    return matrix
  }

  private static func requireShape(_ shape: [Int], path: String) throws(DataError) {
    guard shape.count == 2 else {
      throw .badValue(
        path: path, place: "header", reason: "has \(shape.count) axes; embeddings have two: rows, dimension")
    }
    guard shape[0] < Int(Int32.max), (1...dimensionLimit).contains(shape[1]) else {
      throw .badValue(
        path: path, place: "header",
        reason: "has the shape \(shape[0]) x \(shape[1]); dimensions from 1 to \(dimensionLimit) are accepted")
    }
  }

  private static func requireFinite(_ matrix: Matrix, path: String) throws(DataError) {
    let first = Atomic<Int>(.max)
    nonisolated(unsafe) let elements = matrix.pointer
    let columns = matrix.columns
    parallelRanges(matrix.rows, blockSize: 1024) { rows in
      let end = rows.upperBound * columns
      var index = rows.lowerBound * columns
      // The smallest position wins, whichever block finds it first.
      while index < end {
        if !elements[index].isFinite {
          first.min(index, ordering: .relaxed)
          return
        }
        index += 1
      }
    }
    let index = first.load(ordering: .relaxed)
    guard index == .max else {
      throw .badValue(
        path: path, place: "row \(index / columns), column \(index % columns) (counted from 0)",
        reason: "\(matrix.pointer[index]) is not a finite number; embed this row again or remove it")
    }
  }
}

/// The L2-normalised mean of the embeddings of each user's training items, `[users, dimension]`.
///
/// For user u with training items N(u): v = mean of t_i over i in N(u), result v / |v|. A user without training items,
/// or whose mean is zero, gets a zero row. Sums run in Double in the order of items, so the result does not depend on
/// threads.
/// - Parameters:
///   - training: training interactions, `[users, items]`.
///   - items: item embeddings, `[items, dimension]`.
package func meanItemEmbeddings(training: CSRMatrix, items: Matrix) -> Matrix {
  precondition(training.columns == items.rows, "one embedding is needed for each item")
  let dimension = items.columns
  let result = Matrix(rows: training.rows, columns: dimension)
  nonisolated(unsafe) let output = result.pointer
  parallelRanges(training.rows, blockSize: 64) { users in
    var sum = [Double](repeating: 0, count: dimension)
    for user in users where training.degree(user) > 0 {
      for index in 0..<dimension { sum[index] = 0 }
      for item in training.row(user) {
        let row = items.pointer + Int(item) * dimension
        for index in 0..<dimension { sum[index] += Double(row[index]) }
      }
      // The mean's factor cancels in the normalisation.
      let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { continue }
      let target = output + user * dimension
      for index in 0..<dimension { target[index] = Float(sum[index] / norm) }
    }
  }
  return result
}
