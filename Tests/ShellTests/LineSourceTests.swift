// Lines out of descriptors, whatever the pieces they come in.

import Glibc
import Shell
import Testing

@Suite struct LineSourceTests {
  /// All events of some bytes.
  func events(_ bytes: [UInt8]) throws -> [LineSource.Event] {
    let folder = TemporaryFolder()
    let source = try LineSource(path: folder.write("lines", bytes))
    var events: [LineSource.Event] = []
    while events.last != .end { events.append(source.next()) }
    return events
  }

  @Test(arguments: [
    ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb\r\n", ["a", "b"]), ("\n\n", ["", ""]), ("a\rb\n", ["a\rb"]),
    ("\u{FEFF}a\n\u{FEFF}b\n", ["a", "\u{FEFF}b"]), ("日本\n語", ["日本", "語"]), ("\r\n", [""]),
  ])
  func linesEndInLineFeeds(_ row: (String, [String])) throws {
    #expect(try events(Array(row.0.utf8)) == row.1.map { .line($0) } + [.end])
  }

  @Test func textMayBeSplitAtAnyByte() async throws {
    let text = "find 日本語\r\nfind 👨‍👩‍👧‍👦 é\nlast"
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      var ends: [Int32] = [0, 0]
      pipe(&ends)
      let writer = ends[1]
      async let written: Void = onThread {
        for piece in [bytes[..<cut], bytes[cut...]] {
          if !piece.isEmpty { _ = piece.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) } }
          usleep(500)
        }
        close(writer)
      }
      let reader = ends[0]
      let lines = await onThread {
        let source = LineSource(descriptor: reader, ownsDescriptor: true)
        return [source.next(), source.next(), source.next(), source.next()]
      }
      await written
      #expect(lines == [.line("find 日本語"), .line("find 👨‍👩‍👧‍👦 é"), .line("last"), .end])
    }
  }

  @Test func theLimitIsExact() throws {
    let limit = LineSource.lineLimit
    let longest = [UInt8](repeating: 0x61, count: limit)
    for ending in [[0x0A], [0x0D, 0x0A], []] as [[UInt8]] {
      #expect(try events(longest + ending).first == .line(String(repeating: "a", count: limit)))
      let found = try events(longest + [0x61] + ending + (ending.isEmpty ? [] : [0x62]))
      #expect(found == [.failure(.lineTooLong(limit: limit))] + (ending.isEmpty ? [.end] : [.line("b"), .end]))
    }
    let huge = [UInt8](repeating: 0x61, count: 5 * limit)
    #expect(try events(huge + [0x0A, 0x62]) == [.failure(.lineTooLong(limit: limit)), .line("b"), .end])
  }

  @Test(
    arguments: [
      ([0x61, 0x00, 0x62], ShellError.zeroByte(column: 2)), ([0xFF], .notUTF8(column: 1)),
      ([0x61, 0xC3, 0xA9, 0xC3], .notUTF8(column: 4)), ([0x61, 0xED, 0xA0, 0x80], .notUTF8(column: 2)),
      ([0xC0, 0xAF], .notUTF8(column: 1)),
    ] as [([UInt8], ShellError)])
  func bytesThatAreNotTextAreNamed(_ row: ([UInt8], ShellError)) throws {
    #expect(try events(row.0 + [0x0A, 0x62]) == [.failure(row.1), .line("b"), .end])
  }

  @Test func aMillionEmptyLinesAreRead() throws {
    let folder = TemporaryFolder()
    let source = try LineSource(path: folder.write("empty", [UInt8](repeating: 0x0A, count: 1_000_000)))
    while source.next() != .end {}
    #expect(source.lineNumber == 1_000_000)
  }

  @Test func foldersAndMissingFilesAreRefused() {
    let folder = TemporaryFolder()
    #expect(throws: ShellError.missingFile(path: folder.path, reason: "Is a directory")) {
      try LineSource(path: folder.path)
    }
    #expect(throws: ShellError.missingFile(path: "/nonexistent", reason: "No such file or directory")) {
      try LineSource(path: "/nonexistent")
    }
  }
}
