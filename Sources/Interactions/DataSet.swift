// A data set that is ready for training: ids, divided interactions, embeddings, and what happened on the way.

import Files
import Numerics

/// Everything that training and evaluation need of the user's data.
package struct DataSet: Sendable {
  /// Users in canonical order.
  package let users: IdentifierMap
  /// Items in canonical order.
  package let items: IdentifierMap
  /// One title an item, empty where there is none; nil when the data has no titles.
  package let itemTitles: [String]?
  /// One title a user, empty where there is none; nil when the data has no titles.
  package let userTitles: [String]?
  /// Training interactions, `[users, items]`.
  package let train: CSRMatrix
  /// Validation interactions, `[users, items]`.
  package let valid: CSRMatrix
  /// Test interactions, `[users, items]`.
  package let test: CSRMatrix
  /// Text embeddings of items, `[items, dimension]`.
  package var itemText: Matrix? { storedItemText?.matrix }
  /// Text embeddings of users, `[users, dimension]`.
  package var userText: Matrix? { storedUserText?.matrix }
  /// True when the users' text is the normalised mean of the training items' embeddings: `userText`, or what it would be
  /// where the options kept it from being made.
  package let userTextIsDerived: Bool
  /// Counts.
  package let statistics: DataStatistics
  /// What the user should know.
  package let notices: [DataNotice]
  /// 16 hexadecimal digits that name ids and split: equal for equal data, whatever order its lines were in.
  package let fingerprint: String

  /// The items' embeddings in half precision, where the options or `withCompactText` have made them so.
  package var compactItemText: HalfMatrix? { storedItemText?.half }
  /// The users' embeddings in half precision, where the options or `withCompactText` have made them so.
  package var compactUserText: HalfMatrix? { storedUserText?.half }

  private var storedItemText: StoredText?
  private var storedUserText: StoredText?

  /// Creates a data set from parts that fit together.
  /// - Precondition: shapes agree with the numbers of users and items.
  package init(
    users: IdentifierMap, items: IdentifierMap, itemTitles: [String]? = nil, userTitles: [String]? = nil,
    train: CSRMatrix, valid: CSRMatrix, test: CSRMatrix, itemText: Matrix? = nil, userText: Matrix? = nil,
    userTextIsDerived: Bool = false, statistics: DataStatistics = DataStatistics(), notices: [DataNotice] = []
  ) {
    self.init(
      users: users, items: items, itemTitles: itemTitles, userTitles: userTitles, train: train, valid: valid,
      test: test,
      storedItemText: itemText.map(StoredText.full), storedUserText: userText.map(StoredText.full),
      userTextIsDerived: userTextIsDerived, statistics: statistics, notices: notices)
  }

  /// The same with embeddings in the precision in which they are kept.
  init(
    users: IdentifierMap, items: IdentifierMap, itemTitles: [String]?, userTitles: [String]?, train: CSRMatrix,
    valid: CSRMatrix, test: CSRMatrix, storedItemText: StoredText?, storedUserText: StoredText?,
    userTextIsDerived: Bool, statistics: DataStatistics, notices: [DataNotice]
  ) {
    for matrix in [train, valid, test] {
      precondition(matrix.rows == users.count && matrix.columns == items.count, "matrix and ids differ in number")
    }
    precondition((storedItemText?.rows ?? items.count) == items.count, "one item embedding a row is needed")
    precondition((storedUserText?.rows ?? users.count) == users.count, "one user embedding a row is needed")
    self.users = users
    self.items = items
    self.itemTitles = itemTitles
    self.userTitles = userTitles
    self.train = train
    self.valid = valid
    self.test = test
    self.storedItemText = storedItemText
    self.storedUserText = storedUserText
    self.userTextIsDerived = userTextIsDerived
    var counted = statistics
    counted.count(train: train, valid: valid, test: test)
    self.statistics = counted
    self.notices = notices
    fingerprint = Self.fingerprint(users: users, items: items, parts: [train, valid, test])
  }

  /// The same data with its embeddings in half precision, which is what a bundle keeps of them.
  ///
  /// For the time of training, which has its own stack of them. Embeddings beyond half precision stay as they are.
  package func withCompactText() -> DataSet {
    var result = self
    result.storedItemText = storedItemText?.compact
    result.storedUserText = storedUserText?.compact
    return result
  }

  private static func fingerprint(users: IdentifierMap, items: IdentifierMap, parts: [CSRMatrix]) -> String {
    var hash = StableHash()
    for map in [users, items] {
      hash.combine(map.count)
      for index in 0..<map.count {
        map.withBytes(index) { bytes in
          hash.combine(bytes.count)
          hash.combine(bytes)
        }
      }
    }
    for part in parts {
      hash.combine(part.entryCount)
      for start in part.rowStarts { hash.combine(start) }
      for column in part.columnIndices { hash.combine(Int(column)) }
    }
    let digits = String(hash.value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Reads, checks, filters and divides a data set.
  /// - Throws: `FileError`, `DelimitedError`, `SafetensorsError` or `DataError`, each a `DescribedFailure`.
  package static func load(_ options: DataSetOptions) throws -> DataSet {
    try options.validate()
    var loader = DataSetLoader(options: options, sources: try options.sources())
    return try loader.load()
  }
}
