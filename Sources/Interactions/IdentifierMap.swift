// Ids of users or items as they are in the data, and their dense indices.

/// A two-way map between ids and the indices 0, 1, 2, ...
///
/// Ids are strings exactly as in the data. They are compared by bytes: leading zeros count, and the composed and the
/// decomposed form of a letter are different ids (Swift's `String ==` would call them equal). All ids lie in one
/// buffer, so a million of them cost little more than their bytes.
package struct IdentifierMap: Sendable {
  /// Longest id accepted, in bytes.
  package static let lengthLimit = 4096
  /// Most bytes of all ids together.
  package static let totalLimit = 1 << 30

  /// Why an id is refused.
  package enum Rejection: Error, Equatable {
    case empty
    case tooLong(Int)
    case tooMany

    /// The reason in words.
    package var reason: String {
      switch self {
      case .empty: return "the id is empty"
      case .tooLong(let length): return "the id has \(length) bytes; at most \(IdentifierMap.lengthLimit) are accepted"
      case .tooMany: return "there are more ids than this program can hold"
      }
    }
  }

  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Open addressing with linear probing; entries are index + 1, 0 is free; the size is a power of two.
  private var table: [Int32]
  /// The hash of every id, so that growing needs no bytes and most comparisons end early.
  private var hashes: [UInt32] = []

  /// An empty map.
  package init() { table = [Int32](repeating: 0, count: 16) }

  /// A map of these ids in this order.
  /// - Precondition: the ids are distinct and within the limits.
  package init(_ ids: some Sequence<String>) {
    self.init()
    for id in ids {
      let known = count
      do {
        let index = try insert(id)
        precondition(Int(index) == known, "ids must be distinct")
      } catch {
        preconditionFailure(error.reason)
      }
    }
  }

  /// Number of ids.
  package var count: Int { ends.count }

  /// The id of an index.
  package subscript(index: Int) -> String {
    withBytes(index) { String(decoding: $0, as: UTF8.self) }
  }

  /// All ids in index order.
  package var strings: [String] { (0..<count).map { self[$0] } }

  /// The bytes of an id.
  package func withBytes<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result
  {
    let start = index == 0 ? 0 : ends[index - 1]
    return try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[start..<ends[index]])) }
  }

  /// The index of an id; nil when it is unknown.
  package func index(of id: String) -> Int? {
    var id = id
    return id.withUTF8 { index(of: $0) }
  }

  /// The index of an id given by its bytes.
  package func index(of id: UnsafeBufferPointer<UInt8>) -> Int? {
    let found = table[slot(of: id, hash: Self.hash(id))]
    return found == 0 ? nil : Int(found) - 1
  }

  /// Why these bytes cannot be an id; nil when they can.
  static func rejection(_ id: UnsafeBufferPointer<UInt8>) -> Rejection? {
    if id.isEmpty { return .empty }
    return id.count > lengthLimit ? .tooLong(id.count) : nil
  }

  /// The index of an id, which is added behind the others when it is new.
  @discardableResult
  package mutating func insert(_ id: UnsafeBufferPointer<UInt8>) throws(Rejection) -> Int32 {
    let hash = Self.hash(id)
    var place = slot(of: id, hash: hash)
    if table[place] != 0 { return table[place] - 1 }
    if let rejection = Self.rejection(id) { throw rejection }
    guard bytes.count + id.count <= Self.totalLimit, count < Int(Int32.max) - 1 else { throw .tooMany }
    if (count + 1) * 2 > table.count {
      grow()
      place = slot(of: id, hash: hash)
    }
    bytes.append(contentsOf: id)
    ends.append(bytes.count)
    hashes.append(hash)
    table[place] = Int32(count)
    return Int32(count - 1)
  }

  /// The index of an id, which is added behind the others when it is new.
  @discardableResult
  package mutating func insert(_ id: String) throws(Rejection) -> Int32 {
    // The standard library's closures are not generic over their error; the result carries the type across.
    var id = id
    let result = id.withUTF8 { raw in
      var inserted: Swift.Result<Int32, Rejection>
      do throws(Rejection) { inserted = .success(try insert(raw)) } catch { inserted = .failure(error) }
      return inserted
    }
    return try result.get()
  }

  /// The ids of these indices in this order, as a map of their own.
  package func selecting(_ indices: [Int32]) -> IdentifierMap {
    var result = IdentifierMap()
    for index in indices {
      // Ids that were accepted once are accepted again.
      withBytes(Int(index)) { _ = try? result.insert($0) }
    }
    return result
  }

  // MARK: Canonical order

  /// All indices in the canonical order of their ids: a function of the set of ids, not of the order of arrival.
  ///
  /// Decimal numerals without leading zeros come first, by value; all other ids follow, by their bytes.
  /// - Parameter start: the ids before this index keep their places; the others are ordered behind them.
  package func canonicalOrder(from start: Int = 0) -> [Int32] {
    let keys = (start..<max(start, count)).map { index in
      (index: Int32(index), isNumeral: withBytes(index, Self.isNumeral))
    }
    return (0..<Int32(start)).map { $0 }
      + keys.sorted { first, second in
        if first.isNumeral != second.isNumeral { return first.isNumeral }
        return withBytes(Int(first.index)) { left in
          withBytes(Int(second.index)) { right in
            if first.isNumeral && left.count != right.count { return left.count < right.count }
            return left.lexicographicallyPrecedes(right)
          }
        }
      }.map(\.index)
  }

  private static func isNumeral(_ id: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = id.first else { return false }
    return (first != UInt8(ascii: "0") || id.count == 1)
      && id.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  // MARK: Hash table

  /// The slot that holds the id, or the free one where it belongs.
  private func slot(of id: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int {
    let mask = table.count - 1
    var place = Int(hash) & mask
    while table[place] != 0 {
      let index = Int(table[place]) - 1
      if hashes[index] == hash && withBytes(index, { $0.elementsEqual(id) }) { return place }
      place = (place + 1) & mask
    }
    return place
  }

  private mutating func grow() {
    table = [Int32](repeating: 0, count: table.count * 2)
    let mask = table.count - 1
    for index in 0..<count {
      var place = Int(hashes[index]) & mask
      while table[place] != 0 { place = (place + 1) & mask }
      table[place] = Int32(index + 1)
    }
  }

  /// A hash that is seeded for each process, so that nobody can choose ids that collide.
  ///
  /// The seed never shows: the table is only asked for single ids and never iterated.
  private static func hash(_ id: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(id))
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}
