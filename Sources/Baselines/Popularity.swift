// The most popular items for everybody.

import Numerics

/// score(u, i) = number of training interactions of item i: vectors of width 1.
package enum Popularity {
  /// Users' vectors are 1, items' their counts.
  package static func fit(_ problem: BaselineProblem) -> FittedBaseline {
    let users = Matrix(rows: problem.users, columns: 1)
    users.fill(1)
    let items = Matrix(rows: problem.items, columns: 1)
    for item in problem.training.columnIndices { items.pointer[Int(item)] += 1 }
    return .vectors(users: users, items: items)
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "popularity", summary: "the items with most training interactions, for everybody", options: [],
    needsText: false, tuningGrid: []
  ) { problem, _ in fit(problem) }
}
