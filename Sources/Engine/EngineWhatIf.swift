// What would be recommended with another history, and with a taste that is steered.

import Files
import ModelFile
import Numerics

/// A score divided into terms, of whatever kind they are.
struct DividedScore {
  /// One term.
  struct Term {
    /// `history_item`, `self` or `steering`.
    var kind: String
    /// The past item, or the item steered by; nil for the own part.
    var item: Int32?
    var value: Double
  }

  var item: Int
  var score: Double
  /// Largest magnitude first.
  var terms: [Term]
  /// True when the terms are the score by an identity of the model.
  var isExact: Bool

  /// The score minus the terms.
  var residual: Double { terms.reduce(score) { $0 - $1.value } }

  init(item: Int, score: Double, terms: [Term], isIdentity: Bool) {
    self.item = item
    self.score = score
    self.terms = terms.sorted { first, second in
      if first.value.magnitude != second.value.magnitude { return first.value.magnitude > second.value.magnitude }
      return first.item ?? .max < second.item ?? .max
    }
    let magnitude = terms.reduce(0) { $0 + $1.value.magnitude }
    let sum = terms.reduce(0) { $0 + $1.value }
    isExact = isIdentity && (score - sum).magnitude <= 1e-5 * max(1, magnitude)
  }
}

extension Engine {
  /// Terms of the first item that are listed in tables.
  private static let listedTerms = 8

  /// What would be recommended if the user's history had some items more or fewer.
  ///
  /// The scores are those of `editedScores`; what the user has, had or is given is not recommended.
  func whatIf(_ request: WhatIfRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    let user = try userIndex(request.user)
    let past = Array(bundle.interactions.row(user))
    let added = try itemIndices(request.added)
    let removed = try itemIndices(request.removed)
    guard !added.isEmpty || !removed.isEmpty else {
      throw .invalid("name items to add with +ITEM or to take away with -ITEM")
    }
    for word in request.added {
      let item = try itemIndex(word)
      if contains(removed, Int32(item)) {
        throw .invalidWord("\(name(of: .item, item)) cannot be added and taken away at once", word: word)
      }
      if contains(past, Int32(item)) {
        throw .invalidWord("the user has \(name(of: .item, item)) already; take it away with -", word: word)
      }
    }
    for word in request.removed {
      let item = try itemIndex(word)
      if !contains(past, Int32(item)) {
        throw .invalidWord("the user does not have \(name(of: .item, item)), so it cannot be taken away", word: word)
      }
    }
    let history = (past.filter { !contains(removed, $0) } + added).sorted()
    let leftOut = (past + added).sorted()
    let before = try editedScores(user: user, history: past, cancellation: cancellation)
    let after = try editedScores(user: user, history: history, cancellation: cancellation)
    let best = best(of: after, top: request.top, leavingOut: leftOut)
    let movements = best.map { item in
      (item: item, score: after[item], before: before[item], place: rank(of: item, in: before, leavingOut: leftOut))
    }
    if cancellation.isCancelled { throw .interrupted }
    let divided = best.first.map { dividedScore(user: user, history: history, item: $0, score: after[$0]) }
    func list(_ items: [Int32]) -> JSONValue { .array(items.map { .object(identity(of: .item, Int($0))) }) }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/what-if/1"), .init("type", "what_if"), .init("model", modelRecord),
      .init("user", .object(identity(of: .user, user) + [.init("kind", "known")])), .init("added", list(added)),
      .init("removed", list(removed)), .init("method", .string(editMethod.rawValue)),
      .init("top", .integer(request.top)),
      .init(
        "items",
        .array(
          movements.enumerated().map { position, movement -> JSONValue in
            .object(
              [.init("rank", .integer(position + 1))] + identity(of: .item, movement.item) + [
                .init("score", .number(movement.score)), .init("rank_before", .integer(movement.place)),
                .init("score_before", .number(movement.before)),
              ])
          })),
    ]
    if let divided { record.append(.init("explained", self.record(of: divided))) }
    let edit = [(" with ", added), (" without ", removed)].filter { !$0.1.isEmpty }
      .map { $0.0 + $0.1.map { name(of: .item, Int($0)) }.joined(separator: ", ") }.joined(separator: " and")
    let news = movements.filter { $0.place > request.top }
    let how =
      editMethod == .repropagation
      ? "the edited graph was propagated anew"
      : editMethod == .refit
        ? "the user's vector was refitted; this model has no graph" : "only the user's vector is new"
    var sentences = [
      "\(capitalized(name(of: .user, user)))\(edit): "
        + (news.isEmpty
          ? movements.count < request.top
            ? "every other item is in the list, as before"
            : "the same items stay in the top \(request.top)"
          : "\(count(news.count, "item")) of the top \(request.top) \(news.count == 1 ? "is" : "are") new")
        + " (\(how))."
    ]
    if let divided { sentences.append(sentence(of: divided)) }
    return Answer(
      kind: "what_if", records: [.object(record)], sentences: sentences,
      tables: [
        AnswerTable(
          columns: [
            .init("rank", .number), .init("was", .number), .init("item", .identifier), .init("title", .title),
            .init("score", .bar), .init("score_before", .number),
          ],
          rows: movements.enumerated().map { position, movement in
            [
              .integer(position + 1), .integer(movement.place), .text(bundle.items[movement.item]),
              titleCell(of: .item, movement.item), .number(movement.score), .number(movement.before),
            ]
          })
      ] + (divided.map { [table(of: $0)] } ?? []))
  }

  /// What is recommended to a user whose taste is moved towards an item or away from it.
  ///
  /// With q the item's final vector at the length of the user's, a the strength and e the user's vector,
  /// e' = (1 - a) e + a q, or (1 - a) e - a q for less of it: every score is the sum of its old terms times 1 - a and one
  /// term of steering.
  func steer(_ request: SteerRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    guard request.strength > 0, request.strength <= 1 else {
      throw .invalid("the strength must be above 0 and at most 100 %")
    }
    let user = try userIndex(request.user)
    let item = try itemIndex(request.item)
    let width = bundle.dimension
    let target = bundle.finalItems.row(item)
    let vector = bundle.finalUsers.row(user)
    let norms = (innerProduct(vector, vector, width).squareRoot(), innerProduct(target, target, width).squareRoot())
    guard norms.1 > 0 else { throw .invalid("\(name(of: .item, item)) has no direction: its vector is zero") }
    let length = norms.0 > 0 ? norms.0 / norms.1 : 1
    let factor = (request.isTowards ? 1 : -1) * request.strength * length
    let before = try scores(of: bundle.finalUsers.row(user), cancellation: cancellation).map(Double.init)
    let towards = try scores(of: bundle.finalItems.row(item), cancellation: cancellation)
    let after = zip(before, towards).map { (1 - request.strength) * $0 + factor * Double($1) }
    let past = Array(bundle.interactions.row(user))
    let leftOut = (past + (contains(past, Int32(item)) ? [] : [Int32(item)])).sorted()
    let best = best(of: after, top: request.top, leavingOut: leftOut)
    let divided = best.first.map { first -> DividedScore in
      let usual = contributions(user: user, item: first)
      var terms = usual.terms.map {
        DividedScore.Term(kind: "history_item", item: $0.item, value: (1 - request.strength) * $0.value)
      }
      if usual.isIdentity { terms.append(.init(kind: "self", value: (1 - request.strength) * usual.own)) }
      terms.append(.init(kind: "steering", item: Int32(item), value: factor * Double(towards[first])))
      return DividedScore(item: first, score: after[first], terms: terms, isIdentity: usual.isIdentity)
    }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/steering/1"), .init("type", "steering"), .init("model", modelRecord),
      .init("user", .object(identity(of: .user, user) + [.init("kind", "known")])),
      .init("item", .object(identity(of: .item, item))), .init("direction", request.isTowards ? "more" : "less"),
      .init("strength", .number(request.strength)), .init("top", .integer(request.top)),
      .init(
        "items",
        .array(
          best.enumerated().map { position, found -> JSONValue in
            .object(
              [.init("rank", .integer(position + 1))] + identity(of: .item, found) + [
                .init("score", .number(after[found])),
                .init("rank_before", .integer(rank(of: found, in: before, leavingOut: leftOut))),
              ])
          })),
    ]
    if let divided { record.append(.init("explained", self.record(of: divided))) }
    let places = best.map { rank(of: $0, in: before, leavingOut: leftOut) }
    let news = places.count { $0 > request.top }
    var sentences = [
      "\(request.isTowards ? "More" : "Less") like \(name(of: .item, item)) for \(name(of: .user, user)), "
        + "\(wholePercent(request.strength)) of the way: \(count(news, "item")) of the top \(request.top) "
        + "\(news == 1 ? "is" : "are") new."
    ]
    if let divided { sentences.append(sentence(of: divided)) }
    return Answer(
      kind: "steering", records: [.object(record)], sentences: sentences,
      tables: [
        AnswerTable(
          columns: [
            .init("rank", .number), .init("was", .number), .init("item", .identifier), .init("title", .title),
            .init("score", .bar),
          ],
          rows: best.enumerated().map { position, found in
            [
              .integer(position + 1), .integer(places[position]), .text(bundle.items[found]),
              titleCell(of: .item, found), .number(after[found]),
            ]
          })
      ] + (divided.map { [table(of: $0)] } ?? []))
  }

  /// The best items by descending score, then item order.
  /// - Parameter leftOut: ascending.
  private func best(of scores: [Double], top: Int, leavingOut leftOut: [Int32]) -> [Int] {
    // Selection is in Float; the order of what was selected is that of the Doubles.
    let floats = scores.map(Float.init)
    let chosen = floats.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: top, excluding: leftOut[...])
    }
    return chosen.map { Int($0.index) }.sorted { (scores[$1], $0) < (scores[$0], $1) }
  }

  /// The score of an item for an edited history as terms.
  func dividedScore(user: Int, history: [Int32], item: Int, score: Double) -> DividedScore {
    let parts: (own: Double, terms: [(item: Int32, value: Double)], isIdentity: Bool)
    if let encoder = encoder(user: user, history: history) {
      let divided = encoder.contributions(user: user, item: item, history: history)
      parts = (divided.own, divided.terms, true)
    } else {
      parts = closedFormTerms(user: user, history: history, item: item)
    }
    let language = bundle.modelDimension..<bundle.dimension
    var terms = parts.terms.map { past, value in
      let weight = language.isEmpty ? 0 : editedWeight(of: past, user: user, among: history.count)
      return DividedScore.Term(
        kind: "history_item", item: past,
        value: value + (language.isEmpty ? 0 : historyTerm(of: past, columns: language, item: item, weight: weight)))
    }
    if parts.isIdentity { terms.append(.init(kind: "self", value: parts.own)) }
    return DividedScore(item: item, score: score, terms: terms, isIdentity: parts.isIdentity)
  }

  // MARK: - Presentation

  /// A divided score as a record.
  func record(of divided: DividedScore) -> JSONValue {
    [
      "item": .object(identity(of: .item, divided.item)), "score": .number(divided.score),
      "contributions": .array(
        divided.terms.map { term -> JSONValue in
          .object(
            [.init("kind", .string(term.kind))] + (term.item.map { identity(of: .item, Int($0)) } ?? [])
              + [.init("value", .number(term.value))])
        }),
      "residual": .number(divided.residual), "exact": .bool(divided.isExact),
    ]
  }

  /// The causes of a divided score in words.
  func sentence(of divided: DividedScore) -> String {
    let causes = divided.terms.filter { $0.value > 0 }.prefix(3).map { term -> String in
      let what: String
      switch term.kind {
      case "steering": what = "the steering"
      case "self": what = "the user's own part"
      default: what = term.item.map { name(of: .item, Int($0)) } ?? term.kind
      }
      return "\(what) (+\(decimal(term.value)))"
    }
    return "First comes \(name(of: .item, divided.item)), score \(decimal(divided.score))"
      + (causes.isEmpty ? "." : ", most by \(causes.joined(separator: ", ")).")
  }

  /// A divided score as a table.
  func table(of divided: DividedScore) -> AnswerTable {
    var rows: [[AnswerCell]] = divided.terms.prefix(Self.listedTerms).map { term in
      [
        .text(term.kind), term.item.map { .text(bundle.items[Int($0)]) } ?? .missing,
        term.item.map { titleCell(of: .item, Int($0)) } ?? .missing, .number(term.value),
      ]
    }
    let hidden = divided.terms.dropFirst(Self.listedTerms).reduce(divided.residual) { $0 + $1.value }
    if divided.terms.count > Self.listedTerms || !divided.isExact {
      rows.append([.text("rest"), .missing, .missing, .number(hidden)])
    }
    return AnswerTable(
      title: "Why number 1",
      columns: [.init("kind", .word), .init("item", .identifier), .init("title", .title), .init("value", .bar)],
      rows: rows)
  }
}
