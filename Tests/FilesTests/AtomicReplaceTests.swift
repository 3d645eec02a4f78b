// Whatever system call of a save fails, what was there before is still there, whole.

import Files
import Foundation
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The real calls, of which the N-th fails (and, if asked, all after it).
final class FailingFileSystem: FileSystem {
  private let real = PosixFileSystem()
  private let state: Mutex<Int>
  private let failing: Int
  private let forEver: Bool
  private let code: Int32
  private let refusesExchange: Bool

  /// Fails call number `failing`, counted from 0; -1 never fails.
  init(failing: Int, code: Int32, forEver: Bool = false, refusesExchange: Bool = false) {
    self.failing = failing
    self.code = code
    self.forEver = forEver
    self.refusesExchange = refusesExchange
    state = Mutex(0)
  }

  /// Calls so far.
  var calls: Int { state.withLock { $0 } }

  private func count(_ call: String, _ path: String) throws(SystemError) {
    let number = state.withLock { value in
      defer { value += 1 }
      return value
    }
    if number == failing || forEver && failing >= 0 && number > failing {
      throw SystemError(call: call, path: path, code: code)
    }
  }

  func createFile(_ path: String) throws(SystemError) -> Int32 {
    try count("open", path)
    return try real.createFile(path)
  }
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SystemError) -> Int {
    try count("write", path)
    // Short writes are what a nearly full disk gives.
    let half = UnsafeRawBufferPointer(rebasing: bytes.prefix(max(1, bytes.count / 2)))
    return try real.write(descriptor, half, path: path)
  }
  func synchronize(_ descriptor: Int32, path: String) throws(SystemError) {
    // Counted but not done: the tests save thousands of times.
    try count("fsync", path)
  }
  func close(_ descriptor: Int32, path: String) throws(SystemError) {
    try real.close(descriptor, path: path)
    try count("close", path)
  }
  func rename(_ source: String, to target: String) throws(SystemError) {
    try count("rename", target)
    try real.rename(source, to: target)
  }
  func exchange(_ first: String, with second: String) throws(SystemError) {
    if refusesExchange { throw SystemError(call: "renameat2", path: second, code: EINVAL) }
    try count("renameat2", second)
    try real.exchange(first, with: second)
  }
  func makeDirectory(_ path: String) throws(SystemError) {
    try count("mkdir", path)
    try real.makeDirectory(path)
  }
  func synchronizeDirectory(_ path: String) throws(SystemError) {
    try count("fsync", path)
  }
  func removeFile(_ path: String) throws(SystemError) {
    try count("unlink", path)
    try real.removeFile(path)
  }
  func removeDirectory(_ path: String) throws(SystemError) {
    try count("rmdir", path)
    try real.removeDirectory(path)
  }
  func entries(_ path: String) throws(SystemError) -> [String] {
    try count("opendir", path)
    return try real.entries(path)
  }
  func kind(_ path: String) throws(SystemError) -> FileKind {
    try count("lstat", path)
    return try real.kind(path)
  }
  func lock(_ path: String) throws(SystemError) -> Int32? {
    try count("open", path)
    return try real.lock(path)
  }
  func unlock(_ descriptor: Int32, path: String) { real.unlock(descriptor, path: path) }
}

@Suite struct AtomicReplaceTests {
  /// Calls that never fail.
  private let never = FailingFileSystem(failing: -1, code: 0)

  private func files(_ text: String) -> [AtomicReplace.DirectoryFile] {
    [.init(name: "a", bytes: Array((text + "-a").utf8)), .init(name: "b", bytes: Array((text + "-b").utf8))]
  }

  /// The one text both files of a directory agree on; nil when they do not or one is missing.
  private func text(of directory: String) -> String? {
    guard let a = try? FileReader.contents(of: directory + "/a"), let b = try? FileReader.contents(of: directory + "/b")
    else { return nil }
    let first = String(decoding: a, as: UTF8.self)
    let second = String(decoding: b, as: UTF8.self)
    guard first.dropLast(2) == second.dropLast(2) else { return nil }
    return String(first.dropLast(2))
  }

  @Test(arguments: [false, true], [false, true])
  func anyFailingCallLeavesADirectoryWhole(forEver: Bool, refusesExchange: Bool) throws {
    for code in [EIO, ENOSPC, EDQUOT, EROFS, EACCES] {
      var failing = 0
      while true {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model"
        try AtomicReplace.directory(at: path, files: files("old"), fileSystem: never)
        let system = FailingFileSystem(
          failing: failing, code: code, forEver: forEver, refusesExchange: refusesExchange)
        var failed = false
        do {
          try AtomicReplace.directory(at: path, files: files("new"), fileSystem: system)
        } catch {
          failed = true
          #expect(error.exitStatus == .failure)
        }
        if refusesExchange && text(of: path) == nil {
          // Without exchange there is a moment between two renames: the old directory is beside and comes back.
          try AtomicReplace.directory(at: path, files: files("next"), fileSystem: never)
          #expect(text(of: path) == "next")
        } else {
          let found = text(of: path)
          #expect(found == "new" || found == "old", "call \(failing) with \(code)")
          if !failed { #expect(found == "new") }
          if failed && !forEver {
            // One failure is taken back whole: the old directory and nothing beside it.
            #expect(found == "old")
            #expect(try FileReader.names(inDirectory: folder.path) == ["model"])
          }
          try AtomicReplace.directory(at: path, files: files("next"), fileSystem: never)
          #expect(text(of: path) == "next")
        }
        if system.calls <= failing { break }
        failing += 1
      }
      #expect(failing > 15)
    }
  }

  @Test func anyFailingCallLeavesAFileWhole() throws {
    for forEver in [false, true] {
      for code in [EIO, ENOSPC, EACCES] {
        var failing = 0
        while true {
          let folder = try TemporaryFolder()
          let path = folder.path + "/file"
          try AtomicReplace.file(at: path, bytes: [1, 2, 3], fileSystem: never)
          let system = FailingFileSystem(failing: failing, code: code, forEver: forEver)
          var failed = false
          do {
            try AtomicReplace.file(at: path, bytes: [4, 5, 6, 7], fileSystem: system)
          } catch { failed = true }
          let found = try FileReader.contents(of: path)
          #expect(found == [1, 2, 3] || found == [4, 5, 6, 7])
          if !failed { #expect(found == [4, 5, 6, 7]) }
          if !forEver && failed { #expect(try FileReader.names(inDirectory: folder.path) == ["file"]) }
          if system.calls <= failing { break }
          failing += 1
        }
        #expect(failing >= 6)
      }
    }
  }

  @Test func aFullDiskIsReportedWithSizes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    let error = #expect(throws: AtomicReplaceError.self) {
      try AtomicReplace.file(
        at: path, bytes: [UInt8](repeating: 1, count: 1_000), fileSystem: FailingFileSystem(failing: 3, code: ENOSPC))
    }
    #expect(error?.description.contains("it needs 1000 bytes") == true, "\(error?.description ?? "")")
    #expect(try FileReader.names(inDirectory: folder.path).isEmpty)
  }

  @Test func aSecondWriterIsTurnedAway() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model"
    try AtomicReplace.directory(at: path, files: files("old"))
    let system = PosixFileSystem()
    let lock = try #require(try system.lock(folder.path + "/.model.lock"))
    let error = #expect(throws: AtomicReplaceError.self) {
      try AtomicReplace.directory(at: path, files: files("new"), patience: 0)
    }
    #expect(error?.description.contains("another process") == true)
    #expect(text(of: path) == "old")
    system.unlock(lock, path: folder.path + "/.model.lock")
    try AtomicReplace.directory(at: path, files: files("new"))
    #expect(text(of: path) == "new")
    #expect(try FileReader.names(inDirectory: folder.path) == ["model"])
  }

  /// The lock is given back from a thread of its own: those that run the tests may be busy for longer than the writer waits.
  @Test func writersWaitForEachOtherAndTheLastOneCounts() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model"
    let system = PosixFileSystem()
    let lock = try #require(try system.lock(folder.path + "/.model.lock"))
    let found = Mutex<[String?]>([])
    Thread.detachNewThread { [self] in
      usleep(60_000)
      found.withLock { $0.append(text(of: path)) }
      system.unlock(lock, path: folder.path + "/.model.lock")
    }
    try AtomicReplace.directory(at: path, files: files("new"), patience: 20)
    #expect(found.withLock { $0 } == [nil])
    #expect(text(of: path) == "new")
    #expect(try FileReader.names(inDirectory: folder.path) == ["model"])
  }

  /// A save that was killed between the exchange and the move leaves what was beside the model's files in the old
  /// directory.
  @Test func whatLayBesideIsPutBackBeforeAnythingIsWrittenThere() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model"
    try AtomicReplace.directory(at: path, files: files("new"))
    let left = folder.path + "/.model.new-5000000-0"
    #expect(mkdir(left, 0o755) == 0 && mkdir(left + "/checkpoint", 0o755) == 0)
    try folder.write(".model.new-5000000-0/a", "old-a")
    try folder.write(".model.new-5000000-0/checkpoint/state", "kept")
    var found: [UInt8] = []
    try AtomicReplace.whileNotReplaced(directory: path, known: ["a", "b"]) { () throws(AtomicReplaceError) in
      found = (try? FileReader.contents(of: path + "/checkpoint/state")) ?? []
    }
    #expect(found == Array("kept".utf8))
    #expect(text(of: path) == "new")
    #expect(try FileReader.names(inDirectory: folder.path) == ["model"])
  }

  @Test func aFileSizeLimitIsAnErrorAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("file", "old")
    // The limit is the whole process's, so a file far longer than what other tests write is used to meet it.
    var old = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) == 0)
    var limit = rlimit(rlim_cur: 256 << 20, rlim_max: old.rlim_max)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
    defer { _ = setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
    let file = try AtomicFile(path: path)
    // A hole of the limit's size takes no room on the disk.
    let name = try #require(try FileReader.names(inDirectory: folder.path).first { $0 != "file" })
    #expect(truncate(folder.path + "/" + name, off_t(limit.rlim_cur)) == 0)
    let descriptor = open(folder.path + "/" + name, O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
    byte[0] = 1
    defer { byte.deallocate() }
    var code: Int32 = 0
    do {
      _ = try PosixFileSystem().write(descriptor, UnsafeRawBufferPointer(byte), path: path)
    } catch { code = error.code }
    #expect(code == EFBIG)
    file.abandon()
    #expect(try FileReader.contents(of: path) == Array("old".utf8))
    #expect(try FileReader.names(inDirectory: folder.path) == ["file"])
  }

  @Test func aTableThatIsNotFinishedLeavesTheOldOne() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("table.tsv", "old")
    do {
      let writer = try FileWriter(path)
      try writer.append([UInt8](repeating: 65, count: 3 << 20))
    }
    #expect(try FileReader.contents(of: path) == Array("old".utf8))
    let writer = try FileWriter(path)
    try writer.append("new")
    try writer.finish()
    #expect(try FileReader.contents(of: path) == Array("new".utf8))
    #expect(try FileReader.names(inDirectory: folder.path) == ["table.tsv"])
  }

  @Test func aFolderInTheWayOfAFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("file", "text")
    #expect(symlink("nowhere", folder.path + "/link") == 0)
    let first = #expect(throws: FileError.self) { try FileWriter.createDirectory(file + "/model") }
    #expect(first?.description.contains("it is not a folder; choose another path") == true)
    let second = #expect(throws: FileError.self) { try FileWriter.createDirectory(folder.path + "/link") }
    #expect(second?.description.contains("link to a folder that does not exist") == true)
  }

  @Test func whatDeadWritersLeftIsCleanedUp() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model"
    // No process has this number: it is above the largest that Linux gives.
    let dead = "5000000"
    for name in [".model.new-\(dead)-0", ".model.old-\(dead)-1"] {
      #expect(mkdir(folder.path + "/" + name, 0o755) == 0)
      try folder.write(name + "/a", "left-a")
      try folder.write(name + "/b", "left-b")
    }
    try AtomicReplace.directory(at: path, files: files("new"))
    #expect(text(of: path) == "new")
    #expect(try FileReader.names(inDirectory: folder.path) == ["model"])
    try folder.write(".file.new-\(dead)-0", "left")
    try AtomicReplace.file(at: folder.path + "/file", bytes: [1])
    #expect(try FileReader.names(inDirectory: folder.path) == ["file", "model"])
  }

  @Test func aLinkStaysALink() throws {
    let folder = try TemporaryFolder()
    try folder.write("real", "old")
    #expect(symlink("real", folder.path + "/link") == 0)
    try AtomicReplace.file(at: folder.path + "/link", bytes: Array("new".utf8))
    #expect(try FileReader.contents(of: folder.path + "/real") == Array("new".utf8))
    #expect(try PosixFileSystem().kind(folder.path + "/link") == .other)
  }

  @Test func whatMustNotBeReplacedIsNot() throws {
    let folder = try TemporaryFolder()
    #expect(mkdir(folder.path + "/directory", 0o755) == 0)
    #expect(throws: AtomicReplaceError.self) { try AtomicReplace.file(at: folder.path + "/directory", bytes: []) }
    let file = try folder.write("file", "text")
    #expect(throws: AtomicReplaceError.self) { try AtomicReplace.directory(at: file, files: files("new")) }
    #expect(throws: AtomicReplaceError.self) {
      try AtomicReplace.directory(at: folder.path + "/none/model", files: files("new"))
    }
    #expect(throws: AtomicReplaceError.self) { try AtomicReplace.file(at: folder.path + "/none/file", bytes: []) }
    #expect(try FileReader.contents(of: file) == Array("text".utf8))
  }

  @Test func aFileThatIsNotCommittedLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let file = try AtomicFile(path: folder.path + "/file")
      try file.write([1, 2, 3])
    }
    #expect(try FileReader.names(inDirectory: folder.path).isEmpty)
  }
}
