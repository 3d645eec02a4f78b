// Matrix arithmetic against plain loops.

import Numerics
import Testing

@Suite struct MatrixArithmeticTests {
  private let shapes = [(0, 3), (1, 1), (3, 0), (5, 7), (300, 130), (1000, 64)]

  private func filled(_ rows: Int, _ columns: Int, _ salt: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: Distribution.logNormal.values(rows * columns, salt: salt))
  }

  @Test func addAndScaleActOnEveryElement() {
    for (rows, columns) in shapes {
      let x = filled(rows, columns, 1)
      let y = filled(rows, columns, 2)
      let before = x.values
      x.add(y, scaled: 2)
      x.scale(by: 0.5)
      for (index, value) in x.values.enumerated() {
        let exact = (Double(before[index]) + 2 * Double(y.values[index])) / 2
        #expect(
          (Double(value) - exact).magnitude <= 1e-6
            * (Double(before[index]).magnitude + Double(y.pointer[index]).magnitude))
      }
    }
  }

  @Test func reductionsMatchDouble() {
    for (rows, columns) in shapes {
      let x = filled(rows, columns, 1)
      let y = filled(rows, columns, 2)
      let values = x.values.map { Double($0) }
      let others = y.values.map { Double($0) }
      let magnitude = values.reduce(0) { $0 + $1.magnitude }
      #expect((x.sum() - values.reduce(0, +)).magnitude <= 2e-6 * magnitude)
      let squares = values.reduce(0) { $0 + $1 * $1 }
      #expect((x.sumOfSquares() - squares).magnitude <= 2e-6 * squares)
      let inner = zip(values, others).reduce(0) { $0 + $1.0 * $1.1 }
      let innerMagnitude = zip(values, others).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
      #expect((x.dot(y) - inner).magnitude <= 6e-6 * innerMagnitude)
      for (column, sum) in x.columnSums().enumerated() {
        let exact = (0..<rows).reduce(0.0) { $0 + values[$1 * columns + column] }
        let scale = (0..<rows).reduce(0.0) { $0 + values[$1 * columns + column].magnitude }
        #expect((Double(sum) - exact).magnitude <= 2e-5 * scale)
      }
    }
  }

  @Test func normalizedRowsAreUnitAndKeepTheirNorms() {
    for (rows, columns) in shapes where columns > 0 {
      let x = filled(rows, columns, 1)
      let (unit, norms) = x.normalizedRows()
      for row in 0..<rows {
        let exact = (0..<columns).reduce(0.0) { $0 + Double(x[row, $1]) * Double(x[row, $1]) }.squareRoot()
        #expect((Double(norms[row]) - exact).magnitude <= 2e-6 * exact)
        #expect((Double(x.rowNorms()[row]) - exact).magnitude <= 2e-6 * exact)
        for column in 0..<columns {
          #expect((Double(unit[row, column]) - Double(x[row, column]) / exact).magnitude <= 3e-6)
        }
        if row > 20 { break }
      }
    }
  }
}
