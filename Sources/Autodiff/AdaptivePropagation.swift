// Propagation over a graph whose entries are weighted by how alike their end points are: DCCF's adaptive views.

import Numerics

extension Tape {
  /// W x with W_rc = α_rc / Σ_c' α_rc' and α_rc = (cos(h_r, h_c) + 1) / 2 on the entries of a graph, `[n, d]`.
  ///
  /// A row without entries, or whose α are all 0, stays zero. Gradient, with u the unit rows of h and y = W x:
  /// dx = Wᵀ g; dα_rc = (g_r·x_c - g_r·y_r) / Σ_c' α_rc'; du_r = Σ_c (dα_rc + dα_cr) u_c / 2.
  /// Source: Ren et al. 2023, DCCF.
  /// - Parameters:
  ///   - x: what is propagated, `[n, d]`.
  ///   - ends: h, the vectors that are compared, `[n, p]`.
  ///   - graph: a graph with a symmetric pattern, `[n, n]`; its values are not used.
  package func propagateAdaptively(_ x: Variable, ends: Variable, over graph: PropagationGraph) -> Variable {
    let pattern = graph.matrix
    let units = UnitRows(ends.value)
    let borders = pattern.rowBorders
    let width = x.value.columns
    let endWidth = ends.value.columns
    var weights = [Float](repeating: 0, count: pattern.entryCount)
    var inverseSums = [Float](repeating: 0, count: pattern.rows)
    weights.withUnsafeMutableBufferPointer { weightBuffer in
      inverseSums.withUnsafeMutableBufferPointer { sumBuffer in
        let weight = weightBuffer
        let inverseSum = sumBuffer
        pattern.forEachRowBlock(borders) { row, entries, columns in
          let own = units.value.row(row)
          var sum: Float = 0
          for entry in entries {
            let alike = (kernels.dot(own, units.value.row(Int(columns[entry])), endWidth) + 1) / 2
            // Rounding may leave a cosine just below -1.
            weight[entry] = max(alike, 0)
            sum += weight[entry]
          }
          inverseSum[row] = sum > 0 ? 1 / sum : 0
          for entry in entries { weight[entry] *= inverseSum[row] }
        }
      }
    }
    let value = Matrix.uninitialized(rows: x.value.rows, columns: width)
    weights.withUnsafeBufferPointer { buffer in
      sparseTimesDense(pattern, values: buffer.baseAddress, x.value, into: value)
    }
    return record(value: value, inputs: [x, ends]) { gradient in
      x.accumulate { target, adds in
        let transposed = graph.transposedOrder(of: weights)
        transposed.withUnsafeBufferPointer { buffer in
          sparseTimesDense(graph.transpose, values: buffer.baseAddress, gradient, into: target, accumulate: adds)
        }
      }
      ends.accumulate { target, adds in
        var slopes = [Float](repeating: 0, count: pattern.entryCount)
        slopes.withUnsafeMutableBufferPointer { buffer in
          let slope = buffer
          pattern.forEachRowBlock(borders) { row, entries, columns in
            let incoming = gradient.row(row)
            let mean = kernels.dot(incoming, value.row(row), width)
            let factor = inverseSums[row] / 2
            for entry in entries {
              slope[entry] = factor * (kernels.dot(incoming, x.value.row(Int(columns[entry])), width) - mean)
            }
          }
        }
        // The pattern is symmetric, so the transposed graph lists the entries (c, r) in the order of (r, c).
        let opposite = graph.transposedOrder(of: slopes)
        for entry in slopes.indices { slopes[entry] += opposite[entry] }
        let unitGradient = Matrix.uninitialized(rows: pattern.rows, columns: endWidth)
        slopes.withUnsafeBufferPointer { buffer in
          sparseTimesDense(
            pattern, values: buffer.baseAddress, units.value, into: unitGradient)
        }
        units.backward(unitGradient, into: target, adds: adds)
      }
    }
  }
}

extension CSRMatrix {
  /// Calls `body` with each row, the range of its entries and the columns of all entries, in parallel over row blocks.
  /// - Parameters:
  ///   - borders: `rowBorders`.
  ///   - body: the work of one row; rows write disjoint memory.
  func forEachRowBlock(
    _ borders: [Int], _ body: (_ row: Int, _ entries: Range<Int>, _ columns: UnsafePointer<Int32>) -> Void
  ) {
    columnIndices.withUnsafeBufferPointer { columns in
      guard let columns = columns.baseAddress else { return }
      parallelFor(borders.count - 1) { block in
        for row in borders[block]..<borders[block + 1] { body(row, rowStarts[row]..<rowStarts[row + 1], columns) }
      }
    }
  }
}
