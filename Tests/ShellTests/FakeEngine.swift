// A stand-in for a model: small, fixed, and hostile where asked.

import Engine
import Files
import Shell

/// Answers from a handful of users and items; remembers nothing.
final class FakeEngine: QueryAnswering {
  let users: [String]
  let items: [String]
  let itemTitles = ["Star Wars (1977)", "Postman, The (1997)", "Twelve Monkeys", "Say \"Hi\"", "Toy Story (1995)"]
  /// Called inside `recommend`, so that a test can interrupt.
  let onRecommend: @Sendable () -> Void

  /// False for a model without shared and specific parts.
  let hasParts: Bool

  /// Answers `explain` in place of an echo.
  let explanation: (@Sendable (ExplainRequest) -> Answer)?

  init(
    users: [String] = ["196", "197", "20", "user with blank"], items: [String] = ["50", "51", "7", "a,b", "-5"],
    onRecommend: @escaping @Sendable () -> Void = {}, hasParts: Bool = true,
    explanation: (@Sendable (ExplainRequest) -> Answer)? = nil
  ) {
    self.users = users
    self.items = items
    self.explanation = explanation
    self.hasParts = hasParts
    self.onRecommend = onRecommend
  }

  func recommend(_ request: RecommendRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    onRecommend()
    if cancellation.isCancelled { throw .interrupted }
    if let user = request.user, !users.contains(user) { throw .unknownUser(user, near: ["196", "197"]) }
    var chosen = Array(zip(items, itemTitles))
    if let candidates = request.candidates { chosen = chosen.filter { candidates.contains($0.0) } }
    chosen = chosen.filter { !request.excluded.contains($0.0) }
    var records: [JSONValue] = []
    var rows: [[AnswerCell]] = []
    for (rank, (id, title)) in chosen.prefix(request.top).enumerated() {
      let score = Float(1) / Float(rank + 3)
      records.append(
        .object([
          .init("user", request.user.map { .string($0) } ?? .null), .init("rank", .integer(rank + 1)),
          .init("item", .string(id)), .init("title", .string(title)), .init("score", .float(score)),
        ]))
      rows.append([.integer(rank + 1), .text(id), .text(title), .number(Double(score))])
    }
    return Answer(
      kind: "recommendation", records: records, isSingle: false,
      tables: [
        AnswerTable(
          columns: [
            AnswerColumn("rank", .number), AnswerColumn("item", .identifier), AnswerColumn("title", .title),
            AnswerColumn("score", .bar),
          ], rows: rows)
      ])
  }

  func similar(_ request: SimilarRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    Self.echo("similar", ["\(request.kind)", request.id, "\(request.space)", "\(request.side)", "\(request.top)"])
  }

  func components(kind: EntityKind, id: String) throws(QueryError) -> Answer {
    guard hasParts else { throw .notAvailable("no parts") }
    return Self.echo("components", ["\(kind)", id])
  }

  func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    explanation?(request) ?? Self.echo("explain", [request.user, request.item, "\(request.neighbors)"])
  }

  func answer(_ query: Query, cancellation: Cancellation) throws(QueryError) -> Answer {
    Self.echo("query", ["\(query)"])
  }

  func find(_ text: String, top: Int) -> Answer { Self.echo("find", [text, "\(top)"]) }
  func stats() -> Answer { Self.echo("stats", []) }
  func model() -> Answer { Self.echo("model", []) }
  func dataSet() -> Answer { Self.echo("dataset", []) }
  var summary: String { "fake: 4 users, 5 items" }

  func ids(of kind: EntityKind, startingWith prefix: String, limit: Int) -> [String] {
    Array((kind == .user ? users : items).filter { $0.hasPrefix(prefix) }.sorted().prefix(limit))
  }

  func titles(startingWith prefix: String, limit: Int) -> [String] {
    Array(itemTitles.filter { $0.lowercased().hasPrefix(prefix.lowercased()) }.sorted().prefix(limit))
  }

  /// The first two items, whoever asks.
  func pastItems(of user: String) -> [String] { users.contains(user) ? Array(items.prefix(2)) : [] }

  /// An answer that repeats what was asked.
  static func echo(_ kind: String, _ values: [String]) -> Answer {
    Answer(
      kind: kind,
      records: [.object([.init("kind", .string(kind)), .init("asked", .array(values.map { .string($0) }))])],
      sentences: ["Asked \(kind) of \(values.joined(separator: ", "))."],
      tables: [
        AnswerTable(columns: [AnswerColumn("asked", .title)], rows: values.map { [.text($0)] })
      ])
  }
}
