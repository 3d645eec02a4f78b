// NumPy files: the shipped golden vectors, every type and version, and everything that must be refused.

import Files
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct NpyTests {
  /// A file with this header text and data.
  private func file(
    _ text: String, data: [UInt8], version: UInt8 = 1, in folder: TemporaryFolder, name: String = "a.npy"
  ) throws -> String {
    var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0]
    let length = text.utf8.count
    bytes.append(contentsOf: [UInt8(length & 255), UInt8(length >> 8 & 255)])
    if version > 1 { bytes.append(contentsOf: [UInt8(length >> 16 & 255), UInt8(length >> 24 & 255)]) }
    bytes.append(contentsOf: text.utf8)
    return try folder.write(name, bytes + data)
  }

  @Test func goldenVectorsAgreeWithTheirManifest() throws {
    let manifest = try JSONValue.read(fixturePath("golden/manifest.json"))
    var checked = 0
    for testCase in try #require(manifest["cases"]?.object) {
      for group in ["inputs", "outputs"] {
        for member in testCase.value[group]?.object ?? [] {
          guard let name = member.value["file"]?.string else { continue }
          let array = try NpyFile(fixturePath("golden/" + name))
          #expect(array.shape == member.value["shape"]?.array?.compactMap(\.int))
          switch try #require(member.value["dtype"]?.string) {
          case "float32": #expect(try array.floats().allSatisfy(\.isFinite))
          case "float64": #expect(try array.doubles().count == array.count)
          default: #expect(try array.ints().count == array.count)
          }
          checked += 1
        }
      }
    }
    #expect(checked > 100)
  }

  @Test(arguments: [NpyDataType.float16, .float32, .float64])
  func writtenArraysReadBack(dataType: NpyDataType) throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0, -0.0, 1, -1.5, 0.25, 65504, 6.1035156e-05, 3, .infinity, -.infinity, 2048, 0.5]
    let path = folder.path + "/a.npy"
    try NpyFile.write(path, shape: [3, 4], values: values, dataType: dataType)
    let array = try NpyFile(path)
    #expect(array.shape == [3, 4] && array.dataType == dataType)
    #expect(array.header.dataOffset % 64 == 0)
    #expect(try array.floats().map(\.bitPattern) == values.map(\.bitPattern))
    #expect(try array.doubles() == values.map(Double.init))
    #expect(throws: FileError.self) { try array.ints() }
  }

  @Test func halfPrecisionRefusesWhatItCannotHold() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileError.self) {
      try NpyFile.write(folder.path + "/a.npy", shape: [1], values: [70_000], dataType: .float16)
    }
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func everyVersionAndIntegerTypeIsRead(version: UInt8) throws {
    let folder = try TemporaryFolder()
    for (type, data) in [("<i4", [1, 0, 0, 0, 255, 255, 255, 255]), ("|u1", [1, 255]), ("|i1", [1, 255])] {
      let path = try file(
        "{\"shape\": (2L,), 'descr': '\(type)', 'fortran_order': False}  \n", data: data.map { UInt8($0) },
        version: version, in: folder)
      let ints = try NpyFile(path).ints()
      #expect(ints == [1, type == "|u1" ? 255 : -1])
      #expect(try NpyFile(path).floats() == ints.map(Float.init))
    }
    let path = try file(
      "{'descr': '<i8', 'fortran_order': False, 'shape': ()}", data: [0, 0, 0, 0, 0, 0, 0, 128], version: version,
      in: folder)
    #expect(try NpyFile(path).ints() == [Int.min])
  }

  @Test(arguments: [
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "pickled"),
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "big-endian"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "dtype"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "Fortran"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "structured"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "cut short"),
    ("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}", "something behind"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': ()", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': False}", "dictionary"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "impossible"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}", "impossible"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", "cut short"),
    ("", "dictionary"), ("{", "dictionary"), ("{'", "dictionary"), (String(repeating: " ", count: 10_001), "at most"),
  ])
  func headersThatPromiseSomethingElseAreRefusedByName(text: String, word: String) throws {
    let folder = try TemporaryFolder()
    let path = try file(text, data: [0, 0, 0, 0], in: folder)
    #expect {
      _ = try NpyFile(path)
    } throws: { error in
      guard case .malformed(path, let detail) = error as? FileError else { return false }
      return detail.contains(word) && (error as? FileError)?.exitStatus == .badData
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.npy"
    try NpyFile.write(path, shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
    let whole = try FileReader.contents(of: path)
    for length in whole.indices {
      try folder.write("a.npy", Array(whole[0..<length]))
      #expect(throws: FileError.self) { try NpyFile(path) }
    }
  }

  @Test func fuzzedNeverTraps() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.npy"
    try NpyFile.write(path, shape: [2, 3], values: [1, 2, 3, 4, 5, 6], dataType: .float16)
    let whole = try FileReader.contents(of: path)
    var generator = SplitMix(state: 3)
    for _ in 0..<3_000 {
      // Most mutations go into the header, whose text is the part that is interpreted.
      let header = generator.mutate(Array(whole[0..<70]))
      try folder.write("a.npy", header + whole[70...])
      if let array = try? NpyFile(path) {
        _ = try? array.floats()
        _ = try? array.doubles()
        _ = try? array.ints()
      }
    }
  }

  @Test func filesThatAreNotFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileError.missing(path: folder.path + "/none")) { try NpyFile(folder.path + "/none") }
    #expect(FileError.missing(path: "x").exitStatus == .missingInput)
    #expect(throws: FileError.notRegular(path: folder.path, kind: "folder")) { try FileReader(folder.path) }
    #expect(throws: FileError.notRegular(path: "/dev/zero", kind: "device")) {
      try FileReader.contents(of: "/dev/zero")
    }
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: FileError.notRegular(path: pipe, kind: "pipe")) { try FileReader(pipe) }
    let path = try folder.write("long", "123456")
    #expect(throws: FileError.tooLarge(path: path, size: 6, limit: 5)) { try FileReader(path, limit: 5) }
    #expect(try FileReader.contents(of: try folder.write("empty", "")) == [])
    #expect(throws: FileError.self) { try FileReader("a\0b") }
    #expect(throws: FileError.self) { try FileWriter(folder.path + "/none/a") }
    #expect(FileError.unwritable(path: "x", reason: "y").exitStatus == .failure)
  }

  @Test(.enabled(if: FileReader.exists("/dev/full")))
  func fullDisksAreReported() throws {
    let small = try FileWriter("/dev/full")
    try small.append("a")
    #expect(throws: FileError.self) { try small.finish() }
    #expect(throws: FileError.self) {
      try NpyFile.write("/dev/full", shape: [1 << 20], values: [Float](repeating: 0, count: 1 << 20))
    }
  }
}
