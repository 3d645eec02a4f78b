// How far the behavioural and the language side agree in their shared and in their specific parts.

import Evaluation
import ModelFile
import Numerics

/// Agreement of the two sides in one of the spaces, over the items with training interactions.
struct SpaceAgreement {
  /// Linear centred kernel alignment; nil when a side does not vary.
  let alignment: Double?
  /// The same with the rows of one side permuted: what unrelated spaces of these widths and shapes reach.
  let permutedAlignment: Double?
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
  /// How far the centres of the two sides agree; nil without centres.
  let centres: CentreAgreement?

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
    var permutation = known.indices.map { Int32($0) }
    var order = RandomStream(seed: 0, purpose: .mapLayout, step: 2)
    order.shuffle(&permutation)
    func agreement(_ first: Matrix, _ second: Matrix) -> SpaceAgreement {
      let (left, right) = (first.gatherRows(rows), second.gatherRows(rows))
      let (own, other) = (left.normalizedRows().matrix, right.normalizedRows().matrix)
      return SpaceAgreement(
        alignment: centredKernelAlignment(own, other),
        permutedAlignment: centredKernelAlignment(own, other.gatherRows(permutation)),
        overlap: NeighbourOverlap(left, right, rows: known.indices.map { Int32($0) }))
    }
    shared = agreement(parts.collaborativeShared, parts.languageShared)
    specific = agreement(parts.collaborativeSpecific, parts.languageSpecific)
    collaborativeCosine = Self.meanCosine(parts.collaborativeShared, parts.collaborativeSpecific)
    languageCosine = Self.meanCosine(parts.languageShared, parts.languageSpecific)
    centres = bundle.centres.map { CentreAgreement($0, userCount: bundle.userCount) }
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

/// How many users and items are in matched preference centres, and how many could be.
struct CentreAgreement {
  /// Share of the users whose language centre is matched with their collaborative centre.
  let users: Double
  /// The same of the items.
  let items: Double
  /// The same of all of them.
  let all: Double
  /// The same of all, if the centres were matched one to one as well as their members allow.
  ///
  /// Where this is far above `all` and `hasCommonGroups`, the matching pairs the wrong ones.
  let best: Double
  /// What `best` is when the language labels are dealt out anew: groups of these sizes that have nothing in common.
  let chance: Double

  /// Whether both sides form much the same groups, whatever the matching makes of them.
  var hasCommonGroups: Bool { best > 0.5 && best > chance + 0.2 }

  /// Counts the nodes of a model; users come first.
  init(_ centres: PreferenceCentres, userCount: Int) {
    let nodes = centres.collaborativeLabels.count
    let size = max(centres.collaborative.rows, centres.language.rows)
    var agreeing = (users: 0, items: 0)
    for node in 0..<nodes {
      let (own, other) = (Int(centres.collaborativeLabels[node]), centres.languageLabels[node])
      guard centres.matching[own] == other else { continue }
      if node < userCount { agreeing.users += 1 } else { agreeing.items += 1 }
    }
    /// Nodes in matched centres under the best one-to-one matching.
    func most(_ languageLabels: [Int32]) -> Double {
      var together = [Double](repeating: 0, count: size * size)
      for (own, other) in zip(centres.collaborativeLabels, languageLabels) {
        together[Int(own) * size + Int(other)] += 1
      }
      let assignment = optimalAssignment(distances: together.map { -$0 }, size: size)
      return assignment.enumerated().reduce(0.0) { $0 + together[$1.offset * size + $1.element] }
    }
    var permuted = centres.languageLabels
    var order = RandomStream(seed: 0, purpose: .mapLayout, step: 3)
    order.shuffle(&permuted)
    users = Double(agreeing.users) / Double(max(1, userCount))
    items = Double(agreeing.items) / Double(max(1, nodes - userCount))
    all = Double(agreeing.users + agreeing.items) / Double(max(1, nodes))
    best = most(centres.languageLabels) / Double(max(1, nodes))
    chance = most(permuted) / Double(max(1, nodes))
  }
}
