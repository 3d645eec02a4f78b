// Factorisation, solutions and inverses against Double references and their own residuals.

import Numerics
import TestSupport
import Testing

@Suite(.serialized) struct CholeskyTests {
  /// Yᵀ Y / rows + ridge I of pseudo-random Y `[rows, size]`, in Double.
  static func definite(_ size: Int, rows: Int, ridge: Double, salt: Int = 1) -> [Double] {
    let y = Distribution.uniform.values(rows * size, salt: salt).map(Double.init)
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<rows {
      for i in 0..<size {
        let left = y[row * size + i] / Double(rows)
        for j in 0..<size { matrix[i * size + j] += left * y[row * size + j] }
      }
    }
    for i in 0..<size { matrix[i * size + i] += ridge }
    return matrix
  }

  private func float(_ matrix: [Double], _ size: Int) -> Matrix {
    Matrix(rows: size, columns: size, values: matrix.map { Float($0) })
  }

  @Test(arguments: [1, 2, 3, 17, 64, 65, 130, 384, 385, 500]) func inverseTimesMatrixIsIdentity(_ size: Int) throws {
    let matrix = Self.definite(size, rows: 40, ridge: 0.5)
    let inverse = try Cholesky(overwriting: float(matrix, size)).inverse()
    let found = product(float(matrix, size), inverse)
    var worst = 0.0
    var asymmetric = 0
    for i in 0..<size {
      for j in 0..<size {
        worst = max(worst, abs(Double(found[i, j]) - (i == j ? 1 : 0)))
        if inverse[i, j] != inverse[j, i] { asymmetric += 1 }
      }
    }
    #expect(worst < 2e-5)
    #expect(asymmetric == 0)
  }

  @Test(arguments: [1, 5, 64, 200]) func inverseAgreesWithDouble(_ size: Int) throws {
    let matrix = Self.definite(size, rows: 2 * size, ridge: 0.1)
    let exact = try DoubleCholesky(matrix, size: size).inverse()
    let found = try Cholesky(overwriting: float(matrix, size)).inverse()
    #expect(relativeError(found.elements, exact) < 1e-4)
  }

  @Test(arguments: [1, 63, 64, 129, 400]) func solutionsHaveSmallResiduals(_ size: Int) throws {
    let matrix = Self.definite(size, rows: 40, ridge: 0.5)
    let right = Matrix(rows: size, columns: 7, values: Distribution.uniform.values(size * 7, salt: 2))
    let solution = right.copy()
    try Cholesky(overwriting: float(matrix, size)).solve(inPlace: solution)
    let back = product(float(matrix, size), solution)
    #expect(zip(back.elements, right.elements).allSatisfy { abs($0 - $1) < 2e-5 })
  }

  @Test func factorIsLowerTriangularAndMultipliesBack() throws {
    let size = 410
    let matrix = Self.definite(size, rows: 100, ridge: 0.2)
    let factor = try Cholesky(overwriting: float(matrix, size)).factor
    for row in 0..<size { #expect((row + 1..<max(row + 1, size)).allSatisfy { factor[row, $0] == 0 }) }
    let back = product(factor, factor, transposeB: true)
    #expect(relativeError(back.elements, matrix) < 1e-5)
  }

  @Test(arguments: [(5, 3), (400, 390), (64, 0), (700, 384)])
  func indefiniteMatricesAreRefusedWithTheirPivot(_ size: Int, _ pivot: Int) throws {
    var matrix = [Double](repeating: 0, count: size * size)
    for i in 0..<size { matrix[i * size + i] = i == pivot ? -1 : 2 }
    #expect(throws: LinearAlgebraError.notPositiveDefinite(pivot: pivot, size: size)) {
      try Cholesky(overwriting: float(matrix, size))
    }
    #expect(throws: LinearAlgebraError.notPositiveDefinite(pivot: pivot, size: size)) {
      try DoubleCholesky(matrix, size: size)
    }
  }

  @Test(arguments: [Float.nan, .infinity]) func undefinedElementsAreRefused(_ value: Float) {
    let matrix = Matrix(rows: 3, columns: 3, values: [1, 0, 0, 0, value, 0, 0, 0, 1])
    #expect(throws: LinearAlgebraError.notPositiveDefinite(pivot: 1, size: 3)) {
      try Cholesky(overwriting: matrix)
    }
  }

  @Test func singularMatricesAreRefused() {
    let matrix = Matrix(rows: 2, columns: 2, values: [1, 1, 1, 1])
    #expect(throws: LinearAlgebraError.self) { try Cholesky(overwriting: matrix) }
  }

  @Test func anEmptySystemIsSolved() throws {
    let inverse = try Cholesky(overwriting: Matrix(rows: 0, columns: 0)).inverse()
    #expect(inverse.count == 0)
  }

  @Test func bitsDoNotDependOnTheThreadCount() throws {
    let size = 900
    let matrix = Self.definite(size, rows: 30, ridge: 1)
    var results: [[Float]] = []
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    for threads in [1, 2, 5] {
      Parallelism.threadCount = threads
      results.append(try Cholesky(overwriting: float(matrix, size)).inverse().values)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
