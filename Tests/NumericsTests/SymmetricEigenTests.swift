// Eigenvalues and eigenvectors against their definition and known spectra.

import Numerics
import Testing

struct SymmetricEigenTests {
  @Test(arguments: [0, 1, 2, 3, 10, 64, 100]) func decompositionMultipliesBack(_ size: Int) throws {
    let matrix = CholeskyTests.definite(size, rows: max(1, size / 2), ridge: -0.05)
    let eigen = try SymmetricEigen(matrix, size: size)
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 >= $1 })
    let scale = eigen.values.map(abs).max() ?? 1
    var worst = 0.0
    var skew = 0.0
    for i in 0..<size {
      for j in 0..<size {
        var element = 0.0
        var inner = 0.0
        for k in 0..<size {
          element += eigen.vectors[k * size + i] * eigen.values[k] * eigen.vectors[k * size + j]
          inner += eigen.vectors[i * size + k] * eigen.vectors[j * size + k]
        }
        worst = max(worst, abs(element - matrix[i * size + j]))
        skew = max(skew, abs(inner - (i == j ? 1 : 0)))
      }
    }
    #expect(worst <= 1e-13 * scale * Double(size))
    #expect(skew <= 1e-14 * Double(size))
  }

  @Test func knownSpectrumIsFound() throws {
    // The second difference matrix has the eigenvalues 2 - 2 cos(π k / (n + 1)).
    let size = 12
    var matrix = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      matrix[i * size + i] = 2
      if i > 0 { matrix[i * size + i - 1] = -1 }
    }
    let eigen = try SymmetricEigen(matrix, size: size)
    // 2 - 2 cos is largest for k = n; the smallest for n = 12 is 2 - 2 cos(π / 13).
    #expect(abs(eigen.values[0] - 3.941_883_634_852_1) < 1e-9)
    #expect(abs(eigen.values[11] - 0.058_116_365_147_9) < 1e-9)
  }

  @Test(arguments: [[2.0, 2, 2], [0, 0, 0], [-1, 5, -1]]) func repeatedEigenvaluesAreFound(_ diagonal: [Double]) throws
  {
    var matrix = [Double](repeating: 0, count: 9)
    for i in 0..<3 { matrix[i * 4] = diagonal[i] }
    #expect(try SymmetricEigen(matrix, size: 3).values == diagonal.sorted(by: >))
  }

  @Test(arguments: [Double.nan, .infinity]) func undefinedElementsAreRefused(_ value: Double) {
    #expect(throws: LinearAlgebraError.noConvergence(size: 2)) { try SymmetricEigen([1, 0, value, 1], size: 2) }
  }
}
