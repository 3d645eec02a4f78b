// Look-ups of a string table against a dictionary and linear scans.

import Files
import TestSupport
import Testing

@Suite struct StringTableTests {
  private func randomStrings(_ count: Int, seed: UInt64) -> [String] {
    var random = SplitMix(state: seed)
    let alphabet = Array("ab1é漢😀 -")
    var seen = Set<String>()
    var result: [String] = []
    while result.count < count {
      let text = String((0...random.below(6)).map { _ in alphabet[random.below(alphabet.count)] })
      if seen.insert(text).inserted { result.append(text) }
    }
    return result
  }

  @Test(arguments: [0, 1, 2, 17, 500])
  func everyStringIsFoundAndNoOther(count: Int) throws {
    let strings = randomStrings(count, seed: 5)
    let table = try StringTable(strings)
    #expect(table.strings == strings)
    for (index, string) in strings.enumerated() { #expect(table.index(of: string) == index) }
    for other in ["", "zzz", "A", "ab1é漢😀 -ab1é"] { #expect(table.index(of: other) == nil) }
  }

  @Test func prefixesAreThoseOfALinearScan() throws {
    let strings = randomStrings(400, seed: 6)
    let table = try StringTable(strings)
    for prefix in ["", "a", "ab", "é", "漢", "1 ", "x"] {
      let expected = strings.filter { $0.utf8.starts(with: prefix.utf8) }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      #expect(table.indices(startingWith: prefix, limit: 1_000).map { table[$0] } == expected)
      #expect(table.indices(startingWith: prefix, limit: 3).map { table[$0] } == Array(expected.prefix(3)))
    }
  }

  @Test func titlesIgnoreCaseAndSkipEmptyOnes() throws {
    let table = try StringTable(["Zoë", "", "star wars", "Star Wars", "STARGATE", ""], role: .titles)
    #expect(table.indices(ofCaseInsensitive: "STAR WARS", limit: 9) == [2, 3])
    #expect(table.indices(ofCaseInsensitive: "zoË", limit: 9) == [0])
    #expect(table.index(of: "Star Wars") == 3)
    #expect(table.index(of: "star Wars") == nil)
    #expect(table.indices(startingWith: "star", limit: 9) == [2, 3, 4])
    #expect(table.indices(startingWith: "", limit: 9).count == 4)
  }

  @Test func composedAndDecomposedFormsDiffer() throws {
    let table = try StringTable(["\u{E9}", "e\u{301}"])
    #expect(table.index(of: "\u{E9}") == 0)
    #expect(table.index(of: "e\u{301}") == 1)
  }

  @Test func storedPartsAreChecked() throws {
    func table(_ text: [UInt8], _ offsets: [Int], _ order: [Int32]?) throws -> StringTable {
      try StringTable(bytes: text, offsets: offsets, order: order, role: .identifiers)
    }
    #expect(try table([97, 98], [0, 1, 2], [0, 1]).count == 2)
    #expect(throws: StringTableError.order(index: 1)) { try table([97, 98], [0, 1, 2], [1, 0]) }
    #expect(throws: StringTableError.order(index: 1)) { try table([97, 98], [0, 1, 2], [0, 2]) }
    #expect(throws: StringTableError.order(index: 1)) { try table([97, 98], [0, 1, 2], [0, 0]) }
    #expect(throws: StringTableError.order(index: 1)) { try table([97, 98], [0, 1, 2], [0]) }
    #expect(throws: StringTableError.duplicate("a")) { try table([97, 97], [0, 1, 2], [0, 1]) }
    #expect(throws: StringTableError.empty(index: 1)) { try table([97], [0, 1, 1], nil) }
    #expect(throws: StringTableError.offsets(index: 0)) { try table([97], [], nil) }
    #expect(throws: StringTableError.offsets(index: 0)) { try table([97], [0, 2], nil) }
    #expect(throws: StringTableError.offsets(index: 2)) { try table([97, 98], [0, 2, 1, 2], nil) }
    #expect(throws: StringTableError.offsets(index: 1)) { try table([97, 98], [0, -1, 2], nil) }
    #expect(throws: StringTableError.invalidUTF8(index: 1)) { try table([97, 0xFF], [0, 1, 2], nil) }
    #expect(throws: StringTableError.invalidUTF8(index: 1)) { try table([0xC3, 0xA9], [0, 1, 2], nil) }
    #expect(throws: StringTableError.tooLong(index: 0, byteCount: 4_097)) {
      try StringTable([String(repeating: "x", count: 4_097)])
    }
    #expect(try StringTable([String(repeating: "x", count: 4_096)]).count == 1)
    #expect(throws: StringTableError.order(index: 1)) {
      try StringTable(bytes: [97, 98], offsets: [0, 1, 2], order: [0, 0], role: .titles)
    }
  }

  @Test func utf8ValidationIsThatOfTheStandardLibrary() throws {
    var random = SplitMix(state: 8)
    let interesting: [UInt8] = [
      0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xA0, 0xED, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xF5,
    ]
    var wrong = 0
    for _ in 0..<20_000 {
      let bytes = (0...random.below(12)).map { _ in interesting[random.below(interesting.count)] }
      let isValid = String(validating: bytes, as: UTF8.self) != nil
      let table = try? StringTable(bytes: bytes, offsets: [0, bytes.count], order: [0], role: .identifiers)
      if (table != nil) != isValid { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test func nearMatchesAreThoseOfTheFullEditDistance() throws {
    func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
      var row = Array(0...second.count)
      for (i, x) in first.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in second.enumerated() {
          let next = min(diagonal + (x == y ? 0 : 1), row[j] + 1, row[j + 1] + 1)
          diagonal = row[j + 1]
          row[j + 1] = next
        }
      }
      return row[second.count]
    }
    var random = SplitMix(state: 4)
    func word() -> String { String((0...random.below(8)).map { _ in Array("abc")[random.below(3)] }) }
    var words = Set<String>()
    while words.count < 200 { words.insert(word()) }
    let strings = words.sorted()
    let table = try StringTable(strings)
    for _ in 0..<200 {
      let key = word()
      let allowed = min(2, max(1, key.utf8.count / 3))
      var ranked: [(Int, Int)] = []
      for (index, string) in strings.enumerated() {
        let edits = distance(Array(key.utf8), Array(string.utf8))
        if edits <= allowed {
          ranked.append((edits, index))
        } else if key.utf8.count >= 2 && string.hasPrefix(key) {
          ranked.append((3, index))
        }
      }
      ranked.sort { $0 < $1 }
      #expect(table.nearMatches(key, limit: 10) == ranked.prefix(10).map { $0.1 })
    }
  }
}
