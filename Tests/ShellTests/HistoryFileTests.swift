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

  @Test func everyLineIsInTheFileAtOnce() {
    let history = history()
    history.add("one")
    history.append()
    #expect(fileText(folder.file("history")) == "one\n")
    history.add("two")
    history.append()
    history.append()
    #expect(fileText(folder.file("history")) == "one\ntwo\n")
    history.save()
    #expect(fileText(folder.file("history")) == "one\ntwo\n")
  }

  @Test func appendedLinesAreCutAtTheEnd() {
    folder.write("history", (0..<HistoryFile.lineLimit).map { "line \($0)\n" }.joined())
    let history = history()
    for line in ["a", "b"] {
      history.add(line)
      history.append()
    }
    #expect(fileText(folder.file("history")).hasPrefix("line 0\n"))
    history.save()
    #expect(fileText(folder.file("history")).hasPrefix("line 2\n"))
    #expect(self.history().entries.suffix(2) == ["a", "b"])
  }

  @Test func linesWaitForASessionThatHasTheLock() {
    let path = folder.write("history", "")
    let history = history()
    let other = open(path, O_RDWR)
    flock(other, LOCK_EX)
    history.add("one")
    history.append()
    #expect(fileText(path).isEmpty && history.problem == nil)
    close(other)
    history.add("two")
    history.append()
    #expect(fileText(path) == "one\ntwo\n")
  }

  @Test(arguments: [("HOME", "nobody"), ("XDG_STATE_HOME", "nobody/state"), ("HOME", "nobody/")])
  func nothingIsMadeInPlaceOfAHomeThatIsNotThere(_ row: (String, String)) {
    let path = folder.file(row.1)
    let history = HistoryFile { $0 == row.0 ? path : nil }
    #expect(history.problem == nil)
    history.add("one")
    history.append()
    #expect(history.problem?.hasSuffix("No such file or directory") == true)
    #expect(folder.names.isEmpty)
  }

  @Test(arguments: [
    ("HOME", "home", "home/.local/state/darec/history"), ("XDG_STATE_HOME", "home/state", "home/state/darec/history"),
    ("XDG_STATE_HOME", "home/state/", "home/state/darec/history"),
  ])
  func foldersAreMadeBelowAHomeThatIsThere(_ row: (String, String, String)) {
    mkdir(folder.file("home"), 0o755)
    let path = folder.file(row.1)
    let history = HistoryFile { $0 == row.0 ? path : nil }
    history.add("one")
    history.append()
    #expect(history.problem == nil)
    #expect(fileText(folder.file(row.2)) == "one\n")
  }

  @Test func theReasonIsThatOfTheFolderThatCannotBeMade() {
    // Nobody makes folders there, root included; opening a file in one that is missing would say so instead.
    guard access("/sys", F_OK) == 0 else { return }
    let history = HistoryFile { $0 == "XDG_STATE_HOME" ? "/sys/darec-test" : nil }
    history.add("one")
    history.append()
    let problem = history.problem ?? ""
    #expect(problem.hasPrefix("history was not saved to '/sys/darec-test/darec/history': "))
    #expect(!problem.contains("No such file"), "\(problem)")
  }

  @Test func oneNoticeIsEnough() {
    let path = folder.path
    let result = transcript(input: "stats\nmodel\n") {
      $0.environment = { $0 == "DAREC_HISTORY" ? path : nil }
    } _: {
      $0.runInteractive()
    }
    #expect(result.errors.split(separator: "is not used").count == 2, "\(result.errors)")
    let unwritable = transcript(input: "stats\nmodel\n") {
      $0.environment = { $0 == "HOME" ? path + "/nobody" : nil }
    } _: {
      $0.runInteractive()
    }
    #expect(unwritable.errors.split(separator: "was not saved").count == 2, "\(unwritable.errors)")
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
