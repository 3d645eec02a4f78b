// Principal components against a Jacobi decomposition of the whole covariance in Double.

import Numerics
import TestSupport
import Testing

@Suite struct PrincipalComponentsTests {
  /// Rows with a known spread along the columns, mixed by random rotations of pairs of columns.
  private func example(rows: Int, columns: Int, seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, purpose: .test)
    let matrix = Matrix(rows: rows, columns: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        matrix[row, column] = Float(stream.normal() * (4 / Double(column + 1)) + Double(column) * 3)
      }
      for column in 1..<max(1, columns) {
        let (left, right) = (matrix[row, column - 1], matrix[row, column])
        matrix[row, column - 1] = 0.8 * left - 0.6 * right
        matrix[row, column] = 0.6 * left + 0.8 * right
      }
    }
    return matrix
  }

  private func covariance(_ x: Matrix) -> [[Double]] {
    let mean = (0..<x.columns).map { column in
      (0..<x.rows).reduce(0.0) { $0 + Double(x[$1, column]) } / Double(x.rows)
    }
    return (0..<x.columns).map { first in
      (0..<x.columns).map { second in
        (0..<x.rows).reduce(0.0) {
          $0 + (Double(x[$1, first]) - mean[first]) * (Double(x[$1, second]) - mean[second])
        } / Double(x.rows - 1)
      }
    }
  }

  /// Eigenvalues by the power method with deflation, in Double: another way than the code under test.
  private func eigenpairs(_ matrix: [[Double]], count: Int) -> [(value: Double, vector: [Double])] {
    var a = matrix
    let n = a.count
    return (0..<count).map { index in
      var v = (0..<n).map { 1.0 + Double(($0 * 7 + index) % 5) }
      var value = 0.0
      for _ in 0..<20_000 {
        var next = (0..<n).map { row in zip(a[row], v).reduce(0.0) { $0 + $1.0 * $1.1 } }
        value = next.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
        for position in 0..<n { next[position] /= max(value, 1e-300) }
        v = next
      }
      for row in 0..<n { for column in 0..<n { a[row][column] -= value * v[row] * v[column] } }
      return (value, v)
    }
  }

  @Test(arguments: [(40, 3, 2), (60, 7, 3), (15, 20, 4), (200, 12, 5), (600, 33, 2)])
  func matchTheEigenvectorsOfTheCovariance(rows: Int, columns: Int, count: Int) {
    let x = example(rows: rows, columns: columns, seed: UInt64(rows + columns))
    let found = PrincipalComponents(of: x, count: count)
    let matrix = covariance(x)
    let truth = eigenpairs(matrix, count: count)
    #expect(found.variances.count == count && found.directions.rows == count)
    #expect(relativeError(found.totalVariance, (0..<columns).reduce(0.0) { $0 + matrix[$1][$1] }) < 1e-5)
    for (index, pair) in truth.enumerated() {
      #expect(relativeError(found.variances[index], pair.value) < 1e-4)
      let cosine = (0..<columns).reduce(0.0) { $0 + Double(found.directions[index, $1]) * pair.vector[$1] }
      #expect(cosine.magnitude > 1 - 1e-4, "direction \(index)")
    }
    let projected = found.project(x)
    for index in 0..<count {
      let squares = (0..<rows).reduce(0.0) { $0 + Double(projected[$1, index]) * Double(projected[$1, index]) }
      #expect(relativeError(squares / Double(rows - 1), found.variances[index]) < 1e-3)
    }
  }

  @Test func signsAreFixedByTheLargestElement() {
    let x = example(rows: 80, columns: 6, seed: 5)
    let mirrored = x.copy()
    mirrored.scale(by: -1)
    for components in [PrincipalComponents(of: x, count: 3), PrincipalComponents(of: mirrored, count: 3)] {
      for row in 0..<3 {
        let largest = (0..<6).map { components.directions[row, $0] }.max { $0.magnitude < $1.magnitude }
        #expect((largest ?? 0) > 0)
      }
    }
  }

  @Test func degenerateRowsGiveFiniteComponents() {
    let constant = Matrix(rows: 9, columns: 4)
    constant.fill(3)
    let line = Matrix(rows: 9, columns: 4)
    for row in 0..<9 { line[row, 1] = Float(row) }
    for x in [constant, line, Matrix(rows: 1, columns: 4), Matrix(rows: 0, columns: 4), Matrix(rows: 3, columns: 0)] {
      let components = PrincipalComponents(of: x, count: 2)
      #expect(components.variances.allSatisfy { $0.isFinite && $0 >= 0 })
      #expect(components.directions.values.allSatisfy { $0.isFinite })
      #expect(components.project(x).values.allSatisfy { $0.isFinite })
    }
    let found = PrincipalComponents(of: line, count: 2)
    #expect(relativeError(found.variances[0], 7.5) < 1e-5 && found.variances[1] < 1e-6)
    #expect(found.directions[0, 1] > 0.999)
  }
}
