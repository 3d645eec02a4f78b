// Commands kept across sessions.

import Glibc
import Shell
import Testing

@Suite struct HistoryFileTests {
  let folder = TemporaryFolder()

  func history(_ name: String = "history") -> HistoryFile {
    let path = folder.file(name)
    return HistoryFile { $0 == "DAREC_HISTORY" ? path : nil }
  }

  @Test(
    arguments: [
      (["DAREC_HISTORY": ""], nil), (["DAREC_HISTORY": "/x", "HOME": "/h"], "/x"),
      (["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/darec/history"),
      (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/darec/history"),
      (["HOME": "/h"], "/h/.local/state/darec/history"), ([:], nil),
    ] as [([String: String], String?)])
  func theStateFolderIsTheUsers(_ row: ([String: String], String?)) {
    #expect(HistoryFile.location { row.0[$0] } == row.1)
  }

  @Test func repeatsAndSecretsAreDropped() {
    let history = history("deep/er/history")
    for line in ["a", "a", " secret", "", "b", "a", "x\ny", "\ttab"] { history.add(line) }
    #expect(history.entries == ["a", "b", "a"])
    history.save()
    #expect(fileText(folder.file("deep/er/history")) == "a\nb\na\n")
    var status = stat()
    #expect(stat(folder.file("deep/er/history"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(stat(folder.file("deep"), &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test func twoSessionsLoseNothingOfEachOther() {
    let first = history()
    let second = history()
    first.add("one")
    second.add("two")
    second.save()
    first.save()
    #expect(history().entries == ["two", "one"])
    first.save()
    #expect(history().entries == ["two", "one"])
  }

  @Test func theFileIsCutToItsNewestLines() {
    folder.write("history", (0..<HistoryFile.lineLimit).map { "line \($0)\n" }.joined())
    let history = history()
    #expect(history.entries.count == HistoryFile.lineLimit)
    history.add("new")
    history.save()
    let read = self.history().entries
    #expect(read.count == HistoryFile.lineLimit)
    #expect(read.first == "line 1" && read.last == "new")
  }

  @Test func linksFoldersAndGiantsAreNotUsed() {
    let target = folder.write("target", "secret\n")
    symlink(target, folder.file("link"))
    mkdir(folder.file("folder"), 0o700)
    let giant = open(folder.file("giant"), O_WRONLY | O_CREAT, 0o600)
    ftruncate(giant, off_t(HistoryFile.byteLimit + 1))
    close(giant)
    mkfifo(folder.file("pipe"), 0o600)
    for name in ["link", "folder", "giant", "pipe"] {
      let history = history(name)
      #expect(history.entries.isEmpty)
      #expect(history.problem != nil)
      history.add("x")
      history.save()
    }
    #expect(fileText(target) == "secret\n")
  }

  @Test func whatIsNotTextIsSkipped() {
    folder.write("history", Array("a\n".utf8) + [0xFF, 0x0A, 0x00, 0x0A] + Array("b\n".utf8))
    #expect(history().entries == ["a", "b"])
  }

  @Test func theHistoryCommandListsAndSearches() {
    let path = folder.write("history", "find one\nstats\nfind two\n")
    let result = transcript(input: ".history\n.history 1\n.history find\n.history 1 find\n", folder: folder) {
      $0.quiet = true
      $0.environment = { $0 == "DAREC_HISTORY" ? path : nil }
    } _: {
      $0.runInteractive()
    }
    #expect(
      result.output
        == "find one\nstats\nfind two\n.history\n" + ".history 1\n" + "find one\nfind two\n.history find\n"
        + ".history 1 find\n")
  }
}
