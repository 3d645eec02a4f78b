// The matched preference centres of both sides: what the alignment learned.

import Files
import ModelFile
import Numerics

/// One collaborative centre with the language centre it is matched with.
struct MatchedCentre {
  /// Users and items that one side puts into its centre, ascending by node.
  struct Members {
    var users: [Int32] = []
    var items: [Int32] = []

    var count: Int { users.count + items.count }
  }

  /// Rows of the two centres.
  var collaborative: Int
  var language: Int
  var byBehaviour: Members
  var byLanguage: Members
  /// Users and items that both sides put into the pair.
  var byBoth: Members

  /// Jaccard index of the two sides' members.
  var agreement: Double {
    let union = byBehaviour.count + byLanguage.count - byBoth.count
    return union > 0 ? Double(byBoth.count) / Double(union) : 0
  }
}

extension Engine {
  /// Items listed of a centre in the overview, and when it is opened.
  private static let overviewItems = 3
  private static let openedItems = 10

  /// The centres in the order of the collaborative side; an error says why there are none.
  func matchedCentres() throws(QueryError) -> [MatchedCentre] {
    guard let centres = bundle.centres, bundle.components != nil else {
      throw .notAvailable("the model '\(bundle.name)' has no preference centres; train one with `--align darec`")
    }
    var result = (0..<centres.collaborative.rows).map {
      MatchedCentre(
        collaborative: $0, language: Int(centres.matching[$0]), byBehaviour: .init(), byLanguage: .init(),
        byBoth: .init())
    }
    func add(_ node: Int, to members: inout MatchedCentre.Members) {
      if node < bundle.userCount {
        members.users.append(Int32(node))
      } else {
        members.items.append(Int32(node - bundle.userCount))
      }
    }
    // Several collaborative centres may be matched with one language centre when the sides have different numbers.
    var partners = [[Int]](repeating: [], count: centres.language.rows)
    for (centre, partner) in centres.matching.enumerated() { partners[Int(partner)].append(centre) }
    for node in 0..<bundle.userCount + bundle.itemCount {
      let own = Int(centres.collaborativeLabels[node])
      add(node, to: &result[own].byBehaviour)
      for centre in partners[Int(centres.languageLabels[node])] {
        add(node, to: &result[centre].byLanguage)
        if centre == own { add(node, to: &result[centre].byBoth) }
      }
    }
    return result
  }

  /// The matched centres of both sides with their sizes, closest items and agreement.
  func centres() throws(QueryError) -> Answer {
    let all = try matchedCentres()
    let nodes = Double(max(1, bundle.userCount + bundle.itemCount))
    let together = Double(all.reduce(0) { $0 + $1.byBoth.count }) / nodes
    let chance = all.reduce(0) { $0 + Double($1.byBehaviour.count) * Double($1.byLanguage.count) / (nodes * nodes) }
    let closest = all.map { closestItems(of: $0, side: .collaborative, top: Self.overviewItems) }
    let record: [JSONValue.Member] = [
      .init("schema", "darec/centres/1"), .init("type", "centres"), .init("model", modelRecord),
      .init("count", .integer(all.count)), .init("agreement", .number(together)),
      .init("agreement_by_chance", .number(chance)),
      .init(
        "centres",
        .array(
          zip(all, closest).map { centre, items -> JSONValue in
            .object(members(of: centre) + [.init("closest_items", closestRecord(items))])
          })),
    ]
    let best = all.max { ($0.agreement, $1.collaborative) < ($1.agreement, $0.collaborative) }
    var sentences = [
      "\(grouped(all.count)) preference centres on each side, matched one with one: "
        + "\(decimal(100 * together, places: 1)) % of all users and items are in matched centres on both sides "
        + "(\(decimal(100 * chance, places: 1)) % would be by chance)."
    ]
    if let best, best.byBoth.count > 0 {
      sentences.append(
        "The two sides agree most about centre \(best.collaborative + 1); `centre \(best.collaborative + 1)` opens it.")
    }
    return Answer(
      kind: "centres", records: [.object(record)], sentences: sentences,
      tables: [
        AnswerTable(
          columns: [
            .init("centre", .number), .init("items", .number), .init("users", .number), .init("agreement", .bar),
            .init("closest_items", .title),
          ],
          rows: zip(all, closest).map { centre, items in
            [
              .integer(centre.collaborative + 1), .integer(centre.byBehaviour.items.count),
              .integer(centre.byBehaviour.users.count), .number(centre.agreement),
              .text(
                items.map { title(of: .item, Int($0.index)) ?? bundle.items[Int($0.index)] }.joined(separator: "; ")),
            ]
          })
      ])
  }

  /// One pair of matched centres, by the collaborative centre's number from 1.
  func centre(_ number: Int) throws(QueryError) -> Answer {
    let all = try matchedCentres()
    guard (1...max(1, all.count)).contains(number), number <= all.count else {
      throw .invalidWord("there is no centre \(number); the model has centres 1 to \(all.count)", word: "\(number)")
    }
    let centre = all[number - 1]
    let sides = Side.allCases.map { (side: $0, items: closestItems(of: centre, side: $0, top: Self.openedItems)) }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/centre/1"), .init("type", "centre"), .init("model", modelRecord),
    ]
    record += members(of: centre)
    record += sides.map { .init("closest_by_\($0.side.rawValue)", closestRecord($0.items)) }
    let behaviour = Set(centre.byBehaviour.items)
    let language = Set(centre.byLanguage.items)
    let sentences = [
      "Centre \(number) of behaviour has \(count(centre.byBehaviour.items.count, "item")) and "
        + "\(count(centre.byBehaviour.users.count, "user")); its match, centre \(centre.language + 1) of language, has "
        + "\(count(centre.byLanguage.items.count, "item")) and \(count(centre.byLanguage.users.count, "user")).",
      "Both sides put the same \(count(centre.byBoth.items.count, "item")) and "
        + "\(count(centre.byBoth.users.count, "user")) into it (agreement \(decimal(centre.agreement, places: 2))).",
    ]
    return Answer(
      kind: "centre", records: [.object(record)], sentences: sentences,
      tables: sides.map { side, items in
        let other = side == .collaborative ? language : behaviour
        return AnswerTable(
          title: side == .collaborative ? "Closest items by behaviour" : "Closest items by language",
          columns: [
            .init("item", .identifier), .init("title", .title), .init("similarity", .bar), .init("both_sides", .word),
          ],
          rows: items.map { found in
            [
              .text(bundle.items[Int(found.index)]), titleCell(of: .item, Int(found.index)),
              .number(Double(found.score)),
              .text(other.contains(found.index) ? "yes" : "no"),
            ]
          })
      })
  }

  /// The member items of one side that are nearest to its centre, by cosine in its shared space; ties by item order.
  private func closestItems(of centre: MatchedCentre, side: Side, top: Int) -> [ScoredIndex] {
    guard let centres = bundle.centres, let vectors = vectors(.item, SpaceView(space: .shared, side: side)) else {
      return []
    }
    let isCollaborative = side == .collaborative
    let target =
      isCollaborative ? centres.collaborative.row(centre.collaborative) : centres.language.row(centre.language)
    let squares = kernels.sumOfSquares(target, vectors.width)
    let members = isCollaborative ? centre.byBehaviour.items : centre.byLanguage.items
    let scored = members.map { item in
      ScoredIndex(
        index: item,
        score: Float(cosine(target, vectors.row(Int(item)), vectors.width, firstSquares: squares)))
    }
    return Array(scored.sorted { $0.ranksBefore($1) }.prefix(top))
  }

  private func members(of centre: MatchedCentre) -> [JSONValue.Member] {
    func sizes(_ members: MatchedCentre.Members) -> JSONValue {
      ["items": .integer(members.items.count), "users": .integer(members.users.count)]
    }
    return [
      .init("centre", .integer(centre.collaborative + 1)), .init("matched_language", .integer(centre.language + 1)),
      .init("collaborative", sizes(centre.byBehaviour)), .init("language", sizes(centre.byLanguage)),
      .init("both", sizes(centre.byBoth)), .init("agreement", .number(centre.agreement)),
    ]
  }

  private func closestRecord(_ items: [ScoredIndex]) -> JSONValue {
    .array(
      items.map { found -> JSONValue in
        .object(identity(of: .item, Int(found.index)) + [.init("similarity", .float(found.score))])
      })
  }
}
