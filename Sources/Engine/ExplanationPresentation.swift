// An explanation as the record `darec/explanation/1`, as sentences and as tables.
// The record's members: Docs/ExplanationSchema.md.

import Files
import ModelFile
import Numerics

extension Engine {
  /// The record `darec/explanation/1`.
  func record(of explanation: Explanation, request: ExplainRequest) -> JSONValue {
    var asked: [JSONValue.Member] = [
      .init("neighbors", .integer(request.neighbors)), .init("top", .integer(request.top)),
    ]
    if let limit = request.contributions { asked.append(.init("contributions", .integer(limit))) }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/explanation/1"), .init("schema_version", "1.1"), .init("type", "explanation"),
      .init("generator", Self.generatorRecord), .init("model", modelRecord), .init("request", .object(asked)),
      .init("user", .object(identity(of: .user, explanation.user) + [.init("kind", "known")])),
      .init("item", .object(identity(of: .item, explanation.item))),
      .init("rank", .integer(explanation.rank)), .init("candidates", .integer(explanation.candidates)),
      .init(
        "score",
        .object(
          [.init("value", .number(explanation.score)), .init("kind", "dot")]
            + partsMember(explanation.parts.map(\.value)))),
      .init("contributions", .array(explanation.terms.map(termRecord))),
      .init("residual", .number(explanation.residual)), .init("exact", .bool(explanation.isExact)),
    ]
    if let evidence = explanation.evidence {
      record.append(
        .init(
          "evidence",
          [
            "share": .number(Explanation.evidenceShare), "terms": .integer(evidence.terms),
            "sum": .number(evidence.sum),
          ]))
    }
    if let counterfactual = explanation.counterfactual { record += members(of: counterfactual) }
    if let parts = componentsRecord(explanation) { record.append(.init("components", parts)) }
    record.append(
      .init(
        "neighbours",
        [
          "users": .array(explanation.userNeighbours.map { neighbourRecord($0, .user) }),
          "items": .array(explanation.itemNeighbours.map { neighbourRecord($0, .item) }),
        ]))
    let warnings = explanation.warnings.map { warning -> JSONValue in
      ["code": .string(warning.code), "message": .string(warning.message)]
    }
    record.append(.init("warnings", .array(warnings)))
    return .object(record)
  }

  /// The set, and what was found when it was tried; only the latter when no set drops the item.
  func members(of counterfactual: Counterfactual) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if counterfactual.isFound {
      let removed = counterfactual.removed.map { JSONValue.object(identity(of: .item, Int($0))) }
      members.append(.init("counterfactual", .array(removed)))
    }
    members.append(
      .init(
        "counterfactual_test",
        [
          "top": .integer(counterfactual.top), "found": .bool(counterfactual.isFound),
          "method": .string(counterfactual.method.rawValue), "rank": .integer(counterfactual.rank),
          "score": .number(counterfactual.score),
        ]))
    return members
  }

  /// The member `parts` of values in the order of the score's parts; none without values.
  private func partsMember(_ values: [Double]) -> [JSONValue.Member] {
    guard !values.isEmpty else { return [] }
    let parts = zip(bundle.scoreParts, values).map { part, value -> JSONValue in
      ["name": .string(part.name), "value": .number(value)]
    }
    return [.init("parts", .array(parts))]
  }

  private func termRecord(_ term: Explanation.Term) -> JSONValue {
    let start: [JSONValue.Member]
    if let item = term.item {
      start = [.init("kind", "history_item")] + identity(of: .item, Int(item))
    } else {
      start = [.init("kind", "self")]
    }
    return .object(
      start + [.init("value", .number(term.value)), .init("share", .number(term.share))] + partsMember(term.parts))
  }

  private func neighbourRecord(_ neighbour: Explanation.Neighbour, _ kind: EntityKind) -> JSONValue {
    var members = identity(of: kind, Int(neighbour.index))
    members.append(.init("similarity", .number(neighbour.similarity)))
    members.append(.init("space", .string(neighbour.view.space.rawValue)))
    if let side = neighbour.view.side { members.append(.init("side", .string(side.rawValue))) }
    members.append(.init("has_item", true))
    members.append(.init("overlap", .integer(neighbour.overlap)))
    return .object(members)
  }

  /// Affinity of item and history in each space, and which part places the item nearer.
  private func componentsRecord(_ explanation: Explanation) -> JSONValue? {
    var members: [JSONValue.Member] = []
    for space in Space.allCases {
      let views = explanation.affinities.filter { $0.view.space == space }
      if views.isEmpty { continue }
      var parts: [JSONValue.Member] = []
      for affinity in views {
        let record = affinityRecord(affinity)
        if let side = affinity.view.side {
          parts.append(.init(side.rawValue, .object(record)))
        } else {
          parts = record
        }
      }
      if let lift = explanation.lift(space), views.first?.view.side != nil {
        parts.append(.init("lift", .number(lift)))
      }
      members.append(.init(space.rawValue, .object(parts)))
    }
    if let leading = explanation.leading { members.append(.init("ranks_higher", .string(leading.rawValue))) }
    return members.isEmpty ? nil : .object(members)
  }

  private func affinityRecord(_ affinity: Explanation.Affinity) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("cosine", .number(affinity.userItemCosine)), .init("user_norm", .number(affinity.userNorm)),
      .init("item_norm", .number(affinity.itemNorm)),
    ]
    let optional = [
      ("history_affinity", affinity.history), ("baseline", affinity.baseline), ("lift", affinity.lift),
    ]
    for (key, value) in optional { if let value { members.append(.init(key, .number(value))) } }
    return members
  }

  // MARK: - Sentences

  /// The explanation as a person would say it, most important first.
  func sentences(of explanation: Explanation) -> [String] {
    let item = name(of: .item, explanation.item)
    let user = name(of: .user, explanation.user)
    var result = [
      "\(item) is number \(grouped(explanation.rank)) of \(grouped(explanation.candidates)) for \(user), "
        + "with the score \(decimal(explanation.score))."
    ]
    if !explanation.parts.isEmpty {
      let parts = explanation.parts.map { "\(decimal($0.value)) \(Self.partLabel($0.name))" }
      result.append("Of the score: \(parts.joined(separator: ", ")).")
    }
    let past = explanation.terms.filter { $0.item != nil && $0.value > 0 }.prefix(3)
    if !past.isEmpty {
      let causes = past.compactMap { term in
        term.item.map { "\(name(of: .item, Int($0))) (+\(decimal(term.value)))" }
      }
      result.append("Most for it: \(causes.joined(separator: ", ")).")
    }
    if let against = explanation.terms.first(where: { $0.item != nil && $0.value < 0 }), let item = against.item {
      result.append("Most against it: \(name(of: .item, Int(item))) (\(decimal(against.value))).")
    }
    result.append(sentence(ofSum: explanation))
    if let evidence = explanation.evidence {
      let first = evidence.terms == 1 ? "The first term carries" : "The first \(grouped(evidence.terms)) terms carry"
      result.append("\(first) 80 % of the score.")
    }
    if let counterfactual = explanation.counterfactual { result.append(sentence(of: counterfactual)) }
    if let reading = reading(of: explanation) { result.append(reading) }
    let text = explanation.itemNeighbours.first { $0.view.space == .text }
    if let text {
      result.append(
        "By its text it is closest to \(name(of: .item, Int(text.index))) of the user's items "
          + "(cosine \(decimal(text.similarity, places: 2))); "
          + (bundle.modelDimension < bundle.dimension
            ? "what texts add to the score is in its language parts." : "text is not itself part of the score."))
    }
    for warning in explanation.warnings { result.append("Note: \(warning.message).") }
    return result
  }

  /// Whether the terms are the score, and what is left of it where they are not.
  private func sentence(ofSum explanation: Explanation) -> String {
    let listed = explanation.terms.count
    guard explanation.isExact else {
      let share =
        explanation.score == 0 ? "" : ", \(wholePercent((explanation.residual / explanation.score).magnitude)) of it"
      return "The \(count(listed, "term")) leave \(decimal(explanation.residual)) of the score unexplained\(share) "
        + "(residual)."
    }
    let rest = explanation.unlisted > 0 ? " and \(count(explanation.unlisted, "smaller term")) (residual)" : ""
    let all = listed == 1 && rest.isEmpty ? "The one term is" : "All \(count(listed, "term"))\(rest) add up to"
    return "\(all) the score exactly: they are how the model computes it."
  }

  /// How sentences and columns name a part of the score: what is of the model goes without saying so.
  static func partLabel(_ name: String) -> String {
    switch name {
    case "collaborative": return "behaviour"
    case "collaborative_specific": return "specific"
    case "collaborative_shared": return "shared"
    default: return name
    }
  }

  /// What would drop the item out of the list, in words.
  func sentence(of counterfactual: Counterfactual) -> String {
    guard counterfactual.isFound else {
      return
        "No set of past items was found without which it would leave the top \(counterfactual.top); without any of them "
        + "it would be number \(grouped(counterfactual.rank)) (\(counterfactual.method.sentence(of: 2)))."
    }
    let shown = counterfactual.removed.prefix(Self.namedRemovals).map { name(of: .item, Int($0)) }
    let more = counterfactual.removed.count - shown.count
    let list = more > 0 ? shown.joined(separator: ", ") + " and \(count(more, "other"))" : shown.joined(separator: ", ")
    return "Without \(list) it would leave the top \(counterfactual.top) and be number "
      + "\(grouped(counterfactual.rank)) (\(counterfactual.method.sentence(of: counterfactual.removed.count)))."
  }

  /// Items of a counterfactual that a sentence names.
  private static let namedRemovals = 5

  /// What the shared and the specific parts say, in words.
  private func reading(of explanation: Explanation) -> String? {
    guard let leading = explanation.leading, let shared = explanation.lift(.shared),
      let specific = explanation.lift(.specific)
    else { return nil }
    let numbers =
      "(shared \(decimal(shared, places: 2)), specific \(decimal(specific, places: 2)) "
      + "standard deviations nearer than other items)"
    switch leading {
    case .shared:
      return "Behaviour and text agree on it: what they share places it near the user's items \(numbers)."
    case .specific:
      return "One side alone speaks for it: the parts that behaviour or text keeps to itself place it near the user's "
        + "items, what they share does not to the same degree \(numbers)."
    case .both:
      return
        "Both what behaviour and text share and what each keeps to itself place it near the user's items \(numbers)."
    case .neither:
      return "Neither the shared nor the specific parts place it unusually near the user's items \(numbers)."
    }
  }

  // MARK: - Tables

  /// The explanation as tables: terms first.
  func tables(of explanation: Explanation) -> [AnswerTable] {
    var rows: [[AnswerCell]] = explanation.terms.map { term in
      [
        .text(term.item == nil ? "self" : "history_item"), term.item.map { .text(bundle.items[Int($0)]) } ?? .missing,
        term.item.map { titleCell(of: .item, Int($0)) } ?? .missing, .number(term.value), .number(term.share),
      ]
    }
    let hasResidual = explanation.unlisted > 0 || !explanation.isExact
    if hasResidual {
      rows.append(
        [.text("residual"), .missing, .missing, .number(explanation.residual), .missing])
    }
    var tables = [
      AnswerTable(
        title: "Contributions",
        columns: [
          .init("kind", .word), .init("item", .identifier), .init("title", .title), .init("value", .bar),
          .init("share", .number),
        ], rows: rows, summedColumns: ["value", "share"], closingRows: hasResidual ? 1 : 0)
    ]
    if !explanation.parts.isEmpty {
      // A table of its own: with the parts' names beside value and share no screen would hold it.
      tables.append(
        AnswerTable(
          title: "Contributions by part of the score",
          columns: [.init("item", .identifier), .init("title", .title)]
            + explanation.parts.map { AnswerColumn(Self.partLabel($0.name), .number) },
          rows: explanation.terms.map { term in
            [
              term.item.map { .text(bundle.items[Int($0)]) } ?? .missing,
              term.item.map { titleCell(of: .item, Int($0)) } ?? .text("(own part)"),
            ] + term.parts.map { .number($0) }
          }))
    }
    if !explanation.affinities.isEmpty {
      tables.append(
        AnswerTable(
          title: "Nearness to the user's items",
          columns: [
            .init("space", .word), .init("side", .word), .init("cosine", .number), .init("history_affinity", .number),
            .init("baseline", .number), .init("lift", .bar),
          ],
          rows: explanation.affinities.map { affinity in
            func cell(_ value: Double?) -> AnswerCell { value.map { .number($0) } ?? .missing }
            return [
              .text(affinity.view.space.rawValue), affinity.view.side.map { .text($0.rawValue) } ?? .missing,
              .number(affinity.userItemCosine), cell(affinity.history), cell(affinity.baseline), cell(affinity.lift),
            ]
          }))
    }
    if !explanation.itemNeighbours.isEmpty {
      tables.append(neighbourTable("Nearest of the user's items", explanation.itemNeighbours, .item))
    }
    if !explanation.userNeighbours.isEmpty {
      tables.append(neighbourTable("Nearest users who have it", explanation.userNeighbours, .user))
    }
    return tables
  }

  private func neighbourTable(
    _ heading: String, _ neighbours: [Explanation.Neighbour], _ kind: EntityKind
  ) -> AnswerTable {
    var columns: [AnswerColumn] = [.init("space", .word), .init("side", .word), .init(kind.rawValue, .identifier)]
    if kind == .item { columns.append(.init("title", .title)) }
    columns += [.init("similarity", .bar), .init("overlap", .number)]
    let rows = neighbours.map { neighbour -> [AnswerCell] in
      var row: [AnswerCell] = [
        .text(neighbour.view.space.rawValue), neighbour.view.side.map { .text($0.rawValue) } ?? .missing,
        .text(id(of: kind, Int(neighbour.index))),
      ]
      if kind == .item { row.append(titleCell(of: .item, Int(neighbour.index))) }
      return row + [.number(neighbour.similarity), .integer(neighbour.overlap)]
    }
    return AnswerTable(title: heading, columns: columns, rows: rows)
  }
}
