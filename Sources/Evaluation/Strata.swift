// Metrics of parts of the users and of parts of the items. Guide: Docs/Evaluation.md, "Strata".

import Files
import Numerics

/// The metrics of one part of the users or of the items.
package struct Stratum: Sendable, Equatable {
  /// What is in it, such as `6-10` or `head`.
  package let name: String
  /// Metrics of the users that count; there may be none.
  package let metrics: UserMetrics
  /// Number of items in a part of the items, nil for a part of the users.
  package let items: Int?
  /// Share of all places of the lists that the part's items take, nil for a part of the users or without places.
  package let placeShare: Double?

  /// `users`, for items also `items` and `place_share`, then the mean of each wanted metric, null without a user.
  /// - Parameter names: the wanted metrics.
  package func json(_ names: [MetricName] = [MetricName(.recall, 20), MetricName(.ndcg, 20)]) -> JSONValue {
    var members: [JSONValue.Member] = [.init("users", .integer(metrics.users.count))]
    if let items {
      members += [.init("items", .integer(items)), .init("place_share", .finite(placeShare))]
    }
    for name in names {
      members.append(.init(name.text, .finite(metrics.mean(name.metric, at: name.cutoff))))
    }
    return .object(members)
  }

  /// One member for each stratum in order, named by it.
  package static func json(_ strata: [Stratum]) -> JSONValue {
    .object(strata.map { .init($0.name, $0.json()) })
  }
}

/// Users by their number of training items.
package enum UserDegreeStrata {
  /// Most training items of the users of each stratum; the last has no bound.
  private static let bounds: [(name: String, upper: Int)] = [
    ("<=5", 5), ("6-10", 10), ("11-20", 20), (">20", Int.max),
  ]

  /// Splits metrics by how much is known of a user; every stratum is there, also an empty one.
  /// - Parameters:
  ///   - metrics: of all evaluated users.
  ///   - training: `[users, items]`.
  package static func strata(of metrics: UserMetrics, training: CSRMatrix) -> [Stratum] {
    var positions = bounds.map { _ in [Int]() }
    for (position, user) in metrics.users.enumerated() {
      let degree = training.degree(Int(user))
      if let stratum = bounds.firstIndex(where: { degree <= $0.upper }) { positions[stratum].append(position) }
    }
    return zip(bounds, positions).map { bound, positions in
      Stratum(name: bound.name, metrics: metrics.restricted(to: positions), items: nil, placeShare: nil)
    }
  }
}

/// Items by their number of training users: thirds of the items somebody has, and the items nobody has.
///
/// Items are ordered by descending degree, ties by index; with n items of degree > 0 the first ceil(n/3) are the head,
/// those up to ceil(2n/3) the middle, the rest the tail. A metric of a stratum is the metric with only the stratum's
/// items as relevant ones, over the users who have one: ranks are those in the whole list, so recall of head, mid and
/// tail together make up the recall of all.
package struct ItemPopularityStrata: Sendable {
  private static let names = ["head", "mid", "tail", "cold"]
  /// Stratum of each item, an index into the names.
  private let stratumOfItem: [UInt8]

  /// Orders the items of `[users, items]`.
  package init(training: CSRMatrix) {
    let degrees = training.columnDegrees()
    let ordered = degrees.indices.filter { degrees[$0] > 0 }.sorted {
      degrees[$0] != degrees[$1] ? degrees[$0] > degrees[$1] : $0 < $1
    }
    var strata = [UInt8](repeating: 3, count: degrees.count)
    let head = (ordered.count + 2) / 3
    let middle = (2 * ordered.count + 2) / 3
    for (rank, item) in ordered.enumerated() { strata[item] = rank < head ? 0 : rank < middle ? 1 : 2 }
    stratumOfItem = strata
  }

  /// Which stratum an item is in: `head`, `mid`, `tail` or `cold`.
  package func name(of item: Int32) -> String { Self.names[Int(stratumOfItem[Int(item)])] }

  /// Metrics of each stratum: `head`, `mid` and `tail` always, `cold` where there is an item nobody has.
  /// - Parameters:
  ///   - lists: one for each evaluated user of `ranking`, best first.
  ///   - ranking: the evaluation the lists belong to.
  package func strata(of lists: [[Int32]], _ ranking: FullRanking) -> [Stratum] {
    precondition(stratumOfItem.count == ranking.relevant.columns, "the strata are of another number of items")
    precondition(lists.count == ranking.evaluatedUsers.count, "one list is needed for each user")
    var places = [Int](repeating: 0, count: Self.names.count)
    for list in lists {
      for item in list { places[Int(stratumOfItem[Int(item)])] += 1 }
    }
    let allPlaces = places.reduce(0, +)
    return Self.names.indices.compactMap { stratum in
      let items = stratumOfItem.count { Int($0) == stratum }
      guard stratum < 3 || items > 0 else { return nil }
      return Stratum(
        name: Self.names[stratum], metrics: metrics(of: stratum, lists, ranking), items: items,
        placeShare: allPlaces > 0 ? Double(places[stratum]) / Double(allPlaces) : nil)
    }
  }

  private func metrics(of stratum: Int, _ lists: [[Int32]], _ ranking: FullRanking) -> UserMetrics {
    func belongs(_ item: Int32) -> Bool { Int(stratumOfItem[Int(item)]) == stratum }
    let relevant = ranking.evaluatedUsers.map { user in ranking.relevant.row(Int(user)).count(where: belongs) }
    let positions = relevant.indices.filter { relevant[$0] > 0 }
    return UserMetrics(users: positions.map { ranking.evaluatedUsers[$0] }, cutoffs: ranking.cutoffs) { index in
      let position = positions[index]
      let user = Int(ranking.evaluatedUsers[position])
      let hits = lists[position].map { belongs($0) && ranking.relevant.contains(row: user, column: $0) }
      return (hits, relevant[position])
    }
  }
}
