// Ids are bytes: nothing is normalised, and the canonical order depends on the set of ids only.

import Interactions
import TestSupport
import Testing

@Suite struct IdentifierMapTests {
  static let oddIds = [
    "0", "00", "007", "18446744073709551616", "\u{E9}", "e\u{301}", "😀", "\u{202E}rtl", "../../etc/passwd", "%n",
    "\"q\"",
    "a b", "a\tb", " ", "-1", "1e3", "NULL", "nan", String(repeating: "x", count: 4096), "שלום", "ﬁ", "fi",
  ]

  @Test func idsAreKeptByteForByte() throws {
    let map = IdentifierMap(Self.oddIds)
    #expect(map.count == Self.oddIds.count)
    for (index, id) in Self.oddIds.enumerated() {
      #expect(Array(map[index].utf8) == Array(id.utf8))
      #expect(map.index(of: id) == index)
    }
    #expect(map.index(of: "e") == nil && map.index(of: "") == nil && map.index(of: "7") == nil)
  }

  @Test func emptyAndOverlongIdsAreRefused() {
    var map = IdentifierMap()
    #expect(throws: IdentifierMap.Rejection.empty) { try map.insert("") }
    #expect(throws: IdentifierMap.Rejection.tooLong(4097)) { try map.insert(String(repeating: "x", count: 4097)) }
    #expect(map.count == 0)
  }

  @Test func manyIdsAreFoundAgain() throws {
    var map = IdentifierMap()
    for index in 0..<100_000 { #expect(try map.insert("item-\(index * 7919 % 100_003)") == Int32(index)) }
    for index in 0..<100_000 { #expect(try map.insert("item-\(index * 7919 % 100_003)") == Int32(index)) }
    #expect(map.index(of: "item-100003") == nil)
  }

  @Test func canonicalOrderDependsOnTheSetOnly() {
    var generator = SplitMix(state: 4)
    let expected = [
      "0", "2", "10", "18446744073709551616", " ", "\"q\"", "%n", "-1", "../../etc/passwd", "00", "007", "1e3", "B",
      "a",
      "a\tb", "e\u{301}", "\u{E9}",
    ]
    for _ in 0..<100 {
      let shuffled = expected.shuffled(using: &generator)
      let map = IdentifierMap(shuffled)
      #expect(map.selecting(map.canonicalOrder()).strings.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }
    let map = IdentifierMap(["z", "y", "10", "9"])
    #expect(map.selecting(map.canonicalOrder(from: 2)).strings == ["z", "y", "9", "10"])
  }
}
