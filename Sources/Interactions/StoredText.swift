// Text embeddings in the precision in which a data set keeps them.

import Numerics

/// Embeddings as they were read, or in half precision.
enum StoredText: Sendable {
  case full(Matrix)
  case half(HalfMatrix)

  /// As Float32, `[rows, columns]`; made anew at every call where they are kept in half precision.
  var matrix: Matrix {
    switch self {
    case .full(let matrix): matrix
    case .half(let matrix): matrix.matrix
    }
  }

  /// In half precision, where they are kept so.
  var half: HalfMatrix? {
    guard case .half(let matrix) = self else { return nil }
    return matrix
  }

  var rows: Int {
    switch self {
    case .full(let matrix): matrix.rows
    case .half(let matrix): matrix.rows
    }
  }

  var columns: Int {
    switch self {
    case .full(let matrix): matrix.columns
    case .half(let matrix): matrix.columns
    }
  }

  /// In half precision; embeddings beyond what it holds stay as they are.
  var compact: StoredText {
    guard case .full(let matrix) = self, HalfMatrix.fits(matrix) else { return self }
    return .half(HalfMatrix(matrix))
  }

  /// Rows in another order; zeros where there is none.
  /// - Parameter order: for each row of the result, its number here or nil.
  func rows(_ order: [Int?]) -> StoredText {
    if order.count == rows, order.indices.allSatisfy({ order[$0] == $0 }) { return self }
    switch self {
    case .half(let matrix): return .half(HalfMatrix(rows: order, of: matrix))
    case .full(let matrix):
      let result = Matrix(rows: order.count, columns: matrix.columns)
      for (row, source) in order.enumerated() {
        guard let source else { continue }
        result.row(row).update(from: matrix.row(source), count: matrix.columns)
      }
      return .full(result)
    }
  }
}
