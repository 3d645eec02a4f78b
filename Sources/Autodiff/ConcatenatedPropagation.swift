// Linear propagation over a graph with all layers side by side: GCCF's encoder.

import Numerics

extension PropagationGraph {
  /// [x, A x, A² x, ..., Aᴸ x] side by side, `[n, (layers + 1) d]`.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - layers: L, the number of propagations.
  package func concatenatedLayers(_ x: Matrix, layers: Int) -> Matrix {
    let width = x.columns
    let result = Matrix.uninitialized(rows: x.rows, columns: (layers + 1) * width)
    var current = x
    for layer in 0...layers {
      if layer > 0 {
        let next = Matrix.uninitialized(rows: x.rows, columns: width)
        sparseTimesDense(matrix, current, into: next)
        current = next
      }
      let source = current
      parallelRanges(x.rows, blockSize: 1024) { range in
        for row in range {
          (result.row(row) + layer * width).update(from: source.row(row), count: width)
        }
      }
    }
    return result
  }
}

extension Tape {
  /// [x, A x, ..., Aᴸ x] side by side, `[n, (layers + 1) d]`.
  ///
  /// Gradient: with blocks g_0 ... g_L of the incoming gradient, Σ_l (Aᵀ)ˡ g_l by Horner's rule h ← g_l + Aᵀ h.
  /// Source: Chen et al. 2020, "Revisiting graph based collaborative filtering", without the layer weights,
  /// as RLMRec runs it.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: A, `[n, n]`.
  ///   - layers: L, the number of propagations.
  package func propagateConcatenated(_ x: Variable, over graph: PropagationGraph, layers: Int) -> Variable {
    let width = x.value.columns
    return record(value: graph.concatenatedLayers(x.value, layers: layers), inputs: [x]) { gradient in
      func block(_ layer: Int) -> Matrix {
        let result = Matrix.uninitialized(rows: gradient.rows, columns: width)
        parallelRanges(gradient.rows, blockSize: 1024) { range in
          for row in range { result.row(row).update(from: gradient.row(row) + layer * width, count: width) }
        }
        return result
      }
      var back = block(layers)
      for layer in stride(from: layers - 1, through: 0, by: -1) {
        let sum = block(layer)
        sparseTimesDense(graph.transpose, back, into: sum, accumulate: true)
        back = sum
      }
      x.accumulate { target, adds in
        if adds { target.add(back) } else { target.assign(from: back) }
      }
    }
  }
}
