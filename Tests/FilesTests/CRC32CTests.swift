// CRC32C against published values, and the instruction against the table.

import Files
import TestSupport
import Testing

@Suite struct CRC32CTests {
  @Test(
    arguments: [
      ("", 0), ("123456789", 0xE306_9283), ("a", 0xC1D0_4330),
      (String(repeating: "\0", count: 32), 0x8A91_36AA),
    ] as [(String, UInt32)])
  func knownValues(text: String, expected: UInt32) {
    #expect(CRC32C.checksum(Array(text.utf8)) == expected)
    var byTable = CRC32C()
    Array(text.utf8).withUnsafeBytes { byTable.updateByTable($0) }
    #expect(byTable.value == expected)
  }

  @Test func piecesInstructionAndTableAgree() {
    var random = SplitMix(state: 3)
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let whole = CRC32C.checksum(bytes)
      var pieces = CRC32C()
      let cut = random.below(length + 1)
      bytes.withUnsafeBytes { raw in
        pieces.update(UnsafeRawBufferPointer(rebasing: raw[..<cut]))
        pieces.updateByTable(UnsafeRawBufferPointer(rebasing: raw[cut...]))
      }
      #expect(pieces.value == whole)
    }
  }

  /// The instruction sums three lanes of 4 KiB side by side: around one, two and many rounds of them.
  @Test func lanesAgreeWithTheTable() {
    var random = SplitMix(state: 4)
    let bytes = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let lengths = [12_287, 12_288, 12_289, 24_575, 24_576, 24_583, 36_871, 69_000]
    for (start, length) in lengths.enumerated() {
      bytes.withUnsafeBytes { raw in
        let part = UnsafeRawBufferPointer(rebasing: raw[start..<start + length])
        var byTable = CRC32C()
        byTable.updateByTable(part)
        #expect(CRC32C.checksum(part) == byTable.value)
        var continued = CRC32C()
        continued.update(UnsafeRawBufferPointer(rebasing: part[..<5]))
        continued.update(UnsafeRawBufferPointer(rebasing: part[5...]))
        #expect(continued.value == byTable.value)
        // Pieces that are summed apart, one of them empty.
        let cuts = [0, 100, 100, length / 2, length]
        let pieces = zip(cuts, cuts.dropFirst()).map { from, to in
          (value: CRC32C.checksum(UnsafeRawBufferPointer(rebasing: part[from..<to])), byteCount: to - from)
        }
        #expect(CRC32C.joined(pieces) == byTable.value)
      }
    }
    #expect(CRC32C.joined([]) == 0)
  }

  @Test func textIsEightLowerCaseDigits() {
    #expect(CRC32C.text(0xAB) == "000000ab")
    #expect(CRC32C.value(of: "000000ab") == 0xAB)
    for wrong in ["", "ab", "000000AB", "+00000ab", "0000000ab", "0000 0ab"] {
      #expect(CRC32C.value(of: wrong) == nil)
    }
  }
}
