// Linear propagation with directed noise after every layer: SimGCL's augmented views.

import Numerics

extension PropagationGraph {
  /// Σ_{l=0..L} e_l with e_0 = x and e_l = A e_{l-1} + ε n(r_l) ⊙ sign(A e_{l-1}), `[n, d]`.
  ///
  /// r_l is uniform in [0, 1)^d for every node and layer (16 bits a number) and n divides it by its length. The draw of
  /// a node is a function of the stream, the layer and the node only.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - layers: L, the number of propagations.
  ///   - noise: ε, the length of the noise.
  ///   - stream: where r is drawn from.
  package func perturbedSumOfLayers(_ x: Matrix, layers: Int, noise: Float, stream: RandomStream) -> Matrix {
    let sum = x.copy()
    var current = x
    let width = x.columns
    // Eight numbers come from one random block; every node starts a block of its own.
    let blocksPerRow = (width + 7) / 8
    for layer in 0..<layers {
      let next = Matrix.uninitialized(rows: x.rows, columns: width)
      sparseTimesDense(matrix, current, into: next)
      parallelRanges(x.rows, blockSize: 512) { range in
        let draw = Matrix.uninitialized(rows: 1, columns: 8 * blocksPerRow)
        for row in range {
          let first = UInt64(layer * x.rows + row) * UInt64(blocksPerRow)
          for block in 0..<blocksPerRow {
            let words = stream.words(at: first + UInt64(block))
            let target = draw.pointer + 8 * block
            for word in 0..<4 {
              target[2 * word] = Float(words[word] & 0xFFFF) * 0x1p-16
              target[2 * word + 1] = Float(words[word] >> 16) * 0x1p-16
            }
          }
          let values = next.row(row)
          let length = Float(kernels.sumOfSquares(draw.pointer, width).squareRoot())
          let factor = noise / max(length, 1e-12)
          for column in 0..<width {
            let value = values[column]
            // sign(0) = 0: a node without neighbours stays zero.
            let step = value > 0 ? factor : value < 0 ? -factor : 0
            values[column] = value + step * draw.pointer[column]
          }
          kernels.axpy(1, values, sum.row(row), width)
        }
      }
      current = next
    }
    return sum
  }
}

extension Tape {
  /// Σ_{l=0..L} e_l with e_0 = x and e_l = A e_{l-1} + ε n(r_l) ⊙ sign(A e_{l-1}), `[n, d]`.
  ///
  /// Gradient: that of the plain propagation, Σ_l (Aᵀ)ˡ g, because the derivative of sign is zero wherever it has one.
  /// Source: Yu et al. 2022, SimGCL; layer 0 in the sum and the sum itself as in RLMRec's code.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: A, `[n, n]`.
  ///   - layers: L, the number of propagations.
  ///   - noise: ε, the length of the noise added to every row of every layer but the first.
  ///   - stream: where the noise is drawn from.
  package func propagatePerturbed(
    _ x: Variable, over graph: PropagationGraph, layers: Int, noise: Float, stream: RandomStream
  ) -> Variable {
    let value = graph.perturbedSumOfLayers(x.value, layers: layers, noise: noise, stream: stream)
    return record(value: value, inputs: [x]) { gradient in
      graph.accumulateSumOfLayersGradient(gradient, layers: layers, into: x)
    }
  }
}
