// The pager, which nobody gets who has not asked.

import Glibc
import Shell
import Testing

#if Readline
  @Suite(.serialized) struct PagerTests: Sendable {
    let folder = TemporaryFolder()
    let terminal = PseudoTerminal()

    @Test func onlyLongAnswersArePagedAndOnlyOnRequest() async {
      // A pager that marks its lines.
      let pager = folder.write("pager", "#!/bin/sh\nexec sed s/^/paged:/\n")
      chmod(pager, 0o755)
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type(".help\r")
        terminal.waits(for: "Queries\r\n")
        terminal.waits(for: "darec> ")
        terminal.type(".pager on\r.help\r")
        terminal.waits(for: "paged:Queries")
        terminal.waits(for: "paged:Settings")
        terminal.waits(for: "darec> ")
        terminal.type("stats\r")
        terminal.waits(for: "Asked stats")
        terminal.waits(for: "darec> ")
        terminal.type(".pager off\r.help\r")
        terminal.waits(for: "Queries\r\n")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = "DAREC_PAGER=\(pager)" as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(terminal.missed.isEmpty)
      #expect(terminal.screen.split(separator: "paged:Queries").count == 2)
      #expect(!terminal.screen.contains("paged:Asked"))
    }

    @Test func aPagerThatIsNotThereLosesNothing() async {
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type(".pager on\r.help\r")
        terminal.waits(for: "not found")
        terminal.waits(for: "Queries\r\n")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: "DAREC_PAGER=/nonexistent/pager")
      }
      await driver
      #expect(terminal.missed.isEmpty)
    }

    /// What Ctrl-C means while the pager is open is the pager's own affair: the session stays, and so does its state.
    @Test func controlCBelongsToThePager() async {
      let pager = folder.write(
        "pager",
        """
        #!/bin/sh
        trap 'echo pager-caught >/dev/tty' INT
        cat >/dev/null
        echo pager-open >/dev/tty
        line=
        while [ "$line" != q ]; do read line </dev/tty; done
        """)
      chmod(pager, 0o755)
      async let driver: Void = onThread { [terminal] in
        terminal.waits(for: "darec> ")
        terminal.type(".pager on\r.mode jsonl\r.help\r")
        terminal.waits(for: "pager-open")
        for _ in 0..<200 { Pause.millisecond() }
        terminal.type("\u{3}")
        terminal.waits(for: "pager-caught")
        // The script's shell looks for signals between commands and would sleep over one that comes while it begins to read.
        for _ in 0..<200 { Pause.millisecond() }
        terminal.type("\u{3}")
        terminal.waits(for: "pager-caught")
        terminal.type("q\r")
        terminal.waits(for: "darec> ")
        terminal.type("find me\r")
        terminal.waits(for: "\"find\"")
        terminal.waits(for: "darec> ")
        terminal.type("\u{4}")
      }
      await #expect(processExitsWith: .exitCode(0)) {
        [name = terminal.name as String, path = folder.path as String, setting = "DAREC_PAGER=\(pager)" as String] in
        TerminalProcess.run(terminal: name, folder: path, setting: setting)
      }
      await driver
      #expect(terminal.missed.isEmpty)
      #expect(!terminal.screen.contains("interrupted"))
    }

    @Test func scriptsAreNeverPaged() {
      #expect(
        script(".pager on\nhelp\n") { $0.environment = { $0 == "PAGER" ? "false" : nil } }.output.hasPrefix("Queries"))
    }
  }
#endif

@Suite struct StartupFileTests {
  @Test func commandsRunBeforeTheFirstPromptAndErrorsDoNotEndIt() {
    let folder = TemporaryFolder()
    let path = folder.write("init", ".mode jsonl\nnope\n.mode csv\n")
    let result = transcript(
      input: "stats\n", folder: folder,
      configure: {
        $0.startupFile = path
        $0.quiet = true
      }
    ) { $0.runInteractive() }
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.errors.hasPrefix("\(path):2: nope: column 1:"))
    #expect(result.status == 0)
  }

  @Test func aMissingFileIsNoError() {
    let result = transcript(
      input: ".mode\n",
      configure: {
        $0.startupFile = "/nonexistent/init"
        $0.quiet = true
      }
    ) { $0.runInteractive() }
    #expect(result.output == ".mode table\n")
    #expect(!result.errors.contains("nonexistent"))
  }

  @Test func scriptsDoNotReadIt() {
    let folder = TemporaryFolder()
    let path = folder.write("init", ".mode jsonl\n")
    #expect(script(".mode\n", folder: folder) { $0.startupFile = path }.output == ".mode table\n")
  }

  @Test func itIsWhereTheStandardSays() {
    #expect(StartupFile.location { ["HOME": "/home/x"][$0] } == "/home/x/.config/darec/init")
    #expect(StartupFile.location { ["HOME": "/home/x", "XDG_CONFIG_HOME": "/c"][$0] } == "/c/darec/init")
    #expect(StartupFile.location { ["HOME": "/home/x", "XDG_CONFIG_HOME": "c"][$0] } == "/home/x/.config/darec/init")
    #expect(StartupFile.location { _ in nil } == nil)
  }
}
