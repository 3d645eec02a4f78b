// Models that are mapped: the same as those that are read, damage found in every part when it is used, no crash.

import Files
import ModelFile
import Numerics
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct MappedBundleTests {
  @Test(arguments: [(5, 7, 4), (0, 0, 1), (1, 0, 1), (17, 16, 15), (33, 65, 16)])
  func aMappedModelSavesAsTheOneThatWasRead(users: Int, items: Int, dimension: Int) throws {
    for attribution in ["propagation", "representation", "none"] {
      try withTemporaryFolder { folder in
        var options = ExampleOptions(users: users, items: items, dimension: dimension)
        options.attribution = attribution
        try exampleBundle(options).save(to: folder + "/a", trainingLog: Array("{}\n".utf8))
        let mapped = try Bundle.load(folder + "/a", mapped: true)
        try mapped.save(to: folder + "/b", trainingLog: Array("{}\n".utf8))
        #expect(
          try FileReader.contents(of: folder + "/a/model.safetensors")
            == FileReader.contents(of: folder + "/b/model.safetensors"))
        let read = try Bundle.load(folder + "/a")
        #expect(mapped.users == read.users && mapped.items == read.items && mapped.titles == read.titles)
        for id in read.items.strings { #expect(mapped.items.index(of: id) == read.items.index(of: id)) }
      }
    }
  }

  /// A part that every query needs is verified when the model is opened; the others end the process when they are used.
  @Test func damageIsFoundWhereItIsUsed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/m"
    try exampleBundle().save(to: path)
    let file = path + "/model.safetensors"
    let bytes = try FileReader.contents(of: file)
    let header = bytes[0..<8].enumerated().reduce(8) { $0 + Int($1.element) << (8 * $1.offset) }
    let tensors = try SafetensorsFile(bytes: bytes, name: "memory").header.tensors
    for tensor in tensors {
      var damaged = bytes
      damaged[header + tensor.offset + tensor.byteCount / 2] ^= 4
      try overwrite(file, damaged)
      #expect(throws: BundleError.self, "\(tensor.name)") { try Bundle.load(path) }
      let isNeeded = ["ids.", "final.", "interactions."].contains { tensor.name.hasPrefix($0) }
      if isNeeded {
        #expect(throws: BundleError.self, "\(tensor.name)") { try Bundle.load(path, mapped: true) }
        continue
      }
      let bundle = try Bundle.load(path, mapped: true)
      #expect(bundle.users.count == 5)
      let result = await #expect(
        processExitsWith: .exitCode(65), observing: [\.standardErrorContent], "\(tensor.name)"
      ) { [path = path as String] in
        let bundle = try Bundle.load(path, mapped: true)
        _ = (bundle.titles, bundle.validation, bundle.test, bundle.attribution, bundle.propagation)
        _ = (bundle.components, bundle.centres, bundle.itemText, bundle.userText)
        _exit(0)
      }
      let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(message.contains("darec: ") && message.contains(tensor.name), "\(message)")
    }
  }

  @Test func aFileThatIsCutUnderTheReaderEndsItWithAMessage() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/m"
    var options = ExampleOptions(users: 300, items: 2_000, dimension: 16)
    options.hasText = false
    try exampleBundle(options).save(to: path)
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      [path = path as String] in
      let bundle = try Bundle.load(path, mapped: true)
      guard truncate(path + "/model.safetensors", 4096) == 0 else { _exit(1) }
      _ = bundle.components?.languageSpecific.values
      _exit(0)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("was cut while it was in use"))
  }

  /// Whatever stands in a mapped table whose checksum agrees, looking up stays inside of it.
  @Test func tablesOfGarbageNeverTrap() throws {
    var random = SplitMix(state: 31)
    for round in 0..<3_000 {
      let count = 1 + random.below(6)
      let text = (0..<random.below(24)).map { _ in UInt8(truncatingIfNeeded: random.next() >> (round % 2 == 0 ? 0 : 9))
      }
      var offsets = (0...count).map { _ in
        round % 3 == 0 ? Int(truncatingIfNeeded: random.next()) : random.below(text.count + 3) - 1
      }
      offsets[0] = 0
      offsets[count] = text.count
      let order = (0..<count).map { _ in
        round % 3 == 0 ? Int32(truncatingIfNeeded: random.next()) : Int32(random.below(count + 2)) - 1
      }
      for role in [StringTable.Role.identifiers, .titles] {
        let table = try StringTable(
          bytes: SharedBuffer(text), offsets: SharedBuffer(offsets), order: SharedBuffer(order), role: role,
          isChecked: false)
        for query in ["", "a", "\u{E9}", "zz"] {
          if let found = table.index(of: query) { #expect((0..<count).contains(found)) }
          #expect(table.indices(startingWith: query, limit: 10).allSatisfy { (0..<count).contains($0) })
          _ = table.nearMatches(query, limit: 3)
          if role == .titles { _ = table.indices(ofCaseInsensitive: query, limit: 3) }
        }
        _ = table.strings
      }
    }
    #expect(throws: StringTableError.self) {
      try StringTable(
        bytes: SharedBuffer([97]), offsets: SharedBuffer([0, 2]), order: SharedBuffer([0]), role: .identifiers,
        isChecked: false)
    }
    #expect(throws: StringTableError.self) {
      try StringTable(
        bytes: SharedBuffer([97]), offsets: SharedBuffer([]), order: SharedBuffer([]), role: .identifiers,
        isChecked: false)
    }
  }

  /// Writes in place, as no writer of this program does.
  private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_TRUNC)
    defer { close(descriptor) }
    #expect(bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
  }
}
