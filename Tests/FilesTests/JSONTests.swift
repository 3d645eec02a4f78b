// JSON: what is accepted, what is refused and where, and that writing and reading are inverse.

import Files
import TestSupport
import Testing

@Suite struct JSONTests {
  static let validTexts: [(String, JSONValue)] = [
    ("null", JSONValue.null), ("true", .bool(true)), (" false\n", .bool(false)), ("0", .integer(0)),
    ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.0", .number(1)), ("1e2", .number(100)),
    ("2.5E-3", .number(0.0025)), ("\"\"", .string("")), (#""\u00e9\ud83d\ude00\n\/""#, .string("é😀\n/")),
    ("[]", .array([])), ("{}", .object([JSONValue.Member]())), ("[1, \"a\" ,null]", .array([1, "a", .null])),
    ("{\"b\":1,\"a\":{\"c\":[]}}", ["b": 1, "a": ["c": []]]), (#""\u0000""#, .string("\0")),
  ]

  @Test(arguments: JSONTests.validTexts)
  func validTextsParse(text: String, expected: JSONValue) throws {
    #expect(try JSONValue.parse(text) == expected)
  }

  @Test(arguments: [
    ("", 0), (" ", 1), ("nul", 0), ("tru e", 0), ("01", 0), ("-", 1), ("1.", 2), (".5", 0), ("1e", 2), ("+1", 0),
    ("1e999", 0), ("NaN", 0), ("[1,]", 3), ("[1 2]", 3), ("{\"a\":1,}", 7), ("{\"a\" 1}", 5), ("{a:1}", 1),
    ("{\"a\":1,\"a\":2}", 7), ("\"abc", 0), ("\"\n\"", 1), (#""\x""#, 1), (#""\u12""#, 5), (#""\ud800""#, 1),
    (#""\udc00""#, 1), (#""\ud800\u0041""#, 1), ("1 2", 2), ("[", 1), ("\u{FEFF}1", 0), ("'a'", 0), ("// c\n1", 0),
    (#""\"#, 0), (#""\u"#, 3),
  ])
  func malformedTextsAreRefusedAtTheirByte(text: String, offset: Int) {
    #expect {
      _ = try JSONValue.parse(text)
    } throws: { error in
      guard case .malformed(let found, _, _, _) = error as? JSONError else { return false }
      return found == offset
    }
  }

  @Test func invalidEncodingIsRefused() {
    for bytes: [UInt8] in [
      [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
    ] {
      #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
    }
  }

  @Test func nestingIsLimited() throws {
    let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    _ = try JSONValue.parse(deepest)
    #expect(throws: JSONError.self) { try JSONValue.parse("[" + deepest + "]") }
    #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "[", count: 1_000_000)) }
    #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "{\"a\":", count: 1_000_000)) }
  }

  @Test func duplicateNamesAreFoundByBytesInLargeObjects() throws {
    let members = (0..<1000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(try JSONValue.parse("{\(members)}")["k999"]?.int == 999)
    #expect(throws: JSONError.self) { try JSONValue.parse("{\(members),\"k500\":1}") }
    // The composed and the decomposed é are different names.
    #expect(try JSONValue.parse("{\"\u{E9}\":1,\"e\u{301}\":2}").object?.count == 2)
  }

  @Test func errorsNameLineAndColumn() {
    #expect {
      _ = try JSONValue.parse("{\n  \"a\": 1,\n  \"b\": x\n}")
    } throws: { error in
      guard case .malformed(_, let line, let column, _) = error as? JSONError else { return false }
      return line == 3 && column == 8
    }
  }

  @Test func compactTextIsMinimal() throws {
    let value: JSONValue = [
      "id": "a\"b\\<\u{2028}\u{7F}\u{85}\u{202E}\u{FEFF}é\u{FF21}\u{FEFE}\n", "n": [1, 2.5, true, .null], "e": [],
    ]
    let expected = #"{"id":"a\"b\\\u003c\u2028\u007f\u0085\u202e\ufefféＡ﻾\n","n":[1,2.5,true,null],"e":[]}"#
    #expect(try value.text() == expected)
    #expect(try JSONValue.parse(expected) == value)
  }

  @Test func prettyTextKeepsShortNumberArraysOnALine() throws {
    let value: JSONValue = [
      "a": [1, 2.5], "b": [], "c": ["x"], "d": [:], "e": .floats((0..<40).map { Float($0) + 0.25 }),
    ]
    let text = try value.text(.pretty)
    #expect(
      text.hasPrefix(
        "{\n  \"a\": [1, 2.5],\n  \"b\": [],\n  \"c\": [\n    \"x\"\n  ],\n  \"d\": {},\n  \"e\": [\n    0.25,\n"))
    #expect(try JSONValue.parse(text)["e"]?.array?.count == 40)
  }

  @Test func numbersSurviveARoundTrip() throws {
    var generator = SplitMix(state: 11)
    for _ in 0..<20_000 {
      let double = Double(bitPattern: generator.next())
      if double.isFinite {
        let read = try JSONValue.parse(try JSONValue.number(double).text()).double
        #expect(read?.bitPattern == double.bitPattern)
      }
      let float = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      if float.isFinite {
        let read = try JSONValue.parse(try JSONValue.float(float).text()).double
        #expect(read.map { Float($0).bitPattern } == float.bitPattern)
      }
      let integer = Int(truncatingIfNeeded: generator.next())
      #expect(try JSONValue.parse(try JSONValue.integer(integer).text()) == .integer(integer))
    }
  }

  @Test func numbersThatAreNotFiniteAreRefusedAndNothingIsWritten() throws {
    let value: JSONValue = ["a": [1, ["b": .float(.infinity)]]]
    var bytes: [UInt8] = [1, 2, 3]
    #expect(throws: JSONError.nonFinite(path: "$.a[1].b")) { try value.append(to: &bytes) }
    #expect(bytes == [1, 2, 3])
    #expect(throws: JSONError.nonFinite(path: "$")) { try JSONValue.number(.nan).text(.pretty) }
  }

  @Test func membersCanBeReplacedAppendedAndRemoved() {
    var value: JSONValue = ["a": 1, "b": 2]
    value["a"] = "x"
    value["c"] = true
    value["b"] = nil
    #expect(value == ["a": "x", "c": true])
    #expect(value["zzz"] == nil && value[0] == nil && value["c"]?.bool == true)
  }

  /// Nothing that a file may contain stops the process; what is accepted writes and reads back unchanged.
  @Test func fuzzedNeverTraps() throws {
    let seeds = [
      #"{"id":"a\"b\\\u003c é","n":[1,2.5,true,null,-0,1e-7],"e":{"x":[[],{}]}}"#,
      #"["\ud83d\ude00","\u0000",9223372036854775807]"#,
    ].map { Array($0.utf8) }
    var generator = SplitMix(state: 5)
    var accepted = 0
    for _ in 0..<20_000 {
      let bytes = generator.mutate(seeds[generator.below(seeds.count)])
      if let value = try? JSONValue.parse(bytes) {
        accepted += 1
        #expect(try JSONValue.parse(try value.serialized()) == value)
      }
    }
    #expect(accepted > 100)
  }
}
