// Delimited text: dialects that are accepted, and every bad line named with its file, line and column.

import Files
import TestSupport
import Testing

@Suite struct DelimitedReaderTests {
  private func records(
    _ path: String, format: DelimitedFormat? = nil, hasHeader: Bool = true, chunkSize: Int = 1 << 20
  ) throws -> (columns: [String], rows: [[String]]) {
    let reader = try DelimitedReader(path, format: format, hasHeader: hasHeader, chunkSize: chunkSize)
    var rows: [[String]] = []
    while try reader.next() { rows.append((0..<reader.fieldCount).map(reader.string)) }
    return (reader.columns, rows)
  }

  @Test(arguments: [
    "a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "\u{FEFF}a,b\n1,2\n3,4", "a\tb\n1\t2\n3\t4\n",
    "a;b\n1;2\n3;4\n", "\"a\",\"b\"\n\"1\",2\n3,\"4\"", "a,b\n\n1,2\n\r\n3,4\n\n",
    "\"a\",b\r\n1,\"2\"\r\n\"3\",\"4\"\r\n",
  ])
  func dialectsReadTheSame(text: String) throws {
    let folder = try TemporaryFolder()
    let table = try records(try folder.write("t.csv", text))
    #expect(table.columns == ["a", "b"])
    #expect(table.rows == [["1", "2"], ["3", "4"]])
  }

  @Test func quotedFieldsHoldSeparatorsLineBreaksAndQuotes() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("t.csv", "id,title\n1,\"a, \"\"b\"\"\nc\"\n2,\"\"\n3,plain\n")
    for chunkSize in [16, 17, 64, 1 << 20] {
      #expect(try records(path, chunkSize: chunkSize).rows == [["1", "a, \"b\"\nc"], ["2", ""], ["3", "plain"]])
    }
    let reader = try DelimitedReader(path)
    var lines: [Int] = []
    while try reader.next() { lines.append(reader.line) }
    #expect(lines == [2, 4, 5])
  }

  @Test func tabSeparatedQuotesAreData() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("t.tsv", "id\ttitle\n1\t\"Wolf\" said\n2\t5\" disk\n")
    #expect(try records(path).rows == [["1", "\"Wolf\" said"], ["2", "5\" disk"]])
  }

  static let badLines: [(String, [UInt8], Int, String?, String)] = [
    ("too few", Array("a,b,c\n1,2\n".utf8), 2, nil, "column 'c' is missing"),
    ("too many", Array("a,b\n1,2\n1,2,3\n".utf8), 3, nil, "3 fields"),
    ("NUL", Array("a,b\n1,x\0y\n".utf8), 2, "b", "NUL"),
    ("encoding", Array("a,b\n1,2\n".utf8) + [0xFF, 0x2C, 0x31, 0x0A], 3, "a", "UTF-8"),
    ("encoding in quotes", Array("a,b\n1,\"".utf8) + [0xC3, 0x28, 0x22, 0x0A], 2, "b", "UTF-8"),
    ("quote inside", Array("a,b\n1,x\"y\n".utf8), 2, "b", "double quote"),
    ("after quote", Array("a,b\n\"1\"x,2\n".utf8), 2, "a", "double quote"),
    ("quote open", Array("a,b\n1,\"x\n2,3\n".utf8), 2, "b", "does not end"),
    ("empty file", [], 1, nil, "empty"),
    ("empty name", Array("a,,c\n".utf8), 1, nil, "field 2"),
    ("same name", Array("a,b,a\n".utf8), 1, nil, "twice"),
    ("many columns", Array((0...1024).map { "c\($0)" }.joined(separator: ",").utf8), 1, nil, "at most 1024"),
    ("UTF-16", [0xFF, 0xFE, 0x61, 0], 1, nil, "UTF-16"),
    ("long line", Array("a,b\n1,2\n1,".utf8) + [UInt8](repeating: 0x61, count: 10 << 20) + [0x0A], 3, nil, "longer"),
    ("long quoted", Array("a,b\n1,\"".utf8) + [UInt8](repeating: 0x0A, count: 2 << 20), 2, nil, "longer"),
    ("no line end", [UInt8](repeating: 0x61, count: 3 << 20), 1, nil, "longer"),
  ]

  /// By position, because the test runner prints arguments and some of these have megabytes.
  @Test(arguments: badLines.indices)
  func badLinesAreNamed(index: Int) throws {
    let (_, bytes, line, column, words) = Self.badLines[index]
    let folder = try TemporaryFolder()
    let path = try folder.write("t.csv", bytes)
    #expect {
      _ = try records(path)
    } throws: { error in
      guard case .badLine(path, line, column, let reason) = error as? DelimitedError else { return false }
      return reason.contains(words)
    }
  }

  @Test func readingGoesOnAfterABadLine() throws {
    let folder = try TemporaryFolder()
    var text = "user,item\n"
    var expected = 0
    for index in 0..<20_000 {
      switch index % 100 {
      case 10: text += "lonely\n"
      case 20: text += "a,b,c\n"
      case 30: text += "a,b\"c\n"
      case 40: text += "\"a\"b,c\n"
      case 50: text += "x,\0\n"
      default:
        text += "u\(index),i\n"
        expected += 1
      }
    }
    let reader = try DelimitedReader(try folder.write("t.csv", text), chunkSize: 4096)
    var good = 0
    var bad = 0
    while true {
      do {
        guard try reader.next() else { break }
        #expect(reader.string(0) == "u\(reader.line - 2)")
        good += 1
      } catch { bad += 1 }
    }
    #expect(good == expected && bad == 20_000 - expected)
  }

  @Test func linesMeanRowsSoBlankOnesAreRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("ids.txt", "a b\tc\n\"d\r\n,\n")
    #expect(try records(path, format: .lines, hasHeader: false).rows == [["a b\tc"], ["\"d"], [","]])
    #expect(throws: DelimitedError.self) {
      try records(try folder.write("ids.txt", "a\n\nb\n"), format: .lines, hasHeader: false)
    }
  }

  @Test func numbersAreRoundedCorrectly() throws {
    var generator = SplitMix(state: 9)
    for _ in 0..<20_000 {
      let whole = generator.below(100_000_000)
      let places = generator.below(8)
      let text = "\(generator.below(2) == 0 ? "-" : "")\(whole).\(String(repeating: "7", count: places))"
      let bytes = Array(text.utf8)
      #expect(bytes.withUnsafeBufferPointer { DecimalNumber.parse($0) } == (Double(text) ?? Double(text + "0")))
    }
    for text in ["", "-", "+", ".", "1e", "abc", "0x10", "1,5", " 1", "1 ", "１"] {
      #expect(Array(text.utf8).withUnsafeBufferPointer { DecimalNumber.parse($0) } == nil)
    }
    for (text, value) in [
      ("881250949", 881250949.0), ("8.8e8", 8.8e8), ("12345678901234567890", 12345678901234567890.0),
    ] {
      #expect(Array(text.utf8).withUnsafeBufferPointer { DecimalNumber.parse($0) } == value)
    }
  }

  @Test func encodingCheckAgreesWithTheStandardLibrary() {
    var generator = SplitMix(state: 21)
    let seed = Array("aé€😀\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}z".utf8)
    for _ in 0..<20_000 {
      let bytes = generator.mutate(seed)
      let expected = String(validating: bytes, as: UTF8.self) != nil
      #expect(bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) } == expected)
      let plain = bytes.allSatisfy { $0 != 0 && $0 < 0x80 }
      #expect(bytes.withUnsafeBufferPointer { UTF8Check.isPlainASCII($0) } == plain)
    }
  }

  @Test func fuzzedNeverTraps() throws {
    let folder = try TemporaryFolder()
    let seed = Array("user_id,item_id,rating\nu1,\"i,1\",3\nu2,\"i\"\"2\",4.5\r\nu3,i3,\"5\"\n".utf8)
    var generator = SplitMix(state: 2)
    for _ in 0..<3_000 {
      let path = try folder.write("t.csv", generator.mutate(seed))
      guard let reader = try? DelimitedReader(path, chunkSize: 16 + generator.below(40)) else { continue }
      var records = 0
      for _ in 0..<200 {
        do {
          guard try reader.next() else { break }
          records += 1
          _ = try? reader.number(reader.fieldCount - 1)
        } catch {}
      }
      #expect(records < 100)
    }
  }
}
