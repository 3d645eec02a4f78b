// From what a person types to a user or an item of the model.

import Files
import ModelFile

extension Engine {
  /// Near matches listed in a message.
  private static let suggestions = 5

  /// The row of a user.
  func userIndex(_ id: String) throws(QueryError) -> Int {
    if let index = bundle.users.index(of: id) { return index }
    throw .unknownUser(id, near: bundle.users.nearMatches(id, limit: Self.suggestions).map { bundle.users[$0] })
  }

  /// The row of an item: by id, else by a title that only one item has, first exactly, then ignoring case.
  func itemIndex(_ text: String) throws(QueryError) -> Int {
    if let index = bundle.items.index(of: text) { return index }
    if let titles = bundle.titles, !text.isEmpty {
      let matches = titles.indices(ofCaseInsensitive: text, limit: 1_000)
      let exact = matches.filter { titles[$0].utf8.elementsEqual(text.utf8) }
      for found in [exact, matches] where !found.isEmpty {
        if found.count == 1 { return found[0] }
        throw .ambiguousTitle(text, ids: found.prefix(20).map { bundle.items[$0] })
      }
    }
    var near = bundle.items.nearMatches(text, limit: Self.suggestions).map { bundle.items[$0] }
    if let titles = bundle.titles, near.count < Self.suggestions {
      near += titles.nearMatches(text, limit: Self.suggestions - near.count).map {
        "\(bundle.items[$0]) (\(titles[$0]))"
      }
    }
    // A part of a title is what people remember: items that `find` would list fill the rest.
    if near.count < Self.suggestions, text.utf8.count >= 3 {
      for item in matches(containing: text, limit: Self.suggestions) where near.count < Self.suggestions {
        let label = title(of: .item, item).map { "\(bundle.items[item]) (\($0))" } ?? bundle.items[item]
        if !near.contains(label) { near.append(label) }
      }
    }
    throw .unknownItem(text, near: near)
  }

  /// The rows of several items, ascending, each once.
  func itemIndices(_ texts: [String]) throws(QueryError) -> [Int32] {
    var rows: [Int32] = []
    for text in texts { rows.append(Int32(try itemIndex(text))) }
    rows.sort()
    var unique: [Int32] = []
    for row in rows where unique.last != row { unique.append(row) }
    return unique
  }

  /// The row of a user or an item.
  func index(of kind: EntityKind, _ id: String) throws(QueryError) -> Int {
    switch kind {
    case .user: return try userIndex(id)
    case .item: return try itemIndex(id)
    }
  }

  /// The id of a row.
  func id(of kind: EntityKind, _ index: Int) -> String {
    kind == .user ? bundle.users[index] : bundle.items[index]
  }

  /// The title of an item; nil for users and where there is none.
  func title(of kind: EntityKind, _ index: Int) -> String? {
    guard kind == .item, let title = bundle.titles?[index], !title.isEmpty else { return nil }
    return title
  }

  /// How a sentence names a user or an item.
  func name(of kind: EntityKind, _ index: Int) -> String {
    guard let title = title(of: kind, index) else { return "\(kind.rawValue) \(id(of: kind, index))" }
    return "\(title) (\(id(of: kind, index)))"
  }

  /// `id` and, where there is one, `title` as members of a record.
  func identity(of kind: EntityKind, _ index: Int) -> [JSONValue.Member] {
    guard kind == .item else { return [.init("id", .string(id(of: kind, index)))] }
    var members: [JSONValue.Member] = []
    appendIdentity(ofItem: index, titles: bundle.titles, to: &members)
    return members
  }

  /// Appends what `identity(of:_:)` has of an item.
  /// - Parameter titles: the bundle's, asked for once by who has many items to name.
  func appendIdentity(ofItem item: Int, titles: StringTable?, to members: inout [JSONValue.Member]) {
    members.append(.init("id", .string(bundle.items[item])))
    if let title = titles?[item], !title.isEmpty { members.append(.init("title", .string(title))) }
  }

  /// The title as a cell.
  func titleCell(of kind: EntityKind, _ index: Int) -> AnswerCell {
    title(of: kind, index).map { .text($0) } ?? .missing
  }

  /// The `model` member of the records of a model.
  static func modelRecord(of bundle: Bundle) -> JSONValue {
    var members = [JSONValue.Member("id", .string(bundle.name))]
    for key in ["backbone", "alignment"] {
      if let value = bundle.configuration[key]?.string { members.append(.init(key, .string(value))) }
    }
    members.append(.init("dimension", .integer(bundle.dimension)))
    if let fingerprint = bundle.fingerprint { members.append(.init("fingerprint", .string(fingerprint))) }
    return .object(members)
  }

  /// The `generator` member of records.
  static var generatorRecord: JSONValue {
    ["name": "darec", "version": .string(version)]
  }

  /// Refuses counts that no query can mean.
  func check(top: Int, flag: String = "--top") throws(QueryError) {
    guard top >= 1, top <= 1_000_000 else { throw .invalid("\(flag) must be between 1 and 1000000") }
  }
}
