// Which column of a table holds what: known names, or the user's own.

import Files

/// Names of columns where the known ones do not do; `none` leaves an optional column out.
package struct ColumnNames: Sendable {
  /// The column of user ids.
  package var user: String?
  /// The column of item ids.
  package var item: String?
  /// The column of ratings.
  package var rating: String?
  /// The column of times.
  package var timestamp: String?
  /// The column of titles in the items file.
  package var title: String?

  /// Names; nil means that the known ones are tried.
  package init(
    user: String? = nil, item: String? = nil, rating: String? = nil, timestamp: String? = nil, title: String? = nil
  ) {
    self.user = user
    self.item = item
    self.rating = rating
    self.timestamp = timestamp
    self.title = title
  }
}

/// What a column holds.
enum ColumnRole: String {
  case user, item, rating, timestamp, title, year

  /// Names that are known for it, most particular first; compared without case, spaces, `_` and `-`.
  var knownNames: [String] {
    switch self {
    case .user:
      return [
        "user_id", "user", "uid", "reviewer_id", "customer_id", "visitor_id", "member_id", "player_id", "account_id",
      ]
    case .item:
      return [
        "item_id", "item", "iid", "movie_id", "movie", "book_id", "book", "product_id", "product", "parent_asin",
        "asin",
        "isbn", "business_id", "track_id", "song_id", "artist_id", "game_id", "app_id", "article_id", "news_id",
      ]
    case .rating: return ["rating", "stars", "score", "overall", "preference"]
    case .timestamp: return ["timestamp", "time", "unix_time", "unix_review_time", "rating_time", "ts"]
    case .title:
      return ["title", "movie_title", "item_title", "book_title", "name", "item_name", "product_name", "track_name"]
    case .year: return ["release_year", "year"]
    }
  }
}

/// The header of a table: RecBole's `name:type` is split, names are matched leniently.
struct TableHeader {
  let path: String
  /// Names without their type.
  let names: [String]

  private static let types = ["token", "float", "token_seq", "float_seq"]

  init(_ reader: DelimitedReader) throws(DataError) {
    path = reader.path
    let isTyped = reader.path.hasSuffix(".inter") || reader.path.hasSuffix(".item") || reader.path.hasSuffix(".user")
    var names: [String] = []
    for column in reader.columns {
      guard let colon = column.lastIndex(of: ":") else {
        guard !isTyped else {
          throw .badValue(
            path: reader.path, place: "line 1",
            reason: "the column '\(column)' has no type; RecBole's headers are 'name:token', 'name:float', ...")
        }
        names.append(column)
        continue
      }
      let type = String(column[column.index(after: colon)...])
      if Self.types.contains(type) {
        names.append(String(column[..<colon]))
      } else if isTyped {
        throw .badValue(
          path: reader.path, place: "line 1",
          reason: "the column '\(column)' has an unknown type; known are \(Self.types.joined(separator: ", "))")
      } else {
        names.append(column)
      }
    }
    self.names = names
  }

  /// The position of the column for a role; nil when there is none.
  /// - Throws: when the user named a column that is not there.
  func find(_ role: ColumnRole, named name: String?) throws(DataError) -> Int? {
    if let name {
      if name == "none" && role != .user && role != .item { return nil }
      // An exact name, with or without its type, before a lenient one.
      if let index = names.firstIndex(of: name) { return index }
      if let index = names.firstIndex(where: { Self.plain($0) == Self.plain(name) }) { return index }
      throw .missingColumn(path: path, role: role.rawValue, known: [name], found: names, isNamed: true)
    }
    let plainNames = names.map(Self.plain)
    for known in role.knownNames {
      if let index = plainNames.firstIndex(of: Self.plain(known)) { return index }
    }
    return nil
  }

  /// The position of the column of ids in a list of users or items.
  ///
  /// The name that the user gave is meant for the interactions; a list may have the same column or a known name.
  func requireIdentifier(_ role: ColumnRole, preferred name: String?) throws(DataError) -> Int {
    if let name, let index = names.firstIndex(where: { Self.plain($0) == Self.plain(name) }) { return index }
    return try require(role, named: nil)
  }

  /// The position of a column that must be there.
  func require(_ role: ColumnRole, named name: String?) throws(DataError) -> Int {
    if let index = try find(role, named: name) { return index }
    throw .missingColumn(path: path, role: role.rawValue, known: role.knownNames, found: names)
  }

  /// Lower-case letters and digits only: `userId`, `user_id` and `User ID` are the same.
  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " })
  }
}
