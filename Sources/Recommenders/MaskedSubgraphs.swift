// AutoCF's two graphs: what the encoder still sees after masking, and what the decoder attends over.

import Autodiff
import Numerics

/// The masked graphs that follow from a choice of seeds.
///
/// Source: Xia et al. 2023, AutoCF, in the form of RLMRec's code.
struct MaskedSubgraphs {
  /// The edges left after masking, symmetrically normalised, `[n, n]`.
  let encoder: PropagationGraph
  /// The edges left, a self-loop at every node, and random pairs among masked and sampled nodes, `[n, n]`; its values
  /// are 1.
  let decoder: PropagationGraph

  /// Masks a graph around its seeds.
  ///
  /// The edges at the seeds are removed, then those at the nodes reached, `depth` times in all. The decoder gets as many
  /// random pairs as the full graph has directed entries, each in both directions, drawn with replacement from the
  /// nodes masked at (seeds and all that were reached before the last round) and from floor(share · n) nodes drawn with
  /// replacement.
  /// - Parameters:
  ///   - pattern: the full graph, symmetric, `[n, n]`.
  ///   - seeds: distinct nodes.
  ///   - depth: rounds of removal, at least 1.
  ///   - sampledShare: share of nodes sampled for the decoder.
  ///   - stream: where nodes and pairs are drawn from.
  init(pattern: CSRMatrix, seeds: [Int32], depth: Int, sampledShare: Double, stream: RandomStream) {
    let nodes = pattern.rows
    var isMasked = [Bool](repeating: false, count: nodes)
    var frontier = seeds
    for seed in seeds { isMasked[Int(seed)] = true }
    for _ in 1..<max(1, depth) {
      var reached: [Int32] = []
      for node in frontier {
        for neighbour in pattern.row(Int(node)) where !isMasked[Int(neighbour)] {
          isMasked[Int(neighbour)] = true
          reached.append(neighbour)
        }
      }
      frontier = reached
    }

    var stream = stream
    var isCandidate = isMasked
    for _ in 0..<Int(sampledShare * Double(nodes)) { isCandidate[stream.below(nodes)] = true }
    let candidates = isCandidate.indices.filter { isCandidate[$0] }.map { Int32($0) }

    var left: [(row: Int32, column: Int32)] = []
    left.reserveCapacity(3 * pattern.entryCount + nodes)
    var degrees = [Int](repeating: 0, count: nodes)
    for row in 0..<nodes where !isMasked[row] {
      for column in pattern.row(row) where !isMasked[Int(column)] {
        left.append((Int32(row), column))
        degrees[row] += 1
      }
    }
    encoder = Self.normalized(left, degrees: degrees)

    for node in 0..<nodes { left.append((Int32(node), Int32(node))) }
    if !candidates.isEmpty {
      for _ in 0..<pattern.entryCount {
        let first = candidates[stream.below(candidates.count)]
        let second = candidates[stream.below(candidates.count)]
        left.append((first, second))
        left.append((second, first))
      }
    }
    decoder = PropagationGraph(CSRMatrix(rows: nodes, columns: nodes, entries: left))
  }

  /// D^-1/2 A D^-1/2 of entries in row-major order.
  private static func normalized(_ entries: [(row: Int32, column: Int32)], degrees: [Int]) -> PropagationGraph {
    var starts = [0]
    starts.reserveCapacity(degrees.count + 1)
    for degree in degrees { starts.append(starts[starts.count - 1] + degree) }
    let inverseRoot = degrees.map { $0 > 0 ? Float(1 / Double($0).squareRoot()) : 0 }
    return PropagationGraph(
      CSRMatrix(
        rows: degrees.count, columns: degrees.count, rowStarts: starts, columnIndices: entries.map(\.column),
        values: entries.map { inverseRoot[Int($0.row)] * inverseRoot[Int($0.column)] }))
  }
}
