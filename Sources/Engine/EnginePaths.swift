// The strongest ways through the graph from a user to an item.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Past items that the strength of all paths is added up for.
  private static let listedVias = 5

  /// The strongest paths user - item - user - item of the graph behind a score.
  ///
  /// The value of a path is the part of the score that the encoder carries along it (`LinearEncoder.paths`); the values
  /// of all paths, what comes from users who do not have the item, and what the past items and the user bring
  /// themselves add up to the score.
  func paths(_ request: PathRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    let user = try userIndex(request.user)
    let item = try itemIndex(request.item)
    let history = bundle.interactions.row(user).filter { Int($0) != item }
    guard let encoder = encoder(user: user, history: Array(bundle.interactions.row(user))) else {
      guard case .propagation = bundle.attribution else {
        throw .notAvailable(
          "no paths: the model '\(bundle.name)' does not rank by linear propagation over a graph; `explain` says what "
            + "past items add")
      }
      return withoutRecipe(user: user, item: item, top: request.top)
    }
    let others = itemUsers.row(item).filter { Int($0) != user }
    if cancellation.isCancelled { throw .interrupted }
    let all = encoder.paths(user: user, item: item, history: history, others: others) { self.itemUsers.row(Int($0)) }
    if cancellation.isCancelled { throw .interrupted }
    let score = Double(self.score(user: user, item: item))
    let strongest = all.sorted { first, second in
      if first.value != second.value { return first.value > second.value }
      return (first.item, first.user) < (second.item, second.user)
    }.prefix(request.top)
    let total = all.reduce(0) { $0 + $1.value }
    let vias = sumsByItem(all)
    let record: [JSONValue.Member] = [
      .init("schema", "darec/paths/1"), .init("type", "paths"), .init("model", modelRecord),
      .init("user", .object(identity(of: .user, user) + [.init("kind", "known")])),
      .init("item", .object(identity(of: .item, item))), .init("top", .integer(request.top)),
      .init("score", .number(score)), .init("paths_in_all", .integer(all.count)), .init("sum", .number(total)),
      .init(
        "paths",
        .array(
          strongest.map { path -> JSONValue in
            [
              "item": .object(identity(of: .item, Int(path.item))),
              "user": .object(identity(of: .user, Int(path.user))),
              "value": .number(path.value),
            ]
          })),
      .init(
        "by_item",
        .array(
          vias.map { via -> JSONValue in
            .object(
              identity(of: .item, Int(via.item)) + [
                .init("paths", .integer(via.paths)), .init("value", .number(via.value)),
              ])
          })),
    ]
    var sentences: [String] = []
    if let first = strongest.first {
      sentences.append(
        "The strongest way from \(name(of: .user, user)) to \(name(of: .item, item)) goes over "
          + "\(name(of: .item, Int(first.item))) and user \(bundle.users[Int(first.user)]), who has both "
          + "(\(decimal(first.value, places: 4)) of the score \(decimal(score)))."
      )
      let share = score != 0 ? ", \(decimal(100 * total / score, places: 1)) % of the score" : ""
      sentences.append(
        "\(count(all.count, "such path")) of user, item, user, item carry \(decimal(total)) together\(share); the rest "
          + "comes from the past items and the user themselves"
          + (bundle.modelDimension < bundle.dimension ? ", from their texts," : "")
          + " and from people without the item.")
    } else {
      sentences.append(
        "No path of user, item, user, item leads from \(name(of: .user, user)) to \(name(of: .item, item)): nobody who "
          + "has it shares an item with the user.")
    }
    return Answer(
      kind: "paths", records: [.object(record)], sentences: sentences,
      tables: [
        AnswerTable(
          title: "Strongest paths",
          columns: [
            .init("over_item", .identifier), .init("title", .title), .init("over_user", .identifier),
            .init("value", .bar),
          ],
          rows: strongest.map { path in
            [
              .text(bundle.items[Int(path.item)]), titleCell(of: .item, Int(path.item)),
              .text(bundle.users[Int(path.user)]), .number(path.value),
            ]
          }),
        AnswerTable(
          title: "All paths by past item",
          columns: [
            .init("item", .identifier), .init("title", .title), .init("paths", .number), .init("value", .bar),
          ],
          rows: vias.map { via in
            [
              .text(bundle.items[Int(via.item)]), titleCell(of: .item, Int(via.item)), .integer(via.paths),
              .number(via.value),
            ]
          }),
      ])
  }

  /// What is said of a model that has a graph but was saved before bundles kept its recipe.
  private func withoutRecipe(user: Int, item: Int, top: Int) -> Answer {
    Answer(
      kind: "paths",
      records: [
        .object([
          .init("schema", "darec/paths/1"), .init("type", "paths"), .init("model", modelRecord),
          .init("user", .object(identity(of: .user, user) + [.init("kind", "known")])),
          .init("item", .object(identity(of: .item, item))), .init("top", .integer(top)),
          .init("score", .number(Double(score(user: user, item: item)))), .init("paths", []),
          .init("reason", "no_recipe"),
        ])
      ],
      sentences: [
        "The model '\(bundle.name)' was saved without the recipe of its graph, so paths cannot be followed; train it again "
          + "with this version. `explain` says what past items add."
      ])
  }

  /// The past items whose paths carry most together.
  private func sumsByItem(
    _ paths: [(item: Int32, user: Int32, value: Double)]
  ) -> [(item: Int32, paths: Int, value: Double)] {
    var sums: [(item: Int32, paths: Int, value: Double)] = []
    for path in paths {
      if sums.last?.item == path.item {
        sums[sums.count - 1].paths += 1
        sums[sums.count - 1].value += path.value
      } else {
        sums.append((path.item, 1, path.value))
      }
    }
    return Array(sums.sorted { ($1.value, $0.item) < ($0.value, $1.item) }.prefix(Self.listedVias))
  }
}
