// Many strings in one block of bytes, with look-up by binary search instead of a dictionary.

/// Why bytes and offsets are not a table of strings.
///
/// `BundleError` adds the file and the tensor.
package enum StringTableError: DescribedFailure, Equatable {
  case offsets(index: Int)
  case empty(index: Int)
  case tooLong(index: Int, byteCount: Int)
  case tooManyBytes(Int)
  case tooManyStrings(Int)
  case invalidUTF8(index: Int)
  /// Two strings that must differ are equal.
  case duplicate(String)
  /// The sorted order is not a permutation, or not sorted.
  case order(index: Int)

  package var description: String {
    switch self {
    case .offsets(let index): return "offset \(index) is not in ascending order inside the text"
    case .empty(let index): return "id \(index + 1) is empty"
    case .tooLong(let index, let count):
      return "string \(index + 1) has \(count) bytes; at most \(StringTable.Limits.stringBytes) are allowed"
    case .tooManyBytes(let count):
      return "\(count) bytes of text; at most \(StringTable.Limits.totalBytes) are allowed"
    case .tooManyStrings(let count): return "\(count) strings; at most \(Int32.max) are allowed"
    case .invalidUTF8(let index): return "string \(index + 1) is not valid UTF-8"
    case .duplicate(let string): return "the id '\(string)' appears twice"
    case .order(let index): return "the sorted order is wrong at position \(index)"
    }
  }

  package var exitStatus: ExitStatus { .badData }
}

/// An immutable list of strings: one block of UTF-8, offsets, and the sorted order.
///
/// A million ids load in the time it takes to read and check their bytes: no dictionary is built; look-ups are binary
/// searches over the sorted order, which bundles store. Strings are compared as bytes: NFC and NFD forms differ.
package struct StringTable: Sendable, Equatable {
  /// Limits that are checked before anything is allocated.
  package enum Limits {
    /// Bytes of one string.
    package static let stringBytes = 4_096
    /// Bytes of all strings of a table.
    package static let totalBytes = 1 << 30
  }

  /// What the strings are.
  package enum Role: Sendable {
    /// Unique and not empty; ordered by bytes.
    case identifiers
    /// Free text, possibly empty or repeated; ordered by their lower-case form, then by index.
    case titles
  }

  /// What the strings are.
  package let role: Role
  /// The UTF-8 of all strings, one after the other.
  package let bytes: SharedBuffer<UInt8>
  /// `[count + 1]` ascending offsets into `bytes`; string n is `bytes[offsets[n] ..< offsets[n + 1]]`.
  package let offsets: SharedBuffer<Int>
  /// Indices of the strings in sorted order.
  package let order: SharedBuffer<Int32>

  /// Number of strings.
  package var count: Int { offsets.count - 1 }

  /// A table of strings in the given order.
  /// - Throws: `StringTableError` for an empty, too long or repeated id.
  /// - Complexity: O(n log n) comparisons.
  package init(_ strings: [String], role: Role = .identifiers) throws(StringTableError) {
    var bytes: [UInt8] = []
    var offsets = [0]
    offsets.reserveCapacity(strings.count + 1)
    for string in strings {
      bytes.append(contentsOf: string.utf8)
      offsets.append(bytes.count)
    }
    try self.init(bytes: bytes, offsets: offsets, order: nil, role: role)
  }

  /// A table from its stored parts; everything is checked.
  /// - Parameters:
  ///   - order: the sorted order if it was stored; nil sorts here.
  package init(bytes: [UInt8], offsets: [Int], order: [Int32]?, role: Role) throws(StringTableError) {
    try Self.check(bytes: SharedBuffer(bytes), offsets: SharedBuffer(offsets), role: role)
    try self.init(
      bytes: SharedBuffer(bytes), offsets: SharedBuffer(offsets),
      order: SharedBuffer(order ?? Self.sortedOrder(bytes: bytes, offsets: offsets, role: role)), role: role)
  }

  /// A table over its stored parts.
  /// - Parameter isChecked: false checks sizes and both ends only, for parts that a writer has checked and whose
  ///   checksums agree. Whatever such parts hold, a look-up then stays inside of them; in a table that is not sorted it
  ///   may miss a string, and bytes that are not UTF-8 are replaced when they are read.
  package init(
    bytes: SharedBuffer<UInt8>, offsets: SharedBuffer<Int>, order: SharedBuffer<Int32>, role: Role,
    isChecked: Bool = true
  ) throws(StringTableError) {
    if isChecked {
      try Self.check(bytes: bytes, offsets: offsets, role: role)
    } else {
      try Self.checkSizes(bytes: bytes, offsets: offsets)
    }
    self.role = role
    self.bytes = bytes
    self.offsets = offsets
    self.order = order
    guard order.count == count else { throw .order(index: min(order.count, count)) }
    if isChecked { try checkOrder() }
  }

  /// The string at `index`.
  package subscript(index: Int) -> String {
    withUTF8(at: index) { String(decoding: $0, as: UTF8.self) }
  }

  /// Where the string at `index` lies; inside of the bytes whatever the offsets are.
  private func range(of index: Int) -> Range<Int> {
    let start = min(max(0, offsets[index]), bytes.count)
    return start..<min(max(start, offsets[index + 1]), bytes.count)
  }

  /// The index of the string at a position of the sorted order; an index whatever the order holds.
  private func index(at position: Int) -> Int { min(max(0, Int(order[position])), count - 1) }

  /// All strings; for exports and tests.
  package var strings: [String] { (0..<count).map { self[$0] } }

  // MARK: - Look-up

  /// The index of a string that is byte for byte equal; nil when there is none, or for titles the first by index.
  package func index(of string: String) -> Int? {
    switch role {
    case .identifiers:
      var string = string
      return string.withUTF8 { key in
        let position = firstPosition { Self.compare($0, key) < 0 }
        guard position < count, withUTF8(at: index(at: position), { Self.compare($0, key) == 0 }) else { return nil }
        return index(at: position)
      }
    case .titles:
      return indices(ofCaseInsensitive: string, limit: Int.max).first { self[$0].utf8.elementsEqual(string.utf8) }
    }
  }

  /// Indices of titles whose lower-case form equals that of `string`, ascending, at most `limit`.
  package func indices(ofCaseInsensitive string: String, limit: Int) -> [Int] {
    let key = string.lowercased()
    var result: [Int] = []
    for position in positions(startingWith: key) {
      let index = index(at: position)
      guard self[index].lowercased() == key else { break }
      if result.count == limit { break }
      result.append(index)
    }
    return result
  }

  /// Indices of the strings that start with `prefix`, in sorted order, at most `limit`.
  ///
  /// Titles ignore case.
  package func indices(startingWith prefix: String, limit: Int) -> [Int] {
    positions(startingWith: role == .titles ? prefix.lowercased() : prefix).prefix(max(0, limit)).map { index(at: $0) }
  }

  /// Positions in `order` of the strings, other than empty ones, whose sort key starts with `prefix`.
  private func positions(startingWith prefix: String) -> Range<Int> {
    var prefix = prefix
    return prefix.withUTF8 { key in
      let first = firstPosition { $0.isEmpty || Self.compare($0, key) < 0 }
      let end = firstPosition { text in
        Self.compare(UnsafeBufferPointer(rebasing: text.prefix(key.count)), key) <= 0
      }
      return first..<max(first, end)
    }
  }

  /// The first position whose sort key does not satisfy `isBefore`, which must hold for a prefix of the order.
  private func firstPosition(_ isBefore: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if withSortKey(at: index(at: middle), isBefore) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Calls `body` with what a string is sorted by: its bytes, or for titles its lower-case form.
  private func withSortKey<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    guard role == .titles else { return withUTF8(at: index, body) }
    var folded = self[index].lowercased()
    return folded.withUTF8(body)
  }

  /// Calls `body` with the UTF-8 of the string at `index`.
  package func withUTF8<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let range = range(of: index)
    return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
  }

  // MARK: - Order

  /// Lexicographic comparison of bytes: negative, zero or positive.
  static func compare(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = min(first.count, second.count)
    for position in 0..<shared where first[position] != second[position] {
      return Int(first[position]) - Int(second[position])
    }
    return first.count - second.count
  }

  private static func sortedOrder(bytes: [UInt8], offsets: [Int], role: Role) -> [Int32] {
    let indices = (0..<Int32(offsets.count - 1))
    switch role {
    case .identifiers:
      return bytes.withUnsafeBufferPointer { text in
        indices.sorted { first, second in
          let a = UnsafeBufferPointer(rebasing: text[offsets[Int(first)]..<offsets[Int(first) + 1]])
          let b = UnsafeBufferPointer(rebasing: text[offsets[Int(second)]..<offsets[Int(second) + 1]])
          let comparison = compare(a, b)
          return comparison != 0 ? comparison < 0 : first < second
        }
      }
    case .titles:
      let folded = indices.map { index in
        let text = bytes[offsets[Int(index)]..<offsets[Int(index) + 1]]
        return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
      }
      return indices.sorted { first, second in
        let a = folded[Int(first)]
        let b = folded[Int(second)]
        return a == b ? first < second : a.lexicographicallyPrecedes(b)
      }
    }
  }

  /// Ids must ascend strictly, which also proves that they are unique and that the order is a permutation.
  ///
  /// For titles, whose sort key is costly, the order must be a permutation; a wrong one could only hide a title.
  private func checkOrder() throws(StringTableError) {
    var failure: StringTableError?
    switch role {
    case .identifiers:
      for position in 0..<count {
        guard order[position] >= 0, order[position] < count else { throw .order(index: position) }
      }
      for position in 1..<max(1, count) {
        let first = Int(order[position - 1])
        let second = Int(order[position])
        let comparison = withUTF8(at: first) { a in withUTF8(at: second) { b in Self.compare(a, b) } }
        if comparison >= 0 {
          failure = comparison == 0 && first != second ? .duplicate(self[first]) : .order(index: position)
          break
        }
      }
    case .titles:
      var seen = [Bool](repeating: false, count: count)
      for (position, index) in order.enumerated() {
        guard index >= 0, index < count, !seen[Int(index)] else { throw .order(index: position) }
        seen[Int(index)] = true
      }
    }
    if let failure { throw failure }
  }
}
