// Safetensors files: round trips, alignment, every kind of malformed header, damage, and Python's reader.

import Files
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SafetensorsTests {
  private func example() -> SafetensorsWriter {
    var writer = SafetensorsWriter()
    writer.metadata = [("name", "quote \" backslash \\ newline \n tab \t é 漢"), ("empty", "")]
    writer.add("bytes", bytes: [1, 2, 3])
    writer.add("floats", floats: [1, -2.5, .infinity, 0], shape: [2, 2])
    writer.add("empty", floats: [], shape: [0, 3])
    writer.add("doubles", doubles: [0.1])
    writer.add("integers", integers: [.min, 7])
    writer.add("int32s", int32s: [1, -1, 2])
    [Float(1), 65_504, 1e-7, -0.3333].withUnsafeBufferPointer { writer.add("halves", halves: $0, shape: [4]) }
    return writer
  }

  @Test func whatIsWrittenIsRead() throws {
    let file = try SafetensorsFile(bytes: example().bytes(), name: "memory", checksums: .required)
    #expect(try file.bytes("bytes") == [1, 2, 3])
    #expect(try file.floats("floats") == [1, -2.5, .infinity, 0])
    #expect(try file.floats("empty") == [])
    #expect(try file.doubles("doubles") == [0.1])
    #expect(try file.integers("integers") == [.min, 7])
    #expect(try file.int32s("int32s") == [1, -1, 2])
    #expect(try file.floats("halves") == [1, 65_504, Float(Float16(1e-7)), Float(Float16(-0.3333))])
    #expect(file.header.metadata("name") == "quote \" backslash \\ newline \n tab \t é 漢")
    #expect(file.header.metadata("empty")?.isEmpty == true)
    #expect(throws: SafetensorsError.self) { try file.floats("none") }
    #expect(throws: SafetensorsError.self) { try file.floats("bytes") }
  }

  @Test func bytesAreDeterministicAlignedAndOrdered() throws {
    let bytes = example().bytes()
    #expect(bytes == example().bytes())
    #expect(example().byteCount == bytes.count)
    let file = try SafetensorsFile(bytes: bytes, name: "memory")
    let headerLength = bytes[0..<8].enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    #expect((8 + headerLength) % 64 == 0)
    for tensor in file.header.tensors { #expect(tensor.offset % tensor.type.byteCount == 0) }
  }

  @Test func everyHalfIsConvertedAsTheHardwareDoes() {
    var wrong = 0
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let found = floatFromHalf(bits)
      if !(found == expected || found.isNaN && expected.isNaN) { wrong += 1 }
      if !expected.isNaN && halfFromFloat(expected) != bits { wrong += 1 }
    }
    var random = SplitMix(state: 2)
    for _ in 0..<200_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if !value.isNaN && halfFromFloat(value) != Float16(value).bitPattern { wrong += 1 }
    }
    #expect(wrong == 0)
    for value in [Float(65_519.99), 65_520, 2.9802322e-8, 2.980233e-8, 6.1035e-5, 1e30] {
      #expect(halfFromFloat(value) == Float16(value).bitPattern)
    }
  }

  @Test func everyFlippedBitIsDetected() throws {
    let bytes = example().bytes()
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        let isAccepted =
          (try? SafetensorsFile(bytes: damaged, name: "memory", checksums: .required).verify()) != nil
        #expect(!isAccepted, "byte \(position), bit \(bit)")
      }
    }
  }

  @Test func everyTruncationAndExtensionIsDetected() throws {
    let bytes = example().bytes()
    for length in 0..<bytes.count {
      #expect(throws: SafetensorsError.self) {
        try SafetensorsFile(bytes: Array(bytes[..<length]), name: "memory", checksums: .ifPresent)
      }
    }
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes + [0], name: "memory") }
  }

  /// A file of a header text and some data, as another writer would make it.
  private func file(_ header: String, data: Int = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  @Test(arguments: [
    ("", 0, "expected '{'"), (" {}", 0, "expected '{'"), ("{", 0, "expected a string"), ("[]", 0, "expected '{'"),
    ("{}x", 0, "only blanks"), ("{\"a\"}", 0, "expected ':'"), ("{\"a\":1}", 0, "expected an object"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "need 4 bytes"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "need 4 bytes"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}", 5, "hole or an overlap"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "needs 8 bytes"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "needs 4 bytes"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "two offsets"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "no data_offsets"),
    ("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no dtype"),
    ("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no shape"),
    ("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type 'F33'"),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, "non-negative integer"),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "expected ',' or ']'"),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[01],\"data_offsets\":[0,1]}}", 1, "leading zero"),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,1]}}", 1, "63 bits"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,2],\"data_offsets\":[0,0]}}", 0, "overflows"
    ),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, "more than 8 dimensions"),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1, "dtype, shape or data_offsets"),
    (
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],"
        + "\"data_offsets\":[1,2]}}", 2, "'a' appears twice"
    ),
    (
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],"
        + "\"data_offsets\":[1,2]}}", 2, "hole or an overlap"
    ),
    ("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "appears twice"),
    ("{\"__metadata__\":{\"a\":1}}", 0, "expected a string"),
    ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "appears twice"),
    ("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "appears twice"),
    ("{\"a\\x\":{}}", 0, "JSON escape"), ("{\"\\ud800\":{}}", 0, "surrogate"), ("{\"\n\":{}}", 0, "control character"),
    ("{\"a", 0, "closing quote"), ("{\"\\u12", 0, "hexadecimal"), ("{\"a\":{},}", 0, "no dtype"),
  ])
  func malformedHeadersHaveTheirOwnMessage(header: String, data: Int, message: String) throws {
    let error = #expect(throws: SafetensorsError.self) {
      try SafetensorsFile(bytes: file(header, data: data), name: "memory")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "no error")")
    #expect(error?.exitStatus == .badData)
  }

  @Test func lengthsBeyondTheFileOrTheLimitAreRefusedBeforeMemoryIsTaken() {
    for length in [UInt64(1), 100_000_001, .max, UInt64(Int.max)] {
      let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) }
      #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes, name: "memory") }
    }
  }

  @Test func otherWritersFilesAreReadButNotWhereChecksumsAreRequired() throws {
    let bytes = file("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}} ", data: 2)
    #expect(try SafetensorsFile(bytes: bytes, name: "memory").bytes("a") == [0, 0])
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: bytes, name: "memory", checksums: .required) }
  }

  @Test func mutatedFilesNeverTrap() throws {
    let bytes = example().bytes()
    var random = SplitMix(state: 11)
    var accepted = 0
    for _ in 0..<5_000 {
      let damaged = random.mutate(bytes)
      if let file = try? SafetensorsFile(bytes: damaged, name: "memory", checksums: .ignored) {
        accepted += 1
        for name in file.names {
          _ = try? file.floats(name)
          _ = try? file.integers(name)
        }
      }
    }
    #expect(accepted > 0)
  }

  @Test func whatIsNotARegularFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let fifo = folder.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    for path in [folder.path, fifo, "/dev/zero"] {
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      #expect(error?.exitStatus == .badData)
    }
    let missing = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: folder.path + "/none") }
    #expect(missing?.exitStatus == .missingInput)
    unlink(fifo)
  }

  @Test func aHugeSparseFileIsRefusedWithoutReadingIt() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("sparse", [UInt8](repeating: 0, count: 8))
    #expect(truncate(path, 1 << 40) == 0)
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
  }

  static let hasPython = python("import safetensors.numpy", []) == 0

  static func python(_ program: String, _ arguments: [String]) -> Int32 {
    var process = pid_t()
    // Another interpreter may be named for machines where the package lives in an environment of its own.
    let interpreter = getenv("DAREC_TEST_PYTHON").map { String(cString: $0) } ?? "python3"
    var pointers = ([interpreter, "-W", "ignore", "-c", program] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    guard posix_spawnp(&process, interpreter, &actions, nil, pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return status
  }

  @Test(.enabled(if: hasPython, "python3 with safetensors is not installed"))
  func pythonReadsTheFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try example().write(toFile: path)
    let program = """
      import sys, math
      from safetensors import safe_open
      with safe_open(sys.argv[1], framework="numpy") as f:
          assert sorted(f.keys()) == ["bytes", "doubles", "empty", "floats", "halves", "int32s", "integers"]
          assert f.get_tensor("floats").tolist() == [[1, -2.5], [math.inf, 0]]
          assert f.get_tensor("empty").shape == (0, 3)
          assert f.get_tensor("integers").tolist() == [-2**63, 7]
          assert f.get_tensor("halves").dtype == "float16"
          assert f.metadata()["name"] == "quote \\" backslash \\\\ newline \\n tab \\t é 漢"
      """
    #expect(Self.python(program, [path]) == 0)
  }
}
