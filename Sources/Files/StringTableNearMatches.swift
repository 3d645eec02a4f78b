// Suggestions for a string that is not in a table.

extension StringTable {
  /// Strings close to `string`: at most two edits away (Levenshtein on bytes, ASCII case ignored), then those that
  /// start with it; at most `limit` indices, by distance, then by index.
  /// - Complexity: O(bytes of the table): for the message of a failed look-up only.
  package func nearMatches(_ string: String, limit: Int) -> [Int] {
    let key = string.utf8.map(Self.lowered)
    guard !key.isEmpty, key.count <= Limits.stringBytes, limit > 0 else { return [] }
    // A short key is two edits away from everything of its length: at most a third of it may differ.
    let allowed = min(2, max(1, key.count / 3))
    // Two rows of the distance table, reused for all strings that are compared.
    var rows = (previous: [Int](repeating: 0, count: key.count + 3), current: [Int](repeating: 0, count: key.count + 3))
    var byDistance: [[Int]] = [[], [], [], []]
    for index in 0..<count {
      let distance = withUTF8(at: index) { text -> Int in
        if abs(text.count - key.count) <= allowed {
          let distance = Self.distance(key, text, limit: allowed, rows: &rows)
          if distance <= allowed { return distance }
        }
        guard key.count >= 2, text.count > key.count else { return 4 }
        return text.prefix(key.count).elementsEqual(key) { Self.lowered($0) == $1 } ? 3 : 4
      }
      if distance <= 3 && byDistance[distance].count < limit { byDistance[distance].append(index) }
    }
    return Array(byDistance.joined().prefix(limit))
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }

  /// The edit distance, or `limit + 1` when it is larger: only the band of `limit` diagonals is computed.
  private static func distance(
    _ first: [UInt8], _ second: UnsafeBufferPointer<UInt8>, limit: Int, rows: inout (previous: [Int], current: [Int])
  ) -> Int {
    for column in 0...min(second.count, limit + 1) { rows.previous[column] = column }
    for row in 1...first.count {
      rows.current[0] = row
      var smallest = row
      let low = max(1, row - limit)
      let high = min(second.count, row + limit)
      if low > 1 { rows.current[low - 1] = limit + 1 }
      if low <= high {
        for column in low...high {
          let isSame = first[row - 1] == lowered(second[column - 1])
          let substitution = rows.previous[column - 1] + (isSame ? 0 : 1)
          let deletion = column < row + limit ? rows.previous[column] + 1 : limit + 1
          rows.current[column] = min(substitution, deletion, rows.current[column - 1] + 1)
          smallest = min(smallest, rows.current[column])
        }
      }
      if smallest > limit { return limit + 1 }
      swap(&rows.previous, &rows.current)
    }
    return min(rows.previous[second.count], limit + 1)
  }
}
