// The contrastive loss with unit rows and a temperature, as RLMRec, SGL and SimGCL use it.

import Numerics

extension Tape {
  /// Σ_i [ -a_i·b_i / τ + log Σ_j exp(a_i·c_j / τ) ] over rows divided by sqrt(1e-8 + |x|²).
  ///
  /// Source: RLMRec's code; summed over rows, the caller's weight divides by the batch size. The
  /// positive need not be among the candidates. Exponentials are taken of (logit - 1/τ) ≤ 0, so nothing overflows for
  /// any τ. The similarity matrix is never stored: it is recomputed tile by tile for the gradient.
  /// - Parameters:
  ///   - a: anchors, `[n, d]`.
  ///   - b: positives, `[n, d]`.
  ///   - candidates: `[m, d]`.
  ///   - temperature: τ > 0.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func infoNCE(
    _ a: Variable, _ b: Variable, candidates: Variable, temperature: Float, name: String, weight: Float
  ) -> LossTerm {
    let unitA = UnitRows(a.value, squaredEpsilon: 1e-8)
    let unitB = UnitRows(b.value, squaredEpsilon: 1e-8)
    let unitC = UnitRows(candidates.value, squaredEpsilon: 1e-8)
    let rows = unitA.value.rows
    let columns = unitA.value.columns
    let inverse = 1 / temperature
    let sums = rowExponentialSums(unitA.value, unitC.value, inverseTemperature: inverse)
    let value = parallelSum(rows, blockSize: 256) { range in
      var sum = 0.0
      for row in range {
        var inner = 0.0
        let anchor = unitA.value.row(row)
        let positive = unitB.value.row(row)
        for column in 0..<columns { inner += Double(anchor[column]) * Double(positive[column]) }
        sum += logarithm(sums[row]) + Double(inverse) - inner * Double(inverse)
      }
      return sum
    }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      let factor = seed * inverse
      let gradientA = Matrix.uninitialized(rows: rows, columns: columns)
      let gradientB = Matrix.uninitialized(rows: rows, columns: columns)
      for row in 0..<rows {
        for column in 0..<columns {
          gradientA.row(row)[column] = -factor * unitB.value.row(row)[column]
          gradientB.row(row)[column] = -factor * unitA.value.row(row)[column]
        }
      }
      let scale = sums.map { Float(Double(factor) / $0) }
      let gradientC = Matrix(rows: unitC.value.rows, columns: columns)
      addSoftmaxGradients(
        unitA.value, unitC.value, inverseTemperature: inverse, rowScale: scale, gradientA: gradientA,
        gradientC: candidates.requiresGradient ? gradientC : nil)
      a.accumulate { target, adds in unitA.backward(gradientA, into: target, adds: adds) }
      b.accumulate { target, adds in unitB.backward(gradientB, into: target, adds: adds) }
      candidates.accumulate { target, adds in unitC.backward(gradientC, into: target, adds: adds) }
    }
  }
}

/// Rows of the left operand in one tile.
private let tileRows = 64
/// Candidates in one tile; a tile of similarities is 128 KiB and stays in the second-level cache.
private let tileColumns = 512

/// Σ_j exp(a_i·c_j / τ - 1/τ) of every row i, in Double.
private func rowExponentialSums(_ a: Matrix, _ c: Matrix, inverseTemperature: Float) -> [Double] {
  var sums = [Double](repeating: 0, count: a.rows)
  sums.withUnsafeMutableBufferPointer { buffer in
    let result = buffer
    parallelRanges(a.rows, blockSize: tileRows) { range in
      let tile = Matrix.uninitialized(rows: tileRows, columns: tileColumns)
      for start in stride(from: 0, to: c.rows, by: tileColumns) {
        let width = min(tileColumns, c.rows - start)
        exponentialTile(a, range, c, start, width, inverseTemperature, tile)
        for row in range {
          result[row] += kernels.sum(tile.row(row - range.lowerBound), width)
        }
      }
    }
  }
  return sums
}

/// Adds rowScale_i Σ_j e_ij c_j to gradientA and Σ_i rowScale_i e_ij a_i to gradientC.
///
/// The two are computed by two loops, one over blocks of rows and one over blocks of candidates, so that every block
/// writes only its own rows and the result does not depend on threads.
private func addSoftmaxGradients(
  _ a: Matrix, _ c: Matrix, inverseTemperature: Float, rowScale: [Float], gradientA: Matrix, gradientC: Matrix?
) {
  let columns = a.columns
  parallelRanges(a.rows, blockSize: tileRows) { range in
    let tile = Matrix.uninitialized(rows: tileRows, columns: tileColumns)
    for start in stride(from: 0, to: c.rows, by: tileColumns) {
      let width = min(tileColumns, c.rows - start)
      exponentialTile(a, range, c, start, width, inverseTemperature, tile)
      for row in range {
        kernels.scale(rowScale[row], tile.row(row - range.lowerBound), tile.row(row - range.lowerBound), width)
      }
      gemmSerial(
        m: range.count, n: columns, k: width, a: tile.pointer, lda: tileColumns, transposeA: false,
        b: c.row(start), ldb: columns, transposeB: false, c: gradientA.row(range.lowerBound), ldc: columns,
        accumulate: true)
    }
  }
  guard let gradientC else { return }
  parallelRanges(c.rows, blockSize: tileColumns) { candidates in
    let tile = Matrix.uninitialized(rows: tileRows, columns: tileColumns)
    for start in stride(from: 0, to: a.rows, by: tileRows) {
      let range = start..<min(a.rows, start + tileRows)
      exponentialTile(a, range, c, candidates.lowerBound, candidates.count, inverseTemperature, tile)
      for row in range { kernels.scale(rowScale[row], tile.row(row - start), tile.row(row - start), candidates.count) }
      gemmSerial(
        m: candidates.count, n: columns, k: range.count, a: tile.pointer, lda: tileColumns, transposeA: true,
        b: a.row(start), ldb: columns, transposeB: false, c: gradientC.row(candidates.lowerBound), ldc: columns,
        accumulate: true)
    }
  }
}

/// tile[i, j] = exp((a_i·c_j - 1) / τ) for the rows of `range` and `width` candidates from `start`.
private func exponentialTile(
  _ a: Matrix, _ range: Range<Int>, _ c: Matrix, _ start: Int, _ width: Int, _ inverseTemperature: Float,
  _ tile: Matrix
) {
  let columns = a.columns
  gemmSerial(
    m: range.count, n: width, k: columns, a: a.row(range.lowerBound), lda: columns, transposeA: false,
    b: c.row(start), ldb: columns, transposeB: true, c: tile.pointer, ldc: tileColumns, accumulate: false)
  for row in 0..<range.count {
    kernels.scaledExp(tile.row(row), tile.row(row), width, inverseTemperature, -inverseTemperature)
  }
}
