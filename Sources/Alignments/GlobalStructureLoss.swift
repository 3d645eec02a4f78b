// Alignment of the similarity structure of the two shared spaces.

import Autodiff
import Numerics

/// How the global term is scaled (reading A4).
package enum GlobalScale: String, CaseIterable, Sendable {
  /// Mean over all n² entries.
  case mean
  /// Divided by n.
  case perNode = "per-node"
  /// The plain squared Frobenius norm.
  case sum

  /// The factor on |S^C - S^L|_F² for n rows.
  func factor(rows: Int) -> Double {
    let count = Double(max(1, rows))
    switch self {
    case .mean: return 1 / (count * count)
    case .perNode: return 1 / count
    case .sum: return 1
    }
  }
}

extension Tape {
  /// |A Aᵀ - B Bᵀ|_F² scaled, with unit rows or raw rows.
  ///
  /// Source: DaRec, L_glo (Docs/Method.md, "DaRec").
  ///
  /// Never builds an n x n matrix: |AᵀA|_F² + |BᵀB|_F² - 2 |AᵀB|_F² is the same number in O(n d²), and the
  /// gradient is 4 (A AᵀA - B BᵀA). Near perfect alignment the identity subtracts almost equal numbers; when less than
  /// 1/100 of the sum is left, value and gradient are computed again entirely in Double.
  /// - Parameters:
  ///   - a: collaborative shared part, `[n, d]`.
  ///   - b: language shared part, `[n, e]`.
  ///   - cosine: normalise the rows first (the default reading).
  ///   - scale: what the sum is divided by.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func globalStructure(
    _ a: Variable, _ b: Variable, cosine: Bool, scale: GlobalScale, name: String, weight: Float
  ) -> LossTerm {
    precondition(a.value.rows == b.value.rows, "row counts differ")
    let unitA = cosine ? UnitRows(a.value) : nil
    let unitB = cosine ? UnitRows(b.value) : nil
    let left = unitA?.value ?? a.value
    let right = unitB?.value ?? b.value
    let factor = scale.factor(rows: left.rows)

    let grams = (
      left: gram(left, left), right: gram(right, right), cross: gram(left, right)
    )
    let magnitude = grams.left.sumOfSquares() + grams.right.sumOfSquares()
    let difference = magnitude - 2 * grams.cross.sumOfSquares()
    let precise = difference < 1e-2 * magnitude ? PreciseStructure(a.value, b.value, cosine: cosine) : nil
    let value = factor * (precise?.squaredDifference ?? difference)

    return recordLoss(name: name, value: value, weight: weight) { seed in
      let common = 4 * factor * Double(seed)
      if let precise {
        precise.accumulate(common, a: a, b: b)
        return
      }
      for (variable, unit, own, other, ownGram, crossTransposed) in [
        (a, unitA, left, right, grams.left, true), (b, unitB, right, left, grams.right, false),
      ] {
        variable.accumulate { target, adds in
          // own (ownᵀown) - other (otherᵀown)
          let gradient = Matrix.uninitialized(rows: own.rows, columns: own.columns)
          gemm(own, ownGram, into: gradient, accumulate: false, alpha: Float(common))
          gemm(
            other, grams.cross, transposeB: crossTransposed, into: gradient, accumulate: true, alpha: Float(-common))
          if let unit {
            unit.backward(gradient, into: target, adds: adds)
          } else if adds {
            target.add(gradient)
          } else {
            target.assign(from: gradient)
          }
        }
      }
    }
  }
}

/// xᵀ y, `[d, e]`.
private func gram(_ x: Matrix, _ y: Matrix) -> Matrix {
  let result = Matrix.uninitialized(rows: x.columns, columns: y.columns)
  gemm(x, transposeA: true, y, into: result)
  return result
}

/// The same loss with every step in Double, for nearly aligned structures.
private struct PreciseStructure {
  private let a: DoubleRows
  private let b: DoubleRows
  private let gramA: [Double]
  private let gramB: [Double]
  private let cross: [Double]
  let squaredDifference: Double

  init(_ left: Matrix, _ right: Matrix, cosine: Bool) {
    a = DoubleRows(left, normalized: cosine)
    b = DoubleRows(right, normalized: cosine)
    gramA = a.gram(with: a)
    gramB = b.gram(with: b)
    cross = a.gram(with: b)
    func squares(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    squaredDifference = max(0, squares(gramA) + squares(gramB) - 2 * squares(cross))
  }

  func accumulate(_ factor: Double, a variableA: Variable, b variableB: Variable) {
    var transposedCross = [Double](repeating: 0, count: cross.count)
    for row in 0..<a.columns {
      for column in 0..<b.columns { transposedCross[column * a.columns + row] = cross[row * b.columns + column] }
    }
    a.accumulate(factor, ownGram: gramA, other: b, otherGram: transposedCross, into: variableA)
    b.accumulate(factor, ownGram: gramB, other: a, otherGram: cross, into: variableB)
  }
}

/// Rows in Double, unit or raw.
private struct DoubleRows {
  let rows: Int
  let columns: Int
  private let values: [Double]
  private let inverseLength: [Double]?

  init(_ matrix: Matrix, normalized: Bool) {
    let (rows, columns) = (matrix.rows, matrix.columns)
    self.rows = rows
    self.columns = columns
    var inverse = [Double](repeating: 1, count: normalized ? rows : 0)
    values = [Double](unsafeUninitializedCapacity: rows * columns) { values, count in
      let target = values
      inverse.withUnsafeMutableBufferPointer { inverse in
        let scales = inverse
        parallelRanges(rows, blockSize: rowBlock) { range in
          for row in range {
            let source = matrix.row(row)
            var squared = 0.0
            for column in 0..<columns {
              let value = Double(source[column])
              squared += value * value
              target[row * columns + column] = value
            }
            guard normalized else { continue }
            scales[row] = 1 / max(squared.squareRoot(), 1e-12)
            for column in 0..<columns { target[row * columns + column] *= scales[row] }
          }
        }
      }
      count = rows * columns
    }
    inverseLength = normalized ? inverse : nil
  }

  /// selfᵀ other, row-major `[columns, other.columns]`; blocks of rows added in block order.
  func gram(with other: DoubleRows) -> [Double] {
    let table = kernels
    let blocks = (rows + rowBlock - 1) / rowBlock
    let size = columns * other.columns
    var partial = [Double](repeating: 0, count: blocks * size)
    partial.withUnsafeMutableBufferPointer { buffer in
      let sums = buffer
      values.withUnsafeBufferPointer { own in
        other.values.withUnsafeBufferPointer { others in
          parallelRanges(rows, blockSize: rowBlock) { range in
            guard let sums = sums.baseAddress, let left = own.baseAddress, let right = others.baseAddress else {
              return
            }
            table.doubleBlock(
              columns, other.columns, range.count, left + range.lowerBound * columns, 1, columns,
              right + range.lowerBound * other.columns, sums + range.lowerBound / rowBlock * size, 1)
          }
        }
      }
    }
    var result = [Double](repeating: 0, count: size)
    for block in 0..<blocks {
      for position in 0..<size { result[position] += partial[block * size + position] }
    }
    return result
  }

  /// Adds factor (self ownGram - other otherGram), taken through the normalisation, to a variable's gradient.
  func accumulate(
    _ factor: Double, ownGram: [Double], other: DoubleRows, otherGram: [Double], into variable: Variable
  ) {
    variable.accumulate { target, adds in
      parallelRanges(rows, blockSize: rowBlock) { range in
        var sums = [Double](repeating: 0, count: range.count * columns)
        addProduct(range, ownGram, sign: 1, to: &sums, width: columns)
        other.addProduct(range, otherGram, sign: -1, to: &sums, width: columns)
        sums.withUnsafeMutableBufferPointer { buffer in
          guard var gradient = buffer.baseAddress else { return }
          for row in range {
            for column in 0..<columns { gradient[column] *= factor }
            if let inverseLength {
              var along = 0.0
              for column in 0..<columns { along += gradient[column] * values[row * columns + column] }
              for column in 0..<columns {
                gradient[column] = (gradient[column] - along * values[row * columns + column]) * inverseLength[row]
              }
            }
            let output = target.row(row)
            for column in 0..<columns {
              output[column] = (adds ? output[column] : 0) + Float(gradient[column])
            }
            gradient += columns
          }
        }
      }
    }
  }

  /// sums `[range.count, width]` += sign · the rows of `range` times `table` `[columns, width]`.
  private func addProduct(_ range: Range<Int>, _ table: [Double], sign: Double, to sums: inout [Double], width: Int) {
    values.withUnsafeBufferPointer { own in
      table.withUnsafeBufferPointer { table in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let left = own.baseAddress, let right = table.baseAddress, let target = sums.baseAddress else { return }
          kernels.doubleBlock(
            range.count, width, columns, left + range.lowerBound * columns, columns, 1, right, target, sign)
        }
      }
    }
  }
}

/// Rows handled by one block of a loop; products in Double are added over blocks.
private let rowBlock = 256
