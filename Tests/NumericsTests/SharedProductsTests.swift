// Products that share an operand have the bits of products on their own; so have gathered rows.

import Numerics
import Testing

@Suite(.serialized) struct SharedProductsTests {
  private func filled(_ rows: Int, _ columns: Int, _ salt: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: Distribution.uniform.values(rows * columns, salt: salt))
  }

  /// Gathering while packing and packing once are ways to save copies, nothing else.
  @Test(arguments: GemmTests.shapes, [1, 3]) func everyResultHasTheBitsOfItsOwnProduct(
    _ shape: GemmTests.Shape, _ threads: Int
  ) {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    let left = filled(shape.m + 3, shape.k, 1)
    let leftRows = (0..<shape.m).map { Int32(($0 * 7 + 2) % (shape.m + 3)) }
    // Other widths beside the shape's own: one column, none, and more than one panel with a rest.
    for widths in [[shape.n], [shape.n, 1, 0, 37], [40, shape.n]] {
      let matrices = widths.enumerated().map { filled($1, shape.k, 2 + $0) }
      let results = widths.map { Matrix(rows: shape.m, columns: $0) }
      let copy = left.gatherRows(leftRows)
      gemmWithTransposes(RowSelection(leftRows, of: left), matrices, into: results) {
        index, block, rows, first, columns in
        for row in 0..<rows {
          for column in 0..<columns { block[row * widths[index] + column] += Float(100 * index + first + column) }
        }
      }
      for (index, (matrix, result)) in zip(matrices, results).enumerated() {
        let plain = product(copy, matrix, transposeB: true)
        if shape.k > 0 {
          for row in 0..<shape.m {
            for column in 0..<widths[index] { plain[row, column] += Float(100 * index + column) }
          }
        }
        #expect(result.values.elementsEqual(plain.values))
      }
    }

    let right = filled(shape.k + 5, shape.n, 3)
    let rightRows = (0..<shape.k).map { Int32(($0 * 5 + 1) % (shape.k + 5)) }
    for heights in [[shape.m], [1, shape.m, 0], [shape.m, 301]] {
      let matrices = heights.enumerated().map { filled(shape.k, $1, 4 + $0) }
      let results = heights.enumerated().map { (matrix: filled($1, shape.n, 9), adds: $0 != 1) }
      let copies = results.map { $0.matrix.copy() }
      gemmOfTransposes(matrices, RowSelection(rightRows, of: right), into: results)
      for index in heights.indices {
        gemm(
          matrices[index], transposeA: true, right.gatherRows(rightRows), into: copies[index],
          accumulate: results[index].adds)
        #expect(results[index].matrix.values.elementsEqual(copies[index].values))
      }
    }
  }

  /// Several chunks of k for several operands on the left, and one so narrow that it is cut along k on its own.
  @Test func aLongInnerLengthIsCutForAllOperands() {
    let x = filled(5000, 150, 1)
    let matrices = [filled(5000, 130, 2), filled(5000, 7, 6), filled(5000, 120, 3)]
    let results = [
      (matrix: filled(130, 150, 4), adds: true), (matrix: filled(7, 150, 7), adds: true),
      (matrix: filled(120, 150, 5), adds: false),
    ]
    let copies = results.map { $0.matrix.copy() }
    gemmOfTransposes(matrices, RowSelection(x), into: results)
    for index in matrices.indices {
      gemm(matrices[index], transposeA: true, x, into: copies[index], accumulate: results[index].adds)
      #expect(results[index].matrix.values.elementsEqual(copies[index].values))
    }
  }

  /// So many operands that only a part of the columns of each is packed at a time.
  @Test func manyOperandsShareTheRoomForPackedColumns() {
    let x = filled(30, 500, 1)
    let matrices = (0..<130).map { filled(100, 500, 2 + $0) }
    let results = matrices.map { _ in Matrix(rows: 30, columns: 100) }
    gemmWithTransposes(RowSelection(x), matrices, into: results) { _, _, _, _, _ in }
    for (matrix, result) in zip(matrices, results) {
      #expect(result.values.elementsEqual(product(x, matrix, transposeB: true).values))
    }
  }
}
