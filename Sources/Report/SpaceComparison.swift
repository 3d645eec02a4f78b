// How far the behavioural and the language side agree in their shared and in their specific parts.

import Evaluation
import ModelFile
import Numerics

/// Agreement of the two sides in one of the spaces, over the items with training interactions.
struct SpaceAgreement {
  /// Linear centred kernel alignment; nil when a side does not vary.
  let alignment: Double?
  /// Common neighbours among the ten nearest.
  let overlap: NeighbourOverlap
}

/// The acceptance test of "disentangled": shared parts should agree between the sides, specific parts should not.
struct SpaceComparison {
  /// Items compared, as indices; those with training interactions, a fixed sample where there are many.
  let items: [Int32]
  let shared: SpaceAgreement
  let specific: SpaceAgreement
  /// Mean magnitude of the cosine of a node's shared and specific part; nil where their widths differ.
  let collaborativeCosine: Double?
  let languageCosine: Double?
  /// Share of users and of items whose language centre is matched with their collaborative centre.
  let centreAgreement: (users: Double, items: Double)?

  /// Items whose neighbours are compared at most; all are candidates.
  private static let itemLimit = 4_000

  /// Compares the parts of a model; nil without parts or with fewer than three items.
  init?(_ bundle: Bundle, degrees: [Int32]) {
    guard let parts = bundle.components else { return nil }
    var known = degrees.indices.filter { degrees[$0] > 0 }.map { Int32($0) }
    if known.count > Self.itemLimit {
      var stream = RandomStream(seed: 0, purpose: .mapLayout, step: 1)
      known = stream.sample(Self.itemLimit, of: known.count).map { known[Int($0)] }
    }
    guard known.count >= 3 else { return nil }
    items = known
    let rows = known.map { $0 + Int32(bundle.userCount) }
    func agreement(_ first: Matrix, _ second: Matrix) -> SpaceAgreement {
      let (left, right) = (first.gatherRows(rows), second.gatherRows(rows))
      return SpaceAgreement(
        alignment: centredKernelAlignment(left.normalizedRows().matrix, right.normalizedRows().matrix),
        overlap: NeighbourOverlap(left, right, rows: known.indices.map { Int32($0) }))
    }
    shared = agreement(parts.collaborativeShared, parts.languageShared)
    specific = agreement(parts.collaborativeSpecific, parts.languageSpecific)
    collaborativeCosine = Self.meanCosine(parts.collaborativeShared, parts.collaborativeSpecific)
    languageCosine = Self.meanCosine(parts.languageShared, parts.languageSpecific)
    centreAgreement = bundle.centres.map { centres in
      func share(_ nodes: Range<Int>) -> Double {
        let agreeing = nodes.count { node in
          centres.matching[Int(centres.collaborativeLabels[node])] == centres.languageLabels[node]
        }
        return Double(agreeing) / Double(max(1, nodes.count))
      }
      return (
        users: share(0..<bundle.userCount), items: share(bundle.userCount..<bundle.userCount + bundle.itemCount)
      )
    }
  }

  private static func meanCosine(_ first: Matrix, _ second: Matrix) -> Double? {
    guard first.columns == second.columns, first.rows > 0 else { return nil }
    let (left, right) = (first.normalizedRows().matrix, second.normalizedRows().matrix)
    let sum = parallelSum(first.rows, blockSize: 512) { range in
      range.reduce(0.0) { $0 + Double(kernels.dot(left.row($1), right.row($1), left.columns).magnitude) }
    }
    return sum / Double(first.rows)
  }
}
