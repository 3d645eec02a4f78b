// Ctrl-C and Ctrl-D in every state of a session at a terminal.

import Glibc
import Shell
import Testing

#if Readline
  @Suite(.serialized) struct TerminalInterruptTests: Sendable {
    let folder = TemporaryFolder()
    let terminal = PseudoTerminal()

    /// Runs a session while `driver` types, and expects its exit code.
    private func drive(
      _ code: Int32, script: String = "", _ driver: @escaping @Sendable (PseudoTerminal) -> Void
    ) async {
      async let typing: Void = onThread { [terminal] in driver(terminal) }
      await #expect(processExitsWith: .exitCode(code)) {
        [name = terminal.name as String, path = folder.path as String, script = script as String] in
        TerminalProcess.run(terminal: name, folder: path, script: script)
      }
      await typing
      #expect(terminal.missed.isEmpty)
    }

    @Test func aScriptAtATerminalStopsWith130AndSaysWhere() async {
      let script = folder.write("slow", "stats\nrecommend 20\nmodel\n")
      await drive(130, script: script) { terminal in
        terminal.waits(for: "[working]")
        terminal.type("\u{3}")
        terminal.waits(for: "\(script):2: interrupted")
      }
      #expect(terminal.screen.contains("Asked stats"))
      #expect(!terminal.screen.contains("Asked model"))
    }

    @Test func aSecondInterruptEndsAScriptThatIsDeaf() async {
      let script = folder.write("deaf", "recommend 197 --include-seen\n")
      await drive(130, script: script) { terminal in
        terminal.waits(for: "[deaf]")
        // Within a second of each other, however slow the machine: the last two of many are.
        for _ in 0..<20 {
          terminal.type("\u{3}")
          usleep(50_000)
        }
      }
    }

    @Test func aScriptReadAtThePromptStopsAndThePromptStays() async {
      let script = folder.write("slow", "stats\nrecommend 20\nmodel\n")
      await drive(0) { terminal in
        terminal.waits(for: "darec> ")
        terminal.type(".read \(script)\r")
        terminal.waits(for: "[working]")
        terminal.type("\u{3}")
        terminal.waits(for: ":2: interrupted")
        terminal.waits(for: "darec> ")
        terminal.type("find me\r")
        terminal.waits(for: "Asked find of me")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      #expect(!terminal.screen.contains("Asked model"))
    }

    @Test func aContinuedLineIsDroppedWhole() async {
      await drive(0) { terminal in
        terminal.waits(for: "darec> ")
        terminal.type("find these\\\r")
        terminal.waits(for: "  ...> ")
        terminal.type("words\u{3}")
        terminal.waits(for: "^C")
        terminal.waits(for: "darec> ")
        terminal.type("find others\r")
        terminal.waits(for: "Asked find of others, 10.")
        terminal.waits(for: "darec> ")
        terminal.type("quit\r")
      }
      #expect(!terminal.screen.contains("of these"))
    }

    @Test func droppedLinesAreNoWishToLeave() async {
      await drive(0) { terminal in
        terminal.waits(for: "darec> ")
        for _ in 0..<4 {
          terminal.type("nonsense")
          terminal.waits(for: "nonsense")
          terminal.type("\u{3}")
          terminal.waits(for: "^C")
          terminal.waits(for: "darec> ")
        }
        terminal.type("\u{4}")
      }
      #expect(!terminal.screen.contains("Ctrl-D or quit to leave"))
    }

    @Test func controlDLeavesOnlyAnEmptyLine() async {
      await drive(0) { terminal in
        terminal.waits(for: "darec> ")
        // At the end of a line that has text it does nothing; in the middle it deletes a character.
        terminal.type("find wordss\u{4}\u{1B}[D\u{4}\r")
        terminal.waits(for: "Asked find of words, 10.")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
    }

    @Test func anInterruptedQueryLeavesTheStatusAlone() async {
      await drive(0) { terminal in
        terminal.waits(for: "darec> ")
        terminal.type("recommend 20\r")
        terminal.waits(for: "[working]")
        terminal.type("\u{3}")
        // Not before it is on the screen: Ctrl-C also drops what the terminal has not shown yet.
        terminal.waits(for: "interrupted")
        for _ in 0..<2 { terminal.type("\u{3}") }
        terminal.waits(for: "darec> ")
        terminal.type(".exit\r")
      }
    }

    @Test func aHangUpSavesHistoryAndEndsBySignal() async {
      let process = folder.file("process")
      async let typing: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type("find me\r")
        terminal.waits(for: "Asked find of me")
        terminal.waits(for: "darec> ")
        kill(pid_t(fileText(process)) ?? 0, SIGHUP)
      }
      await #expect(processExitsWith: .signal(SIGHUP)) {
        [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await typing
      #expect(terminal.missed.isEmpty)
      #expect(fileText(folder.file("history")) == "find me\n")
    }
  }
#endif
