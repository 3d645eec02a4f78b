// Sessions driven through a pseudo-terminal, each in a process of its own.

import Glibc
import Shell
import Testing

#if Readline
  @Suite(.serialized) struct TerminalSessionTests: Sendable {
    let folder = TemporaryFolder()
    let terminal = PseudoTerminal()

    @Test func tabCompletesVerbsFlagsIdsAndTitles() async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec | fake: 4 users, 5 items | .help for help")
        terminal.waits(for: "darec> ")
        terminal.type("rec\t")
        terminal.waits(for: "recommend ")
        terminal.type("19\t7 --to\t1\r")
        terminal.waits(for: "Star Wars (1977)")
        terminal.waits(for: "darec> ")
        terminal.type("explain 196 \"toy\t\r")
        terminal.waits(for: "Asked explain of 196, Toy Story (1995), 5.")
        terminal.waits(for: "darec> ")
        terminal.type("similar i\t5\t0 --space sh\t\r")
        terminal.waits(for: "Asked similar of item, 50, shared, collaborative, 10.")
        terminal.waits(for: "darec> ")
        terminal.type(".mo\tjsonl\rexplain 196 \"Say \t\r")
        terminal.waits(for: "\"Say \\\"Hi\\\"\"")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) { [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test func controlCClearsTheLineAndOnlyCancelsAQuery() async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("nonsense")
        terminal.waits(for: "nonsense")
        terminal.type("\u{3}")
        terminal.waits(for: "^C")
        // Behind the line, not over its beginning.
        #expect(terminal.screen.contains("nonsense^C"))
        terminal.waits(for: "darec> ")
        terminal.type("stats\r")
        terminal.waits(for: "Asked stats")
        terminal.waits(for: "darec> ")
        terminal.type("recommend 20\r")
        terminal.waits(for: "[working]")
        terminal.type("\u{3}")
        terminal.waits(for: "interrupted")
        terminal.waits(for: "darec> ")
        for count in 0..<3 {
          terminal.type("\u{3}")
          terminal.waits(for: "^C")
          if count < 2 { terminal.waits(for: "darec> ") }
        }
        terminal.waits(for: "Ctrl-D or quit to leave")
        terminal.waits(for: "darec> ")
        // In the middle of a search, too.
        terminal.type("\u{12}sta")
        terminal.waits(for: "sta\u{1B}[27mts")
        terminal.type("\u{3}")
        terminal.waits(for: "darec> ")
        terminal.type("model\r")
        terminal.waits(for: "Asked model")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) { [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test func historyIsKeptAcrossSessions() async {
      async let first: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("find first\r")
        terminal.waits(for: "Asked find of first")
        terminal.waits(for: "darec> ")
        terminal.type(" find secret\r")
        terminal.waits(for: "Asked find of secret")
        terminal.waits(for: "darec> ")
        terminal.type(".exit 7\r")
      }
      await #expect(processExitsWith: .exitCode(7)) { [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await first
      #expect(terminal.missed.isEmpty)
      #expect(fileText(folder.file("history")) == "find first\n.exit 7\n")
      var status = stat()
      #expect(stat(folder.file("history"), &status) == 0 && status.st_mode & 0o777 == 0o600)

      let other = PseudoTerminal()
      async let second: Void = onThread {
        other.waits(for: "darec> ")
        terminalUp(other, times: 2)
        other.waits(for: "find first")
        other.type("\r")
        other.waits(for: "Asked find of first")
        other.waits(for: "darec> ")
        other.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) { [name = other.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await second
      #expect(other.missed.isEmpty)
      #expect(fileText(folder.file("history")) == "find first\n.exit 7\nfind first\n")
    }

    @Test(arguments: ["", "\u{1B}[200~", "dumb"])
    func fourHundredPastedLinesAllRun(_ kind: String) async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        var text = ""
        for line in 0..<400 { text += "find line\(line)\(kind == "\u{1B}[200~" ? "\n" : "\r")" }
        if kind == "\u{1B}[200~" {
          terminal.type(kind + text + "\u{1B}[201~\r")
        } else {
          terminal.type(text)
        }
        for line in 0..<400 { terminal.waits(for: "Asked find of line\(line), 10.", seconds: 5) }
        terminal.type("\rquit\r")
      }
      let setting = kind == "dumb" ? "TERM=dumb" : "TERM=xterm"
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = setting as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test(arguments: ["TERM=dumb", "NO_COLOR=1"])
    func noColourWhereNoneIsWanted(_ setting: String) async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("recommend 196 --top 2\r")
        terminal.waits(for: "Postman, The (1997)")
        terminal.waits(for: "darec> ")
        terminal.type("quit\r")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = setting as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(!terminal.screen.contains("\u{1B}[1m"))
      #expect(terminal.missed.isEmpty)
    }

    @Test func keysCanBeBoundForThisProgramAlone() async {
      let bindings = folder.write(
        "inputrc", "$if darec\n\"\\C-t\": \"find bound\"\n$endif\n$if other\n\"\\C-t\": \"find wrong\"\n$endif\n")
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("\u{14}\r")
        terminal.waits(for: "Asked find of bound, 10.")
        terminal.waits(for: "darec> ")
        terminal.type("quit\r")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = "INPUTRC=\(bindings)" as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test func tablesFollowTheWindow() async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.resize(columns: 36)
        terminal.type("recommend 196 --top 2\r")
        // Bold names of columns: this terminal has colour.
        terminal.waits(for: "\u{1B}[1mrank")
        terminal.waits(for: "Postman")
        terminal.waits(for: "…")
        terminal.waits(for: "darec> ")
        for columns in 1..<200 as Range<UInt16> { terminal.resize(columns: columns) }
        terminal.resize(columns: 100)
        terminal.type("recommend 196 --top 2\r")
        terminal.waits(for: "Postman, The (1997)")
        terminal.type("\rquit\r")
      }
      await #expect(processExitsWith: .exitCode(0)) { [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test func terminationSavesHistoryAndEndsBySignal() async {
      let process = folder.file("process")
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type(".mode jsonl\rfind me\r")
        terminal.waits(for: "{\"kind\":\"find\"")
        terminal.waits(for: "darec> ")
        kill(pid_t(fileText(process)) ?? 0, SIGTERM)
      }
      await #expect(processExitsWith: .signal(SIGTERM)) {
        [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
      #expect(fileText(folder.file("history")) == ".mode jsonl\nfind me\n")
    }

    @Test func aKilledSessionLosesNoLine() async {
      let process = folder.file("process")
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("find me\r")
        terminal.waits(for: "Asked find of me")
        terminal.waits(for: "darec> ")
        // Never 0, which would be this process and its whole group.
        if let number = pid_t(fileText(process)) { kill(number, SIGKILL) } else { terminal.hangUp() }
      }
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
      #expect(fileText(folder.file("history")) == "find me\n")
    }
  }

  /// Presses the up key.
  private func terminalUp(_ terminal: PseudoTerminal, times: Int) {
    for _ in 0..<times { terminal.type("\u{1B}[A") }
  }
#endif
