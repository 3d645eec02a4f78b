// Vectors as softmax mixtures of prototypes: DCCF's intents.

import Numerics

/// Consecutive rows of a variable and the prototypes they are mixed from.
package struct SoftAssignmentPart {
  /// The rows.
  package let rows: Range<Int>
  /// C, one prototype a column, `[d, k]`.
  package let prototypes: Variable

  /// Rows with their prototypes.
  package init(rows: Range<Int>, prototypes: Variable) {
    self.rows = rows
    self.prototypes = prototypes
  }
}

extension Tape {
  /// softmax(x C) Cᵀ row by row, `[n, d]`, with prototypes C of each part of the rows.
  ///
  /// Gradient: with P = softmax(x C) and Z = P ⊙ (g C - rowsum(P ⊙ g C)), dx = Z Cᵀ and dC = gᵀ P + xᵀ Z.
  /// Source: Ren et al. 2023, DCCF.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - parts: disjoint ranges that cover all rows.
  package func softAssignment(_ x: Variable, parts: [SoftAssignmentPart]) -> Variable {
    let width = x.value.columns
    let value = Matrix.uninitialized(rows: x.value.rows, columns: width)
    let assignments = parts.map { part in
      let count = part.prototypes.value.columns
      let assignment = Matrix.uninitialized(rows: part.rows.count, columns: count)
      let start = part.rows.lowerBound
      gemm(
        m: part.rows.count, n: count, k: width, a: x.value.row(start), lda: width, b: part.prototypes.value.pointer,
        ldb: count, c: assignment.pointer, ldc: count)
      parallelRanges(part.rows.count, blockSize: 256) { range in
        for row in range { _ = kernels.softmax(assignment.row(row), assignment.row(row), count) }
      }
      gemm(
        m: part.rows.count, n: width, k: count, a: assignment.pointer, lda: count, b: part.prototypes.value.pointer,
        ldb: count, transposeB: true, c: value.row(start), ldc: width)
      return assignment
    }
    return record(value: value, inputs: [x] + parts.map(\.prototypes)) { gradient in
      for (part, assignment) in zip(parts, assignments) {
        let count = assignment.columns
        let start = part.rows.lowerBound
        let prototypes = part.prototypes
        let logits = Matrix.uninitialized(rows: part.rows.count, columns: count)
        gemm(
          m: part.rows.count, n: count, k: width, a: gradient.row(start), lda: width, b: prototypes.value.pointer,
          ldb: count, c: logits.pointer, ldc: count)
        parallelRanges(part.rows.count, blockSize: 256) { range in
          for row in range {
            let values = logits.row(row)
            let shares = assignment.row(row)
            let mean = kernels.dot(shares, values, count)
            for column in 0..<count { values[column] = shares[column] * (values[column] - mean) }
          }
        }
        prototypes.accumulate { target, adds in
          gemm(
            m: width, n: count, k: part.rows.count, a: gradient.row(start), lda: width, transposeA: true,
            b: assignment.pointer, ldb: count, c: target.pointer, ldc: count, accumulate: adds)
          gemm(
            m: width, n: count, k: part.rows.count, a: x.value.row(start), lda: width, transposeA: true,
            b: logits.pointer, ldb: count, c: target.pointer, ldc: count, accumulate: true)
        }
        x.accumulateSparsely { target in
          gemm(
            m: part.rows.count, n: width, k: count, a: logits.pointer, lda: count, b: prototypes.value.pointer,
            ldb: count, transposeB: true, c: target.row(start), ldc: width, accumulate: true)
        }
      }
    }
  }
}
