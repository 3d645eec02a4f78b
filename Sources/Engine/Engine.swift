// A loaded bundle that answers questions.

import Files
import ModelFile
import Numerics
import Synchronization

/// Answers queries about one loaded model.
///
/// Immutable after loading, so queries may run on any thread.
///
/// Everything is asked and answered by id strings; an internal index never leaves this type. Each verb is in a file of
/// its own: `Engine+Recommend.swift`, `Engine+Similar.swift` and so on.
package final class Engine: Sendable {
  /// The program's version, as in the records' `generator`.
  package static let version = "0.1.0"

  /// The model.
  package let bundle: Bundle
  /// The `model` member of records, the same in all of them.
  let modelRecord: JSONValue
  /// Training interactions of every item, `[I]`; counted once.
  package var itemDegrees: [Int32] {
    if let known = degrees.load() { return known.values }
    var values = [Int32](repeating: 0, count: bundle.itemCount)
    for item in bundle.interactions.columnIndices { values[Int(item)] += 1 }
    return degrees.storeIfNil(Degrees(values)).values
  }

  private final class Degrees: Sendable {
    let values: [Int32]
    init(_ values: [Int32]) { self.values = values }
  }

  private let degrees = AtomicLazyReference<Degrees>()

  /// What only some queries need and is computed when one first does.
  private struct Derived {
    var itemUsers: CSRMatrix?
    var userText: Matrix?
  }

  private let derived = Mutex(Derived())
  /// The search of the items' final vectors for several questions at once.
  let searchTogether = CatalogueSearch(.words)
  /// The searches that have been used; see `search(_:_:)`.
  let searches = Mutex<[(kind: EntityKind, view: SpaceView, search: CatalogueSearch)]>([])

  /// Prepares a model for queries; what only some of them need is computed when one first does.
  package init(bundle: Bundle) {
    self.bundle = bundle
    modelRecord = Self.modelRecord(of: bundle)
  }

  /// One line for the banner, such as `demo: lightgcn + darec, 943 users, 1,682 items`.
  package var summary: String {
    let method = [bundle.configuration["backbone"]?.string, bundle.configuration["alignment"]?.string]
      .compactMap { $0 == "none" ? nil : $0 }.joined(separator: " + ")
    let counts = "\(grouped(bundle.userCount)) users, \(grouped(bundle.itemCount)) items"
    return "\(bundle.name): " + (method.isEmpty ? counts : method + ", " + counts)
  }

  /// The users of every item, `[I, U]`; transposed once.
  var itemUsers: CSRMatrix {
    derived.withLock { derived in
      if let known = derived.itemUsers { return known }
      let transposed = bundle.interactions.transposed().matrix
      derived.itemUsers = transposed
      return transposed
    }
  }

  /// The users' text embeddings, `[U, dL]`: stored, or derived once as the normalised mean of the embeddings of the
  /// user's training items; nil when the model has none.
  ///
  /// A user without items has a row of zeros.
  package var userText: Matrix? {
    if let stored = bundle.userText { return stored }
    guard bundle.userTextDerived, let itemText = bundle.itemText else { return nil }
    return derived.withLock { derived in
      if let known = derived.userText { return known }
      let result = Matrix(rows: bundle.userCount, columns: itemText.columns)
      let interactions = bundle.interactions
      parallelRanges(result.rows, blockSize: 64) { users in
        for user in users {
          let row = result.row(user)
          for item in interactions.row(user) { kernels.axpy(1, itemText.row(Int(item)), row, itemText.columns) }
          _ = kernels.normalize(row, row, itemText.columns, 1e-12)
        }
      }
      derived.userText = result
      return result
    }
  }

  /// The score of an item for a user: the inner product of their final vectors, the same float wherever it is shown.
  func score(user: Int, item: Int) -> Float {
    kernels.dot(bundle.finalUsers.row(user), bundle.finalItems.row(item), bundle.dimension)
  }

  /// The scores of all items for a vector `[d]`.
  func scores(of vector: UnsafePointer<Float>, cancellation: Cancellation) throws(QueryError) -> [Float] {
    let items = bundle.finalItems
    let width = items.columns
    var result = [Float](repeating: 0, count: items.rows)
    result.withUnsafeMutableBufferPointer { buffer in
      guard let target = buffer.baseAddress else { return }
      parallelRanges(items.rows, blockSize: 8_192) { range in
        guard !cancellation.isCancelled else { return }
        kernels.dotRows(vector, items.row(range.lowerBound), width, range.count, target + range.lowerBound)
      }
    }
    if cancellation.isCancelled { throw .interrupted }
    return result
  }

  // MARK: - Completion

  /// Ids that start with a prefix, in id order, at most `limit`.
  package func ids(of kind: EntityKind, startingWith prefix: String, limit: Int) -> [String] {
    let table = kind == .user ? bundle.users : bundle.items
    return table.indices(startingWith: prefix, limit: limit).map { table[$0] }
  }

  /// Ids of the items a user has, in item order; none of an unknown user.
  package func pastItems(of user: String) -> [String] {
    guard let row = bundle.users.index(of: user) else { return [] }
    return bundle.interactions.row(row).map { bundle.items[Int($0)] }
  }

  /// Item titles that start with a prefix (case-insensitive), at most `limit`; a title that several items have is
  /// listed once.
  package func titles(startingWith prefix: String, limit: Int) -> [String] {
    guard let titles = bundle.titles else { return [] }
    var result: [String] = []
    for index in titles.indices(startingWith: prefix, limit: limit) where result.last != titles[index] {
      result.append(titles[index])
    }
    return result
  }
}

/// A count with a comma between groups of three digits, for sentences.
package func grouped(_ number: Int) -> String {
  let digits = Array(String(number.magnitude))
  var result = number < 0 ? "-" : ""
  for (position, digit) in digits.enumerated() {
    if position > 0 && (digits.count - position) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return result
}

/// A share as whole per cent, for sentences; short of all it is never 100 %, and more than nothing never 0 %.
func wholePercent(_ share: Double) -> String {
  guard share.isFinite, share.magnitude < 1e12 else { return "\(share)" }
  if share > 0.99, share < 1 { return "over 99 %" }
  if share > 0, share < 0.01 { return "under 1 %" }
  return "\(grouped(Int((100 * share).rounded()))) %"
}

/// The text with its first letter as a capital, for the beginning of sentences.
func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

/// A number with a fixed number of decimals, for sentences; more where these would all be zeros of a number that is not
/// zero.
///
/// No locale and no Foundation.
func decimal(_ value: Double, places: Int = 3) -> String {
  guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
  let factor = (0..<places).reduce(1.0) { power, _ in power * 10 }
  let scaled = Int((value.magnitude * factor).rounded())
  if scaled == 0, value != 0 {
    return places < 6 ? decimal(value, places: places + 1) : NumberText.fixed(value, decimals: places)
  }
  let fraction = String(scaled % Int(factor))
  let sign = value < 0 && scaled != 0 ? "-" : ""
  return sign + "\(scaled / Int(factor))."
    + String(repeating: "0", count: max(0, places - fraction.utf8.count)) + fraction
}
