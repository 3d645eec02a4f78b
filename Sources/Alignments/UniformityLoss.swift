// Uniformity of the specific parts on the sphere.

import Autodiff
import Numerics

extension Tape {
  /// log mean_{i<j} exp(-2 |x_i - x_j|²) over unit rows, of one side. Source: METHOD 2.3 (DaRec, L_uni, on the specific
  /// representations), the form of Wang and Isola 2020, eq. 4 with t = 2, over distinct pairs.
  ///
  /// Range [-8, 0]; 0 when all rows are equal. Fewer than two rows have no pair: the term is 0.
  /// The squared distance of unit rows is 2 - 2⟨x_i, x_j⟩, computed in tiles that never leave the cache. Where the rows
  /// have nearly collapsed (value above -0.02) that difference loses its digits, and the distances are taken from the
  /// differences of the rows instead.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func uniformity(_ x: Variable, name: String, weight: Float) -> LossTerm {
    let unit = UnitRows(x.value)
    let rows = unit.value.rows
    let pairs = Double(rows) * Double(rows - 1)
    guard rows > 1 else { return recordLoss(name: name, value: 0, weight: weight) { _ in } }
    var near = false
    var sum = potentialSum(unit.value)
    if logarithm(sum / pairs) > -0.02 {
      near = true
      sum = nearPotentialSum(unit.value)
    }
    let total = sum
    let isNear = near
    // Near collapse the mean is 1 minus a small number; its logarithm is taken of that difference.
    let value = isNear ? logarithmOfOnePlus(total) : logarithm(total / pairs)
    return recordLoss(name: name, value: value, weight: weight) { seed in
      let gradient = Matrix(rows: rows, columns: unit.value.columns)
      if isNear {
        addNearPotentialGradient(unit.value, factor: Double(seed) * 8 / (pairs * (1 + total)), to: gradient)
      } else {
        addPotentialGradient(unit.value, factor: Float(Double(seed) * 8 / total), to: gradient)
      }
      x.accumulate { target, adds in unit.backward(gradient, into: target, adds: adds) }
    }
  }
}

private let tileRows = 64
private let tileColumns = 512

/// Calls `body` with every tile of exp(4⟨x_i, x_j⟩ - 4), diagonal zeroed, for one block of rows.
private func forEachPotentialTile(
  _ x: Matrix, _ range: Range<Int>, _ body: (_ tile: Matrix, _ columns: Range<Int>) -> Void
) {
  let tile = Matrix.uninitialized(rows: tileRows, columns: tileColumns)
  let width = x.columns
  for start in stride(from: 0, to: x.rows, by: tileColumns) {
    let columns = start..<min(x.rows, start + tileColumns)
    gemmSerial(
      m: range.count, n: columns.count, k: width, a: x.row(range.lowerBound), lda: width, transposeA: false,
      b: x.row(start), ldb: width, transposeB: true, c: tile.pointer, ldc: tileColumns, accumulate: false)
    for row in range {
      let values = tile.row(row - range.lowerBound)
      kernels.scaledExp(values, values, columns.count, 4, -4)
      if columns.contains(row) { values[row - start] = 0 }
    }
    body(tile, columns)
  }
}

/// Σ_{i≠j} exp(-2 |x_i - x_j|²).
private func potentialSum(_ x: Matrix) -> Double {
  parallelSum(x.rows, blockSize: tileRows) { range in
    var sum = 0.0
    forEachPotentialTile(x, range) { tile, columns in
      for row in 0..<range.count { sum += kernels.sum(tile.row(row), columns.count) }
    }
    return sum
  }
}

/// gradient_i += factor Σ_{j≠i} e_ij x_j (the part along x_i is removed by the normalisation's own gradient).
private func addPotentialGradient(_ x: Matrix, factor: Float, to gradient: Matrix) {
  let width = x.columns
  parallelRanges(x.rows, blockSize: tileRows) { range in
    forEachPotentialTile(x, range) { tile, columns in
      gemmSerial(
        m: range.count, n: width, k: columns.count, a: tile.pointer, lda: tileColumns, transposeA: false,
        b: x.row(columns.lowerBound), ldb: width, transposeB: false, c: gradient.row(range.lowerBound), ldc: width,
        accumulate: true)
    }
    for row in range { kernels.scale(factor, gradient.row(row), gradient.row(row), width) }
  }
}

/// mean_{i≠j} exp(-2 |x_i - x_j|²) - 1, from the differences of the rows, in Double.
private func nearPotentialSum(_ x: Matrix) -> Double {
  let width = x.columns
  let sum = parallelSum(x.rows, blockSize: tileRows) { range in
    var sum = 0.0
    for row in range {
      let a = x.row(row)
      for other in 0..<x.rows where other != row {
        let squared = squaredDistance(a, x.row(other), width)
        sum += exponentialMinusOne(-2 * squared)
      }
    }
    return sum
  }
  return sum / (Double(x.rows) * Double(x.rows - 1))
}

/// gradient_i += factor Σ_{j≠i} e_ij (x_j - x_i): the same direction as with x_j alone, without its cancellation.
private func addNearPotentialGradient(_ x: Matrix, factor: Double, to gradient: Matrix) {
  let width = x.columns
  parallelRanges(x.rows, blockSize: tileRows) { range in
    var sums = [Double](repeating: 0, count: width)
    for row in range {
      let a = x.row(row)
      for column in 0..<width { sums[column] = 0 }
      for other in 0..<x.rows where other != row {
        let b = x.row(other)
        let potential = exponential(-2 * squaredDistance(a, b, width))
        for column in 0..<width { sums[column] += potential * Double(b[column] - a[column]) }
      }
      let target = gradient.row(row)
      for column in 0..<width { target[column] += Float(factor * sums[column]) }
    }
  }
}

private func squaredDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sum = 0.0
  for column in 0..<count {
    let difference = Double(a[column] - b[column])
    sum += difference * difference
  }
  return sum
}
