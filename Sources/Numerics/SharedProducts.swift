// Several matrix products with one operand in common, which is packed once for all of them.

/// The rows of a matrix that a product reads: all of them, or chosen ones, gathered while they are packed.
package struct RowSelection {
  /// The matrix, `[*, columns]`.
  package let matrix: Matrix
  /// Numbers of the chosen rows, which may repeat; nil for all in order.
  package let numbers: [Int32]?

  /// All rows of a matrix.
  package init(_ matrix: Matrix) {
    self.matrix = matrix
    numbers = nil
  }

  /// Chosen rows of a matrix.
  /// - Precondition: the rows exist.
  package init(_ numbers: [Int32], of matrix: Matrix) {
    precondition(numbers.allSatisfy { $0 >= 0 && Int($0) < matrix.rows }, "a chosen row is out of range")
    self.matrix = matrix
    self.numbers = numbers
  }

  /// How many rows are read.
  package var rows: Int { numbers?.count ?? matrix.rows }

  /// The selection as an operand without transposition, while its row numbers stay where they are.
  fileprivate func withOperand<Result>(_ body: (Operand) -> Result) -> Result {
    guard let numbers else {
      return body(Operand(pointer: matrix.pointer, stride: matrix.columns, transposed: false))
    }
    return numbers.withUnsafeBufferPointer {
      body(Operand(pointer: matrix.pointer, stride: matrix.columns, transposed: false, rowNumbers: $0.baseAddress))
    }
  }
}

/// C_j = X B_jᵀ for several B_j, parallel: each block of rows of X is gathered and packed once.
///
/// Contract as `gemm`; each result has the bits of its own product with a copy of the rows.
/// - Parameters:
///   - x: X, `[m, k]`.
///   - matrices: B_j, `[n_j, k]`.
///   - results: C_j, `[m, n_j]`; other matrices than the operands and than each other.
///   - finish: called with j for every finished block of C_j, on the thread that made it; not for an empty product.
/// - Precondition: the shapes fit.
package func gemmWithTransposes(
  _ x: RowSelection, _ matrices: [Matrix], into results: [Matrix],
  finish: @escaping (Int, UnsafeMutablePointer<Float>, Int, Int, Int) -> Void
) {
  requireOwnResults(results, count: matrices.count)
  for (b, c) in zip(matrices, results) {
    precondition(b.columns == x.matrix.columns, "inner sizes of the product differ")
    precondition(c.rows == x.rows && c.columns == b.rows, "the result has another shape than the product")
  }
  x.withOperand { left in
    multiplyTogether(
      [(left, x.rows)],
      matrices.map { (Operand(pointer: $0.pointer, stride: $0.columns, transposed: true), $0.rows) }, x.matrix.columns,
      results.enumerated().map { index, result in
        ProductResult(pointer: result.pointer, stride: result.columns, accumulate: false) {
          finish(index, $0, $1, $2, $3)
        }
      })
  }
}

/// C_i (+)= A_iᵀ X for several A_i, parallel: X is gathered and packed once.
///
/// Contract as `gemm`; each result has the bits of its own product with a copy of the rows.
/// - Parameters:
///   - matrices: A_i, `[k, m_i]`.
///   - x: X, `[k, n]`.
///   - results: C_i, `[m_i, n]`, and whether to add to it instead of replacing it; other matrices than the
///     operands and than each other.
/// - Precondition: the shapes fit.
package func gemmOfTransposes(
  _ matrices: [Matrix], _ x: RowSelection, into results: [(matrix: Matrix, adds: Bool)]
) {
  requireOwnResults(results.map(\.matrix), count: matrices.count)
  for (a, c) in zip(matrices, results) {
    precondition(a.rows == x.rows, "inner sizes of the product differ")
    precondition(
      c.matrix.rows == a.columns && c.matrix.columns == x.matrix.columns,
      "the result has another shape than the product")
  }
  x.withOperand { right in
    multiplyTogether(
      matrices.map { (Operand(pointer: $0.pointer, stride: $0.columns, transposed: true), $0.columns) },
      [(right, x.matrix.columns)], x.rows,
      results.map {
        ProductResult(pointer: $0.matrix.pointer, stride: $0.matrix.columns, accumulate: $0.adds, finish: nil)
      })
  }
}

/// Results are written at the same time.
private func requireOwnResults(_ results: [Matrix], count: Int) {
  precondition(results.count == count, "one result for each product")
  for (index, result) in results.enumerated() {
    precondition(!results[..<index].contains { $0 === result }, "two products have the same result")
  }
}

/// All left operands times all right ones, parallel; those of them that are better cut along k on their own.
///
/// - Precondition: one left operand or one right operand.
private func multiplyTogether(
  _ lefts: [(operand: Operand, rows: Int)], _ rights: [(operand: Operand, columns: Int)], _ k: Int,
  _ results: [ProductResult]
) {
  var together: [Int] = []
  for (index, result) in results.enumerated() {
    let left = lefts[index / rights.count]
    let right = rights[index % rights.count]
    guard GemmBlocking.isSliced(left.rows, right.columns, k) else {
      together.append(index)
      continue
    }
    multiply(
      left.rows, right.columns, k, left.operand, right.operand, result.pointer, result.stride, result.accumulate, 1,
      result.finish, parallelFor)
  }
  let isOneLeft = lefts.count == 1
  multiplyBlocked(
    isOneLeft ? lefts : together.map { lefts[$0] }, isOneLeft ? together.map { rights[$0] } : rights, k,
    together.map { results[$0] }, 1, parallelFor)
}
