// Lists of users or items: ids in row order, with titles where there are some.

import Files

/// What a catalogue lists.
package enum EntityRole: String, Sendable {
  case user, item
}

/// Users or items in the order of a file.
package struct Catalogue: Sendable {
  /// The file.
  package let path: String
  /// Ids in row order.
  package let ids: IdentifierMap
  /// One title a row, empty where the file has none for it; nil when the file has no column of titles.
  package let titles: [String]?
  /// Titles that were longer than `titleLimit` and were cut.
  package let shortenedTitleCount: Int

  /// Longest title kept, in bytes.
  package static let titleLimit = 4096

  /// Reads a table with a column of ids and perhaps one of titles: `items.tsv`, `users.tsv`, RecBole's `.item` and
  /// `.user`.
  ///
  /// Where there is a column of release years, ` (YEAR)` is appended to titles that do not end with it.
  package init(table path: String, role: EntityRole, columns: ColumnNames = ColumnNames()) throws {
    let isRecBole = path.hasSuffix(".item") || path.hasSuffix(".user")
    let reader = try DelimitedReader(path, format: isRecBole ? .tabSeparated : nil)
    let header = try TableHeader(reader)
    let id: Int
    let title: Int?
    switch role {
    case .item:
      id = try header.requireIdentifier(.item, preferred: columns.item)
      title = try header.find(.title, named: columns.title)
    case .user:
      id = try header.requireIdentifier(.user, preferred: columns.user)
      title = try header.find(.title, named: nil)
    }
    let year = role == .item ? try header.find(.year, named: nil) : nil
    var ids = IdentifierMap()
    var titles: [String] = []
    var shortened = 0
    while try reader.next() {
      try Self.insert(field: id, of: reader, into: &ids)
      guard let title else { continue }
      var text = reader.string(title)
      if let year, !text.isEmpty {
        let suffix = " (" + reader.string(year) + ")"
        if suffix.utf8.count > 3, !text.hasSuffix(suffix) { text += suffix }
      }
      if text.utf8.count > Self.titleLimit {
        text = Self.shortened(text)
        shortened += 1
      }
      titles.append(text)
    }
    self.path = path
    self.ids = ids
    self.titles = title == nil ? nil : titles
    shortenedTitleCount = shortened
  }

  /// Reads a list of ids, one a line, without a header: `item_ids.txt`, `user_ids.txt`.
  package init(list path: String) throws {
    let reader = try DelimitedReader(path, format: .lines, hasHeader: false)
    var ids = IdentifierMap()
    while try reader.next() { try Self.insert(field: 0, of: reader, into: &ids) }
    self.path = path
    self.ids = ids
    titles = nil
    shortenedTitleCount = 0
  }

  private static func insert(
    field: Int, of reader: DelimitedReader, into ids: inout IdentifierMap
  ) throws(DelimitedError) {
    let known = ids.count
    let index = try InteractionReader.identifier(of: reader, field: field, in: &ids)
    guard Int(index) == known else {
      throw reader.failure("the id '\(reader.excerpt(field))' occurs twice; row n must belong to one id", field: field)
    }
  }

  /// The longest beginning that fits the limit and does not cut a character's scalars apart.
  private static func shortened(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var length = 0
    for scalar in text.unicodeScalars {
      length += UTF8.width(scalar)
      guard length <= titleLimit else { break }
      result.append(scalar)
    }
    return String(result)
  }
}
