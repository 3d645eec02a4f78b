// Malicious and damaged pickles: each is refused with the name and the offset of what is wrong, and nothing runs.

import Files
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes of a hand-made pickle: characters for opcodes and texts, numbers for the rest.
private func pickle(_ parts: String...) -> [UInt8] {
  [0x80, 4] + parts.flatMap { Array($0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }) }
}

/// SHORT_BINUNICODE.
private func text(_ value: String) -> String { "\u{8C}\(Character(UnicodeScalar(UInt8(value.utf8.count))))\(value)" }

/// STACK_GLOBAL of a module and a name.
private func named(_ module: String, _ name: String) -> String { text(module) + text(name) + "\u{93}" }

private let i4 = named("numpy", "dtype") + text("i4") + "\u{89}\u{88}\u{87}R"
private let i4Built = i4 + "(K\u{3}" + text("<") + "NNNJ\u{FF}\u{FF}\u{FF}\u{FF}J\u{FF}\u{FF}\u{FF}\u{FF}K\u{0}tb"
private let emptyArray =
  named("numpy.core.multiarray", "_reconstruct") + named("numpy", "ndarray") + "K\u{0}\u{85}C\u{1}b\u{87}R"
private let emptyMatrix = named("scipy.sparse", "coo_matrix") + ")\u{81}"

/// A pickle that must be refused.
struct Refusal: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  /// What the message must contain.
  let contains: String
  /// The offset that the message must give; nil for any.
  let offset: Int?

  init(_ name: String, _ bytes: [UInt8], _ contains: String, offset: Int? = nil) {
    self.name = name
    self.bytes = bytes
    self.contains = contains
    self.offset = offset
  }

  var testDescription: String { name }
}

private let refusals: [Refusal] = [
  Refusal("os.system through GLOBAL", pickle("cos\nsystem\n\u{8C}\u{2}id\u{85}R."), "class 'os.system'", offset: 2),
  Refusal("os.system through STACK_GLOBAL", pickle(named("os", "system"), text("id"), "\u{85}R."), "class 'os.system'"),
  Refusal("posix.system through INST", pickle("(\u{8C}\u{2}idiposix\nsystem\n."), "opcode INST", offset: 7),
  Refusal("OBJ", pickle("(cos\nsystem\n\u{8C}\u{2}ido."), "class 'os.system'", offset: 3),
  Refusal("OBJ on an allowed class", pickle("(", named("numpy", "ndarray"), "o."), "opcode OBJ"),
  Refusal("EXT1", pickle("\u{82}\u{1}."), "opcode EXT1", offset: 2),
  Refusal("EXT2", pickle("\u{83}\u{1}\u{0}."), "opcode EXT2", offset: 2),
  Refusal("EXT4", pickle("\u{84}\u{1}\u{0}\u{0}\u{0}."), "opcode EXT4", offset: 2),
  Refusal("PERSID", pickle("Pid\n."), "opcode PERSID", offset: 2),
  Refusal("BINPERSID", pickle("NQ."), "opcode BINPERSID", offset: 3),
  Refusal("NEXT_BUFFER", pickle("\u{97}."), "opcode NEXT_BUFFER", offset: 2),
  Refusal("NEWOBJ_EX", pickle("N)N\u{92}."), "opcode NEWOBJ_EX", offset: 5),
  Refusal("POP", pickle("N0."), "opcode POP", offset: 3),
  Refusal("DUP", pickle("N2."), "opcode DUP", offset: 3),
  Refusal("an unknown opcode", pickle("\u{FF}."), "opcode 0xFF", offset: 2),
  Refusal("builtins.getattr", pickle(named("builtins", "getattr")), "class 'builtins.getattr'"),
  Refusal("builtins.eval", pickle(named("builtins", "eval")), "class 'builtins.eval'"),
  Refusal("eval of protocol 2", pickle("c__builtin__\neval\n"), "class '__builtin__.eval'", offset: 2),
  Refusal("a dotted name", pickle(named("numpy", "dtype.__init__")), "class 'numpy.dtype.__init__'"),
  Refusal("a module below an allowed one", pickle(named("numpy.ndarray", "tofile")), "class 'numpy.ndarray.tofile'"),
  Refusal(
    "names out of the memo", pickle(text("os"), "\u{94}", text("system"), "\u{94}h\u{0}h\u{1}\u{93}"), "'os.system'"),
  Refusal(
    "a class out of the memo", pickle(named("numpy", "ndarray"), "\u{94}N\u{85}h\u{0}N\u{85}R."),
    "REDUCE on 'numpy.ndarray'"),
  Refusal("REDUCE on a text", pickle(text("os.system"), text("id"), "\u{85}R."), "REDUCE on a text"),
  Refusal("REDUCE on a matrix class", pickle(named("scipy.sparse", "coo_matrix"), ")R."), "REDUCE on 'scipy"),
  Refusal("REDUCE without a tuple", pickle(named("numpy", "dtype"), text("i4"), "R."), "a text for arguments"),
  Refusal("dtype with one argument", pickle(named("numpy", "dtype"), text("i4"), "\u{85}R."), "'numpy.dtype'"),
  Refusal("dtype of objects", pickle(named("numpy", "dtype"), text("O8"), "\u{89}\u{88}\u{87}R."), "'O8'"),
  Refusal(
    "_reconstruct of something else",
    pickle(named("numpy.core.multiarray", "_reconstruct"), named("numpy", "dtype"), "K\u{0}\u{85}C\u{1}b\u{87}R."),
    "_reconstruct"),
  Refusal(
    "encode with another codec", pickle(named("_codecs", "encode"), text("x"), text("zip"), "\u{86}R."), "'latin1'"),
  Refusal(
    "encode of bytes", pickle(named("_codecs", "encode"), "C\u{1}x", text("latin1"), "\u{86}R."), "'latin1'"),
  Refusal("bytes of a size", pickle(named("builtins", "bytes"), "K\u{9}\u{85}R."), "'builtins.bytes' with"),
  Refusal("NEWOBJ on a function", pickle(named("_codecs", "encode"), ")\u{81}."), "NEWOBJ on '_codecs.encode'"),
  Refusal("NEWOBJ on an array", pickle(named("numpy", "ndarray"), ")\u{81}."), "NEWOBJ on 'numpy.ndarray'"),
  Refusal("NEWOBJ with arguments", pickle(named("scipy.sparse", "coo_matrix"), "N\u{85}\u{81}."), "with arguments"),
  Refusal("BUILD on a class", pickle(named("numpy", "ndarray"), "}b."), "BUILD on a class"),
  Refusal("BUILD on a dictionary", pickle("}}b."), "BUILD on a dictionary"),
  Refusal("BUILD of an array with a dictionary", pickle(emptyArray, "}b."), "unknown state"),
  Refusal("BUILD of a type with a dictionary", pickle(i4, "}b."), "BUILD of 'numpy.dtype'"),
  Refusal("BUILD of a matrix with a tuple", pickle(emptyMatrix, "N\u{85}b."), "BUILD of a sparse matrix"),
  Refusal("BUILD twice", pickle(emptyMatrix, "}b}b."), "built already"),
  Refusal("a matrix without attributes", pickle(emptyMatrix, "}b."), "'_shape'"),
  Refusal("a matrix without BUILD", pickle(emptyMatrix, "."), "without content"),
  Refusal("an array without BUILD", pickle(emptyArray, "."), "without content"),
  Refusal(
    "an array whose type has no byte order", pickle(emptyArray, "(K\u{1}K\u{1}\u{85}", i4, "\u{89}C\u{4}abcdtb."),
    "not a built"),
  Refusal(
    "an array that is too short", pickle(emptyArray, "(K\u{1}K\u{2}\u{85}", i4Built, "\u{89}C\u{4}abcdtb."), "shape (2)"
  ),
  Refusal(
    "an array of negative size",
    pickle(emptyArray, "(K\u{1}J\u{FF}\u{FF}\u{FF}\u{FF}\u{85}", i4Built, "\u{89}C\u{4}abcdtb."), "shape"),
  Refusal(
    "an array of impossible size",
    pickle(
      emptyArray, "(K\u{1}(", String(repeating: "J\u{FF}\u{FF}\u{FF}\u{7F}", count: 4), "t", i4Built,
      "\u{89}C\u{4}abcdtb."),
    "impossible shape"),
  Refusal(
    "an array that is its own shape", pickle(emptyArray, "\u{94}(K\u{1}h\u{0}", i4Built, "\u{89}C\u{4}abcdtb."),
    "shape is an object"),
  Refusal("a dictionary in itself", pickle("}\u{94}", text("a"), "h\u{0}s."), "holds a dictionary"),
  Refusal("a number as a key", pickle("}K\u{1}NsN."), "as a key"),
  Refusal("a key without a value", pickle("}(", text("a"), "u."), "a key without a value"),
  Refusal("SETITEMS on a tuple", pickle(")(u."), "SETITEMS on a tuple"),
  Refusal("an empty memo", pickle("h\u{5}."), "remembered under 5", offset: 2),
  Refusal("a memo index of 4 thousand million", pickle("Nr\u{FF}\u{FF}\u{FF}\u{FF}."), "memo entries", offset: 3),
  Refusal("MEMOIZE of nothing", pickle("\u{94}."), "no value to remember"),
  Refusal("an empty stack", pickle("\u{86}."), "fewer than 2 values", offset: 2),
  Refusal("values below a mark", pickle("NN(\u{86}."), "fewer than 2 values"),
  Refusal("no mark", pickle("Nt."), "no mark"),
  Refusal("STOP with nothing", pickle("."), "STOP with 0 values"),
  Refusal("STOP with two values", pickle("NN."), "STOP with 2 values"),
  Refusal("STOP with a mark", pickle("N(."), "1 marks"),
  Refusal("bytes behind STOP", pickle("N.N."), "2 bytes behind it"),
  Refusal("a plain value", pickle("N."), "holds None"),
  Refusal(
    "BINBYTES8 of 2^63 bytes", pickle("\u{8E}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{80}."), "9223372036854775808 bytes",
    offset: 2),
  Refusal(
    "BYTEARRAY8 of 2^64 bytes", pickle("\u{96}" + String(repeating: "\u{FF}", count: 8)), "18446744073709551615",
    offset: 2),
  Refusal("a text of 4 GiB", pickle("X\u{FF}\u{FF}\u{FF}\u{FF}."), "4294967295 bytes", offset: 2),
  Refusal(
    "a frame that is too long", pickle("\u{95}\u{9}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}N."), "a frame of 9 bytes",
    offset: 2),
  Refusal(
    "a frame that ends within an opcode", pickle("\u{95}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}K\u{1}."),
    "crosses the end"),
  Refusal(
    "a frame within a frame",
    pickle("\u{95}\u{B}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}N\u{95}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}."),
    "FRAME within"),
  Refusal(
    "a number of 200 bytes", pickle("\u{8A}\u{C8}" + String(repeating: "\u{1}", count: 200) + "."), "integer of 200"),
  Refusal("PROTO within", pickle("\u{80}\u{4}N."), "PROTO within"),
  Refusal("protocol 0", Array("(lp0\n.".utf8), "does not begin with PROTO", offset: 0),
  Refusal("protocol 6", [0x80, 6, 0x4E, 0x2E], "protocol 6", offset: 0),
  Refusal("nothing", [], "is empty", offset: 0),
  Refusal("control characters in a name", pickle(named("a\u{1B}[2J", "b\nc")), "class 'a?[2J.b?c'"),
  Refusal("a long name", pickle("c", String(repeating: "x", count: 300), "\nb\n"), "a name of more than 256"),
]

@Suite struct PickleRefusalTests {
  @Test(arguments: refusals) func isRefusedByNameAndOffset(_ refusal: Refusal) throws {
    let source = ByteSource(bytes: refusal.bytes, name: "trn_mat.pkl")
    let error = #expect(throws: PickleError.self) { try PickleFile(source) }
    let message = try #require(error).description
    #expect(message.hasPrefix("trn_mat.pkl: ") && message.contains(refusal.contains), "\(message)")
    if let offset = refusal.offset { #expect(message.contains(": offset \(offset): "), "\(message)") }
  }

  @Test(arguments: ["coo-new-p4", "coo-old-p2", "csr-old-p5", "f4-new-p5", "f8-old-p4"])
  func everyTruncationIsRefused(name: String) throws {
    let bytes = try FileReader.contents(of: fixturePath("pickle/\(name).pkl"))
    for length in 0..<bytes.count {
      #expect(throws: PickleError.self) {
        try PickleFile(ByteSource(bytes: Array(bytes[..<length]), name: "cut"))
      }
    }
  }

  @Test func deepNestingIsCheapAndLimited() throws {
    // A million tuples, each within the next: refused at the budget, and freed without recursion.
    let nested = pickle("N", String(repeating: "\u{85}", count: 1_000_000), ".")
    let error = #expect(throws: PickleError.self) { try PickleFile(ByteSource(bytes: nested, name: "nested")) }
    #expect(error?.description.contains("more than 65536 opcodes") == true)
    let allowed = pickle("N", String(repeating: "\u{85}", count: 60_000), ".")
    let other = #expect(throws: PickleError.self) { try PickleFile(ByteSource(bytes: allowed, name: "nested")) }
    #expect(other?.description.contains("holds a tuple") == true)
  }

  @Test func memoBombsStayWithinTheBudget() throws {
    // Each tuple holds the one before twice: 2^20000 values for a reader that copies.
    let bomb = pickle("N\u{94}", String(repeating: "h\u{0}h\u{0}\u{86}q\u{0}", count: 10_000), "\u{85}.")
    #expect(throws: PickleError.self) { try PickleFile(ByteSource(bytes: bomb, name: "bomb")) }
  }

  @Test func indicesOutOfRangeAreRefused() throws {
    var bytes = try FileReader.contents(of: fixturePath("pickle/coo-old-p4.pkl"))
    // The five columns 1 3 0 2 2 as int32; the largest allowed is 4.
    let columns: [UInt8] = [1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]
    let place = try #require(
      (0..<bytes.count - columns.count).first { Array(bytes[$0..<$0 + columns.count]) == columns })
    for value: UInt8 in [5, 0xFF] {
      bytes[place + 4] = value
      bytes[place + 7] = value == 0xFF ? 0xFF : 0
      guard case .sparse(let matrix) = try PickleFile(ByteSource(bytes: bytes, name: "t.pkl")) else {
        Issue.record("not a matrix")
        continue
      }
      let error = #expect(throws: FileError.self) { try matrix.coordinates() }
      #expect(error?.description.contains("col: element 1") == true)
    }
  }

  /// Mutations of real pickles are read or refused; none stops the process or takes long.
  ///
  /// `DAREC_PICKLE_MUTATIONS` sets their number.
  @Test func mutatedPicklesNeverStopTheProcess() throws {
    let count = getenv("DAREC_PICKLE_MUTATIONS").flatMap { Int(String(cString: $0)) } ?? 4_000
    let names = try FileReader.names(inDirectory: fixturePath("pickle")).filter { $0.hasSuffix(".pkl") }
    let originals = try names.map { try FileReader.contents(of: fixturePath("pickle/" + $0)) }
    var random = SplitMix(state: 20261123)
    var (readable, refused) = (0, 0)
    let clock = ContinuousClock()
    var slowest = Duration.zero
    for round in 0..<count {
      let bytes = random.mutate(originals[round % originals.count])
      let start = clock.now
      do {
        switch try PickleFile(ByteSource(bytes: bytes, name: "mutated")) {
        case .sparse(let matrix):
          let read = try matrix.coordinates()
          #expect(read.rowIndices.allSatisfy { $0 >= 0 && $0 < read.rows } && read.count <= bytes.count)
          #expect(read.columnIndices.allSatisfy { $0 >= 0 && $0 < read.columns })
        case .array(let array):
          try array.requireMemory(bytesPerElement: 4)
          var values = [Float](repeating: 0, count: array.count)
          let result = values.withUnsafeMutableBufferPointer { buffer in Result { try array.readFloats(into: buffer) } }
          try result.get()
        }
        readable += 1
      } catch is any DescribedFailure {
        refused += 1
      }
      slowest = max(slowest, clock.now - start)
    }
    #expect(readable + refused == count && readable > 0 && refused > count / 4)
    #expect(slowest < .seconds(1))
    if count > 50_000 {
      print("mutated pickles: \(readable) read, \(refused) refused, slowest \(slowest), peak \(peakMemory() >> 20) MiB")
    }
  }

  /// Most memory that this process has had resident, in bytes; 0 where the system does not tell.
  ///
  /// `getrusage` would count the process that started this one too.
  private func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return (Int(text.filter(\.isNumber)) ?? 0) << 10 }
    }
    return 0
  }

  private static let largeFiles = getenv("DAREC_PICKLES").map {
    String(cString: $0).split(separator: ":").map(String.init)
  }

  /// Reading a large file takes no more than 64 MiB and 1.25 times the file, or is refused because it would.
  @Test(.enabled(if: largeFiles != nil, "needs DAREC_PICKLES, paths of large pickles with colons between them"))
  func largeFilesStayWithinTheMemoryLimit() throws {
    for path in try #require(Self.largeFiles) {
      let before = peakMemory()
      let source = try ByteSource(path)
      var outcome = "read"
      do {
        switch try PickleFile(source) {
        case .sparse(let matrix): _ = try matrix.coordinates()
        case .array(let array):
          try array.requireMemory(bytesPerElement: 4)
          let target = UnsafeMutableBufferPointer<Float>.allocate(capacity: array.count)
          defer { target.deallocate() }
          try array.readFloats(into: target)
        }
      } catch let error as any DescribedFailure {
        outcome = error.description
      }
      let growth = peakMemory() - before
      #expect(growth <= ByteSource.memoryLimit(fileSize: source.size))
      print("\(source.size >> 20) MiB, \(growth >> 20) MiB more memory at the peak: \(outcome)")
    }
  }
}
