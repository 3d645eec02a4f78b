// The last choice of seeds of AutoCF: all that must be kept so that a resumed run masks the same edges.

import Numerics

/// Seeds and the step they were chosen at.
///
/// Everything else about the masked graphs is a function of these and the run's seed.
struct SubgraphDraw {
  /// The chosen nodes, best first.
  let seeds: [Int32]
  /// Zero-based epoch of the choice.
  let epoch: Int
  /// Zero-based step of the choice.
  let step: Int

  /// Chooses the best nodes by score plus Gumbel noise, -log(-log u), which draws without replacement in proportion to
  /// exp(score).
  /// - Parameters:
  ///   - scores: one number for each node.
  ///   - count: how many are chosen, as far as there are nodes.
  ///   - position: the step; u is drawn from its stream `.gumbel`.
  init(scores: [Double], count: Int, at position: StepPosition) {
    var stream = position.stream(.gumbel)
    let noisy = scores.map { score -> Float in
      let uniform = (Double(stream.nextWord()) + 0.5) * 0x1p-32
      return Float(score - logarithm(-logarithm(uniform)))
    }
    seeds = noisy.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: count).map(\.index)
    }
    epoch = position.epoch
    step = position.step
  }

  /// The choice as matrices for a checkpoint; numbers are cut in two, so that Float holds them exactly.
  var state: [(name: String, value: Matrix)] {
    func matrix(_ numbers: [Int]) -> Matrix {
      Matrix(
        rows: numbers.count, columns: 2,
        values: numbers.flatMap { [Float($0 / Self.base), Float($0 % Self.base)] })
    }
    return [("subgraph.seeds", matrix(seeds.map { Int($0) })), ("subgraph.position", matrix([epoch, step]))]
  }

  /// Reads what `state` wrote; nil when it is not that of a graph of `nodes` nodes.
  init?(state: [(name: String, value: Matrix)], nodes: Int) {
    func numbers(_ name: String, below bound: Int) -> [Int]? {
      guard let matrix = state.first(where: { $0.name == name })?.value, matrix.columns == 2 else { return nil }
      var result: [Int] = []
      for row in 0..<matrix.rows {
        guard
          let high = Int(exactly: matrix[row, 0]), let low = Int(exactly: matrix[row, 1]),
          (0..<Self.base).contains(high), (0..<Self.base).contains(low), high * Self.base + low < bound
        else { return nil }
        result.append(high * Self.base + low)
      }
      return result
    }
    guard
      let seeds = numbers("subgraph.seeds", below: nodes),
      let place = numbers("subgraph.position", below: Self.base * Self.base), place.count == 2
    else { return nil }
    self.seeds = seeds.map { Int32($0) }
    epoch = place[0]
    step = place[1]
  }

  /// Both parts of a number stay below this.
  private static let base = 1 << 20
}
