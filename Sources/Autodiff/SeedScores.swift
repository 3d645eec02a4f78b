// How well a node agrees with its surroundings: the scores that AutoCF picks its seeds by.

import Numerics

extension Tape {
  /// -mean_i σ_i with σ_i = log sigmoid(cos(h_i, x_i)), and the scores σ themselves, `[n]`.
  ///
  /// h = A f - deg ⊙ x with f = A x - x, on the 0/1 graph A: what lies one and two steps away, without the node itself.
  /// The original divides h by the number of nodes it sums over; a positive factor changes no cosine. Gradient: with
  /// g = dσ/dh of the cosine, df = Aᵀ g, dx = Aᵀ df - df - deg ⊙ g, plus the cosine's gradient with respect to x.
  /// Source: Xia et al. 2023, AutoCF, in the form of RLMRec's code, which takes the mean over all nodes.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: a graph with a symmetric pattern, `[n, n]`; its values are not used.
  package func seedScores(_ x: Variable, over graph: PropagationGraph) -> (term: LossTerm, scores: [Double]) {
    let pattern = graph.matrix
    let count = pattern.rows
    let width = x.value.columns
    let ones = [Float](repeating: 1, count: pattern.entryCount)
    /// A z; the pattern is symmetric, so this is Aᵀ z as well.
    func neighbourSum(of z: Matrix) -> Matrix {
      let result = Matrix.uninitialized(rows: count, columns: width)
      ones.withUnsafeBufferPointer { buffer in
        sparseTimesDense(pattern, values: buffer.baseAddress, z, into: result)
      }
      return result
    }
    func subtractDegreeTimes(_ z: Matrix, from target: Matrix) {
      parallelRanges(count, blockSize: 512) { range in
        for row in range { kernels.axpy(-Float(pattern.degree(row)), z.row(row), target.row(row), width) }
      }
    }
    let first = neighbourSum(of: x.value)
    first.add(x.value, scaled: -1)
    let surroundings = neighbourSum(of: first)
    subtractDegreeTimes(x.value, from: surroundings)
    let around = UnitRows(surroundings)
    let own = UnitRows(x.value)
    var scores = [Double](repeating: 0, count: count)
    var slopes = [Float](repeating: 0, count: count)
    var sum = 0.0
    for row in 0..<count {
      let cosine = Double(kernels.dot(around.value.row(row), own.value.row(row), width))
      // log sigmoid(c) = -log(1 + e^-c); its derivative is 1 / (1 + e^c).
      scores[row] = -logarithmOfOnePlus(exponential(-cosine))
      slopes[row] = Float(1 / (1 + exponential(cosine)))
      sum += scores[row]
    }
    let perNode = 1 / Double(max(1, count))
    let term = recordLoss(name: "seeds", value: -sum * perNode, weight: 1) { seed in
      let factor = -seed * Float(perNode)
      let aroundGradient = Matrix(rows: count, columns: width)
      let ownGradient = Matrix.uninitialized(rows: count, columns: width)
      parallelRanges(count, blockSize: 512) { range in
        for row in range {
          kernels.scale(factor * slopes[row], around.value.row(row), ownGradient.row(row), width)
          // A node without neighbours has nothing around it, and no direction to move in.
          guard pattern.degree(row) > 0 else { continue }
          kernels.scale(factor * slopes[row], own.value.row(row), aroundGradient.row(row), width)
        }
      }
      let back = Matrix.uninitialized(rows: count, columns: width)
      around.backward(aroundGradient, into: back, adds: false)
      let firstGradient = neighbourSum(of: back)
      let total = neighbourSum(of: firstGradient)
      total.add(firstGradient, scaled: -1)
      subtractDegreeTimes(back, from: total)
      own.backward(ownGradient, into: total, adds: true)
      x.accumulate { target, adds in
        if adds { target.add(total) } else { target.assign(from: total) }
      }
    }
    return (term, scores)
  }
}
