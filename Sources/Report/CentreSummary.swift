// What a preference centre is about: how large it is and the items nearest to it.

import ModelFile
import Numerics

/// One pair of matched preference centres.
struct CentreSummary {
  /// The collaborative centre.
  let collaborative: Int
  /// The language centre it is matched with.
  let language: Int
  /// Users and items in the collaborative centre.
  let users: Int
  let items: Int
  /// Share of those users and items whose language centre is the matched one.
  let agreement: Double
  /// The language centre with most of those users and items, and their share in it; nil for an empty centre.
  let largest: (language: Int, share: Double)?
  /// Items nearest to the collaborative centre and, on the other side, to the language centre; best first.
  let nearestByBehaviour: [Int32]
  let nearestByLanguage: [Int32]

  /// Titles listed for a centre and side.
  static let listed = 5

  /// The centres of a model, largest first; none where it has none.
  /// - Parameters:
  ///   - bundle: the model.
  ///   - degrees: training interactions of each item; items without any are not listed for behaviour.
  static func all(_ bundle: Bundle, degrees: [Int32]) -> [CentreSummary] {
    guard let centres = bundle.centres, let parts = bundle.components else { return [] }
    let users = bundle.userCount
    let nodes = users + bundle.itemCount
    func nearest(_ centre: Int, _ centreVectors: Matrix, _ vectors: Matrix, _ labels: [Int32], known: Bool) -> [Int32] {
      guard centreVectors.columns == vectors.columns else { return [] }
      let query = centreVectors.row(centre)
      var found: [(score: Float, item: Int32)] = []
      for node in users..<nodes where Int(labels[node]) == centre {
        let item = node - users
        if known && degrees[item] == 0 { continue }
        let norm = Float(kernels.sumOfSquares(vectors.row(node), vectors.columns).squareRoot())
        guard norm > 0 else { continue }
        found.append((kernels.dot(query, vectors.row(node), vectors.columns) / norm, Int32(item)))
      }
      found.sort { ($0.score, $1.item) > ($1.score, $0.item) }
      return found.prefix(listed).map(\.item)
    }
    let summaries = (0..<centres.collaborative.rows).map { centre -> CentreSummary in
      let members = (0..<nodes).filter { Int(centres.collaborativeLabels[$0]) == centre }
      let matched = Int(centres.matching[centre])
      var counts = [Int](repeating: 0, count: centres.language.rows)
      for node in members { counts[Int(centres.languageLabels[node])] += 1 }
      let most = counts.indices.max { (counts[$0], $1) < (counts[$1], $0) }
      return CentreSummary(
        collaborative: centre, language: matched, users: members.count { $0 < users },
        items: members.count { $0 >= users },
        agreement: members.isEmpty ? 0 : Double(counts[matched]) / Double(members.count),
        largest: members.isEmpty ? nil : most.map { ($0, Double(counts[$0]) / Double(members.count)) },
        nearestByBehaviour: nearest(
          centre, centres.collaborative, parts.collaborativeShared, centres.collaborativeLabels, known: true),
        nearestByLanguage: nearest(
          matched, centres.language, parts.languageShared, centres.languageLabels, known: false))
    }
    return summaries.sorted { left, right in
      (left.users + left.items, right.collaborative) > (right.users + right.items, left.collaborative)
    }
  }
}
