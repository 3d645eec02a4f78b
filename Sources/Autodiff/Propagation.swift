// Linear propagation over a graph, summed over layers: the encoder of the LightGCN family.

import Numerics

/// The entries of a graph that one step keeps, in both orders.
package struct KeptEdges: Sendable {
  /// Those of A.
  let forward: KeptEntries
  /// The same ones of Aᵀ.
  let transposed: KeptEntries
}

/// A sparse square matrix with its transpose, over which node vectors are propagated.
package final class PropagationGraph: Sendable {
  /// A, `[n, n]`.
  package let matrix: CSRMatrix
  /// Aᵀ, `[n, n]`.
  package let transpose: CSRMatrix
  /// Position of each entry of A in Aᵀ.
  private let transposedPosition: [Int32]

  /// A graph with the given matrix.
  package init(_ matrix: CSRMatrix) {
    precondition(matrix.rows == matrix.columns, "a graph needs a square matrix")
    self.matrix = matrix
    (transpose, transposedPosition) = matrix.transposed()
  }

  /// D^-1/2 A D^-1/2 of the bipartite graph A = [[0, R], [Rᵀ, 0]], `[users + items, users + items]`; rows without
  /// entries stay zero.
  ///
  /// Source: He et al. 2020, LightGCN, eq. 8 (no self-loops).
  /// - Parameters:
  ///   - interactions: R, `[users, items]`; any stored entry counts as 1.
  ///   - selfLoops: add the identity before normalising (GCCF).
  package convenience init(bipartite interactions: CSRMatrix, selfLoops: Bool = false) {
    let users = interactions.rows
    let nodes = users + interactions.columns
    let byItem = interactions.transposed().matrix
    let loop = selfLoops ? 1 : 0
    var starts = [0]
    starts.reserveCapacity(nodes + 1)
    var columns: [Int32] = []
    columns.reserveCapacity(2 * interactions.entryCount + loop * nodes)
    for user in 0..<users {
      if selfLoops { columns.append(Int32(user)) }
      for item in interactions.row(user) { columns.append(Int32(users) + item) }
      starts.append(columns.count)
    }
    for item in 0..<interactions.columns {
      columns.append(contentsOf: byItem.row(item))
      if selfLoops { columns.append(Int32(users + item)) }
      starts.append(columns.count)
    }
    let inverseRoot = (0..<nodes).map { node -> Float in
      let degree = starts[node + 1] - starts[node]
      return degree > 0 ? Float(1 / Double(degree).squareRoot()) : 0
    }
    var values = [Float](repeating: 0, count: columns.count)
    for node in 0..<nodes {
      for entry in starts[node]..<starts[node + 1] {
        values[entry] = inverseRoot[node] * inverseRoot[Int(columns[entry])]
      }
    }
    self.init(CSRMatrix(rows: nodes, columns: nodes, rowStarts: starts, columnIndices: columns, values: values))
  }

  /// Keeps each directed entry independently with probability `keepRate`, without rescaling.
  ///
  /// Two entries are decided by one random word (16 bits each), so the rate is met to 2^-16. The draw of an entry is a
  /// function of the stream and the entry's index only. Source: RLMRec's code.
  package func dropped(keepRate: Float, stream: RandomStream) -> KeptEdges {
    let threshold = UInt32((Double(keepRate) * 65536).rounded())
    return kept { range, keep in
      let blocks = (range.count + 7) / 8
      withUnsafeTemporaryAllocation(byteCount: 16 * blocks, alignment: 16) { words in
        guard let start = words.baseAddress else { return }
        stream.fillWords(at: UInt64(range.lowerBound >> 3), blocks: blocks, into: start)
        // Eight halves of a block's four words, the lower half of a word first: as they lie on a little-endian machine.
        for entry in 0..<range.count {
          keep[entry] = UInt32(start.load(fromByteOffset: 2 * entry, as: UInt16.self)) < threshold ? 1 : 0
        }
      }
    }
  }

  /// The entries that `choose` keeps.
  /// - Parameter choose: writes 0 or 1 for each entry of a range that begins at a multiple of eight.
  private func kept(_ choose: (Range<Int>, UnsafeMutablePointer<UInt8>) -> Void) -> KeptEdges {
    let count = matrix.entryCount
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, 2 * count)) { buffer in
      guard let forward = buffer.baseAddress else { preconditionFailure("a buffer of at least one byte") }
      let transposed = forward + count
      transposedPosition.withUnsafeBufferPointer { position in
        parallelRanges(count, blockSize: 16384) { range in
          choose(range, forward + range.lowerBound)
          for entry in range { transposed[Int(position[entry])] = forward[entry] }
        }
      }
      return KeptEdges(
        forward: KeptEntries(matrix, where: forward), transposed: KeptEntries(transpose, where: transposed))
    }
  }

  /// One number for each entry of the graph, in the order of the transposed graph's entries.
  func transposedOrder(of values: [Float]) -> [Float] {
    precondition(values.count == transposedPosition.count, "one value is needed for each entry")
    return [Float](unsafeUninitializedCapacity: values.count) { result, initialized in
      for (entry, value) in values.enumerated() { result[Int(transposedPosition[entry])] = value }
      initialized = values.count
    }
  }

  /// One row for each entry of the graph, in the order of the transposed graph's entries, `[entries, k]`.
  func transposedOrder(ofRows values: Matrix) -> Matrix {
    precondition(values.rows == transposedPosition.count, "one row is needed for each entry")
    let result = Matrix.uninitialized(rows: values.rows, columns: values.columns)
    for entry in 0..<values.rows {
      result.row(Int(transposedPosition[entry])).update(from: values.row(entry), count: values.columns)
    }
    return result
  }

  /// The entries for which a mask of the same length is not zero, for tests and fixed subgraphs.
  package func masked(_ mask: [Float]) -> KeptEdges {
    precondition(mask.count == matrix.entryCount, "one number is needed for each entry")
    return kept { range, keep in
      for entry in range { keep[entry - range.lowerBound] = mask[entry] == 0 ? 0 : 1 }
    }
  }

  /// Σ_{l=0..layers} Aˡ x, `[n, d]`, by Horner's rule h ← x + A h.
  package func sumOfLayers(_ x: Matrix, layers: Int, keeping edges: KeptEdges? = nil) -> Matrix {
    layers == 0 ? x.copy() : Self.horner(matrix, edges?.forward, x, layers: layers)
  }

  /// Adds Σ_{l=0..layers} (Aᵀ)ˡ g to the gradient of the variable that was propagated.
  func accumulateSumOfLayersGradient(
    _ gradient: Matrix, layers: Int, keeping edges: KeptEdges? = nil, into x: Variable
  ) {
    x.accumulate { target, adds in
      guard adds || layers == 0 else {
        // The last layer is the gradient: no pass to copy it.
        let last = Self.horner(transpose, edges?.transposed, gradient, layers: layers - 1)
        return Self.layer(transpose, edges?.transposed, last, startingFrom: gradient, into: target)
      }
      let back = Self.horner(transpose, edges?.transposed, gradient, layers: layers)
      if adds { target.add(back) } else { target.assign(from: back) }
    }
  }

  /// Σ_{l=0..layers} Aˡ x; x itself, not a copy, for no layers.
  private static func horner(_ graph: CSRMatrix, _ kept: KeptEntries?, _ x: Matrix, layers: Int) -> Matrix {
    var current = x
    for _ in 0..<layers {
      let next = Matrix.uninitialized(rows: x.rows, columns: x.columns)
      layer(graph, kept, current, startingFrom: x, into: next)
      current = next
    }
    return current
  }

  /// out = x + A h.
  private static func layer(
    _ graph: CSRMatrix, _ kept: KeptEntries?, _ h: Matrix, startingFrom x: Matrix, into out: Matrix
  ) {
    if let kept {
      sparseTimesDense(graph, kept, h, into: out, startingFrom: x)
    } else {
      sparseTimesDense(graph, h, into: out, startingFrom: x)
    }
  }
}

extension Tape {
  /// Σ_{l=0..layers} Aˡ x, `[n, d]` (the sum, not the mean, of the layers).
  ///
  /// Gradient: Σ_l (Aᵀ)ˡ g with the same dropped entries. Source: He et al. 2020, LightGCN, eqs. 7-8; the sum instead
  /// of the mean is RLMRec's.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: A, `[n, n]`.
  ///   - layers: number of propagations.
  ///   - edges: the entries that are left (edge dropping); nil for all.
  package func propagate(_ x: Variable, over graph: PropagationGraph, layers: Int, keeping edges: KeptEdges? = nil)
    -> Variable
  {
    let value = graph.sumOfLayers(x.value, layers: layers, keeping: edges)
    return record(value: value, inputs: [x]) { gradient in
      graph.accumulateSumOfLayersGradient(gradient, layers: layers, keeping: edges, into: x)
    }
  }

  /// A x, one propagation without the starting vectors, `[n, d]`.
  ///
  /// Gradient: Aᵀ g.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: A, `[n, n]`.
  package func convolve(_ x: Variable, over graph: PropagationGraph) -> Variable {
    let value = Matrix.uninitialized(rows: x.value.rows, columns: x.value.columns)
    sparseTimesDense(graph.matrix, x.value, into: value)
    return record(value: value, inputs: [x]) { gradient in
      x.accumulate { target, adds in
        sparseTimesDense(graph.transpose, gradient, into: target, accumulate: adds)
      }
    }
  }
}
