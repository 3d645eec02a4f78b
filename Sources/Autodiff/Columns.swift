// Joining, cutting and scaling the columns of variables.

import Numerics

extension Tape {
  /// [a ; b] side by side: `[n, p + q]` from a `[n, p]` and b `[n, q]`.
  package func concatenateColumns(_ a: Variable, _ b: Variable) -> Variable {
    let rows = a.value.rows
    let left = a.value.columns
    let right = b.value.columns
    precondition(b.value.rows == rows, "row counts differ")
    let value = Matrix.uninitialized(rows: rows, columns: left + right)
    for row in 0..<rows {
      value.row(row).update(from: a.value.row(row), count: left)
      (value.row(row) + left).update(from: b.value.row(row), count: right)
    }
    return record(value: value, inputs: [a, b]) { gradient in
      a.accumulate { target, adds in copyColumns(gradient, from: 0, to: target, adds: adds) }
      b.accumulate { target, adds in copyColumns(gradient, from: left, to: target, adds: adds) }
    }
  }

  /// Columns `range` of x, followed by zeros up to `width`: `[n, width]` from `[n, d]`.
  package func columns(of x: Variable, _ range: Range<Int>, paddedTo width: Int) -> Variable {
    precondition(range.upperBound <= x.value.columns && range.count <= width, "the columns are not there")
    let rows = x.value.rows
    let value = Matrix(rows: rows, columns: width)
    for row in 0..<rows { value.row(row).update(from: x.value.row(row) + range.lowerBound, count: range.count) }
    return record(value: value, inputs: [x]) { gradient in
      x.accumulateSparsely { target in
        for row in 0..<rows {
          kernels.axpy(1, gradient.row(row), target.row(row) + range.lowerBound, range.count)
        }
      }
    }
  }

  /// α x, `[n, d]`.
  package func scale(_ x: Variable, by alpha: Float) -> Variable {
    let value = x.value.copy()
    value.scale(by: alpha)
    return record(value: value, inputs: [x]) { gradient in
      x.accumulate { target, adds in
        if !adds { target.fill(0) }
        target.add(gradient, scaled: alpha)
      }
    }
  }
}

private func copyColumns(_ source: Matrix, from start: Int, to target: Matrix, adds: Bool) {
  for row in 0..<target.rows {
    let values = source.row(row) + start
    if adds {
      kernels.axpy(1, values, target.row(row), target.columns)
    } else {
      target.row(row).update(from: values, count: target.columns)
    }
  }
}
