// Terminals that are narrow, or whose environment names no UTF-8.

import Shell
import Testing

#if Readline
  @Suite(.serialized) struct NarrowTerminalTests: Sendable {
    let folder = TemporaryFolder()

    @Test func messagesAndHelpAreBrokenBetweenWords() async {
      let terminal = PseudoTerminal(columns: 40)
      async let driver: Void = onThread {
        terminal.waits(for: "| .help\r\nfor help\r\n")
        terminal.waits(for: "darec> ")
        terminal.type("recommend 999\r")
        terminal.waits(for: "error: recommend: column 11: unknown\r\nuser '999'; near: 196, 197\r\n")
        terminal.waits(for: "darec> ")
        terminal.type(".help keys\r")
        terminal.waits(
          for: "  Tab             complete a command,\r\n                  flag, value, id, or a\r\n")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) { [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    @Test(arguments: ["LC_ALL=C", "LC_ALL=POSIX"])
    func keysWorkOnCharactersWhateverTheLocale(_ setting: String) async {
      let terminal = PseudoTerminal()
      async let driver: Void = onThread {
        terminal.waits(for: "darec> ")
        terminal.type("find 日é\u{7F}x\r")
        terminal.waits(for: "Asked find of 日x, 10.")
        terminal.waits(for: "darec> ")
        // The second line: readline asks for the locale again.
        terminal.type("find é日\u{7F}y\r")
        terminal.waits(for: "Asked find of éy, 10.")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = setting as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }
  }
#endif
