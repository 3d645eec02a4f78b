// Scripts, command lines and exit codes, against a stand-in for the model.

import Engine
import Files
import Glibc
import Shell
import Testing

@Suite struct SessionTests {
  @Test func answersGoToOutputAndNothingElseDoes() {
    let result = script("recommend 196 --top 2\n")
    #expect(
      result.output == """
        rank  item  title                 score
        ────  ────  ───────────────────  ─────────────────
           1  50    Star Wars (1977)     0.3333 ██████████
           2  51    Postman, The (1997)  0.2500 ███████▌

        """)
    #expect(result.errors.isEmpty)
    #expect(result.status == 0)
  }

  @Test func jsonModePrintsOneDocumentPerQuery() {
    let result = script(".mode json\nstats\nrecommend 196 --top 1\n")
    #expect(
      result.output == """
        {
          "kind": "stats",
          "asked": []
        }
        [
          {
            "user": "196",
            "rank": 1,
            "item": "50",
            "title": "Star Wars (1977)",
            "score": 0.33333334
          }
        ]

        """)
  }

  @Test func aSessionRemembersWhomItIsAbout() {
    let result = script(".mode jsonl\nas 196\nexplain 50\nas\nexplain 50\n")
    #expect(result.output == "{\"kind\":\"explain\",\"asked\":[\"196\",\"50\",\"5\"]}\n")
    #expect(result.errors.hasPrefix("<stdin>:5: explain: "))
    #expect(result.status == 1)
    #expect(script("as 196\nas\n").output.hasPrefix("Commands that name no user now mean user 196.\nNo user is"))
    let unknown = script("as 198\n")
    #expect(unknown.errors.hasPrefix("<stdin>:1: as: column 4: unknown user '198'") && unknown.status == 1)
  }

  @Test(arguments: [
    ("what-if 196 +50 -51 --top 3", "whatIf(", "added: [\"50\"]"), ("why-not 196 50", "whyNot(", "top: 10"),
    ("path 196 50 --top 4", "path(", "top: 4"), ("compare user 196 197", "compare(", "second: \"197\""),
    ("less-like 196 50 --strength 45", "steer(", "strength: 0.45"), ("centres", "centres(", "number: nil"),
    ("centre 3", "centres(", "number: Optional(3)"),
  ])
  func questionsReachTheEngine(line: String, name: String, detail: String) {
    let result = script(".mode tsv\n\(line)\n")
    #expect(result.output.contains(name) && result.output.contains(detail), "\(result.output)\(result.errors)")
    #expect(result.status == 0)
  }

  @Test func anEditNeedsASign() {
    #expect(script("what-if 196 50\n").errors.contains("'50' is no edit; write +ITEM"))
  }

  /// Script, output, errors, status.
  typealias Row = (String, String, String, Int32)
  static let rows: [Row] = [
    ("", "", "", 0),
    ("# nothing\n\n   \n", "", "", 0),
    (".mode jsonl\nstats", "{\"kind\":\"stats\",\"asked\":[]}\n", "", 0),
    (".mode jsonl\r\nstats\r\n", "{\"kind\":\"stats\",\"asked\":[]}\n", "", 0),
    (".mode quiet\nstats\n.mode\n", ".mode quiet\n", "", 0),
    (
      "stat\nstats\n", "", "<stdin>:1: stat: column 1: write the full name 'stats' in a script\n", 1
    ),
    (
      "\nrecomend 196\n", "",
      "<stdin>:2: recomend: column 1: no such command; .help lists them; did you mean 'recommend'?\n", 1
    ),
    (
      "mode json\n", "", "<stdin>:1: mode: column 1: no such command; .help lists them; did you mean '.mode'?\n", 1
    ),
    (
      "recommend 196 --topp 5\n", "",
      "<stdin>:1: recommend: column 15: no such flag '--topp'; did you mean '--top'?\n", 1
    ),
    (
      "recommend 196 --top x\n", "",
      "<stdin>:1: recommend: column 21: --top must be a whole number, not 'x'\n", 1
    ),
    ("recommend 196 --top=0\n", "", "<stdin>:1: recommend: column 21: --top must be from 1 to 100000\n", 1),
    (
      "recommend 999\nstats\n", "", "<stdin>:1: recommend: column 11: unknown user '999'; near: 196, 197\n", 1
    ),
    (
      ".mode jsonl\n.bail off\nrecommend 999\nstats\n", "{\"kind\":\"stats\",\"asked\":[]}\n",
      "<stdin>:3: recommend: column 11: unknown user '999'; near: 196, 197\n", 1
    ),
    (".quit\nrecommend 999\n", "", "", 0),
    ("quit\n", "", "", 0), ("exit\n", "", "", 0), ("\\q\n", "", "", 0), (".exit\n", "", "", 0),
    (".exit 7\n", "", "", 7),
    (".bail off\nnonsense\n.quit\n", "", "<stdin>:2: nonsense: column 1: no such command; .help lists them\n", 1),
    (
      "explain 196 \"Star Wars\n", "",
      "<stdin>:1: explain: column 13: a quote is opened here and never closed\n", 1
    ),
    (
      ".mode jsonl\nsimilar item 'Star Wars (1977)' \\\n  --space shared\\\n --top 3 # tail\n",
      "{\"kind\":\"similar\",\"asked\":[\"item\",\"Star Wars (1977)\",\"shared\",\"collaborative\",\"3\"]}\n", "", 0
    ),
    ("stats \\\n\\\nextra\n", "", "<stdin>:1: stats: column 7: 'extra' is one word too many: stats\n", 1),
    ("\0\n", "", "<stdin>:1: byte 1 of the line is zero; this is not a text file\n", 1),
    (
      ".read /nonexistent/x\n", "",
      "<stdin>:1: .read: column 7: cannot open '/nonexistent/x': No such file or directory\n", 66
    ),
    (".echo on\n.mode quiet\nstats\n", "", "darec> .mode quiet\ndarec> stats\n", 0),
    (".timer on\n.timer\n.width 100\n.width\n", ".timer on\n.width 100\n", "", 0),
    (
      "explain 196\n", "",
      "<stdin>:1: explain: column 12: ITEM is missing: explain USER ITEM [--neighbors N] "
        + "[--contributions N] [--top N] [--full]\n", 1
    ),
    (
      "explain 196 Star Wars\n", "",
      "<stdin>:1: explain: column 18: 'Wars' is one word too many; an id or title with blanks goes in quotes\n", 1
    ),
    (
      "recommend\n", "",
      "<stdin>:1: recommend: column 10: USER is missing: recommend USER [--top N] "
        + "[--include-seen] [--candidates FILE] [--exclude FILE]\n", 1
    ),
    (
      "recommend 1 --items 2\n", "", "<stdin>:1: recommend: column 11: give either USER or --items, not both\n", 1
    ),
    (
      "recommend 196 --candidates /nonexistent/c\n", "",
      "<stdin>:1: recommend: column 28: cannot open '/nonexistent/c': No such file or directory\n", 66
    ),
    (
      ".mode jsno\n", "",
      "<stdin>:1: .mode: column 7: 'jsno' is not one of table, json, jsonl, csv, tsv, markdown, line, quiet; "
        + "did you mean 'json'?\n", 1
    ),
    ("similar itm 5\n", "", "<stdin>:1: similar: column 9: 'itm' is not user or item; did you mean 'item'?\n", 1),
    (".help nothing\n", "", "<stdin>:1: .help: column 7: no help for 'nothing'\n", 1),
    ("recommend --top 3 999\n", "", "<stdin>:1: recommend: column 19: unknown user '999'; near: 196, 197\n", 1),
    ("stats --top 3\n", "", "<stdin>:1: stats: column 7: takes no flags, so '--top' means nothing\n", 1),
    ("recommend 196 --top\n", "", "<stdin>:1: recommend: column 20: --top needs a value: N\n", 1),
    ("recommend 196 --include-seen=1\n", "", "<stdin>:1: recommend: column 30: --include-seen takes no value\n", 1),
    ("recommend --items ,\n", "", "<stdin>:1: recommend: column 19: --items is empty\n", 1),
    ("recommend ''\n", "", "<stdin>:1: recommend: column 11: USER is empty\n", 1),
    (".width 99999999999999999999\n", "", "<stdin>:1: .width: column 8: N must be from 0 to 65535\n", 1),
    (".exit 256\n", "", "<stdin>:1: .exit: column 7: CODE must be from 0 to 255\n", 1),
    (".timer maybe\n", "", "<stdin>:1: .timer: column 8: 'maybe' is not on or off\n", 1),
    (".once\n", "", "<stdin>:1: .once: column 6: FILE is missing: .once FILE\n", 1),
    (".read /\n", "", "<stdin>:1: .read: column 7: cannot open '/': Is a directory\n", 66),
    (
      ".output /nonexistent/x\n", "",
      "<stdin>:1: .output: column 9: cannot write '/nonexistent/x': No such file or directory\n", 1
    ),
  ]

  @Test(arguments: Self.rows)
  func scriptsAnswerFailAndEndAsTheManualSays(_ row: Row) {
    let result = script(row.0)
    #expect(result == Transcript(output: row.1, errors: row.2, status: row.3))
  }

  @Test func invalidTextIsRefusedWithItsLine() {
    let folder = TemporaryFolder()
    let path = folder.write("bad", Array("stats\nfind caf".utf8) + [0xE9, 0x0A])
    let result = transcript(folder: folder) { $0.runScript(path: path) }
    #expect(result.errors == "\(path):2: byte 9 of the line is not UTF-8; save the file as UTF-8\n")
    #expect(result.status == 1)
  }

  @Test func aTypedLineHasNoFileToMend() {
    let folder = TemporaryFolder()
    let descriptor = open(folder.write("typed", Array("find caf".utf8) + [0xE9, 0x0A, 0x00, 0x0A]), O_RDONLY)
    defer { close(descriptor) }
    let result = transcript(configure: { $0.inputDescriptor = descriptor }) { $0.runInteractive() }
    #expect(
      result.errors.contains("error: byte 9 of the line is not UTF-8; set the terminal's character set to UTF-8\n"))
    #expect(result.errors.contains("error: byte 1 of the line is zero\n"))
  }

  @Test(arguments: ["recommend ", "as ", "", ".read ", ".output ", "what-if 196 ", ".help ", "stats ", ".mode "])
  func aHugeWordIsCutInMessages(_ start: String) {
    let result = script(start + String(repeating: "x", count: 1 << 19) + "\n")
    #expect(result.status != 0)
    #expect(result.errors.contains("xxx…"), "\(result.errors.prefix(300))")
    #expect(result.errors.utf8.count < 400)
  }

  @Test func answersInLineModeAreKeptApart() {
    let one = script(".mode line\nrecommend 196 --top 1\n").output
    #expect(one.hasPrefix(" rank = 1\n"))
    for echo in ["off", "on"] {
      // An answer without rows leaves no gap.
      let two = script(".echo \(echo)\n.mode line\nrecommend 196 --top 1\nstats\nrecommend 196 --top 1\n").output
      #expect(two == one + "\n" + one)
    }
    let folder = TemporaryFolder()
    let path = folder.file("answers")
    let query = "recommend 196 --top 1\n"
    let mixed = script(
      ".mode line\n\(query).output \(path)\n\(query)\(query).output\n"
        + ".mode csv\n.headers off\n\(query).mode line\n\(query)", folder: folder)
    #expect(fileText(path) == one + "\n" + one)
    #expect(mixed.output == one + "1,50,Star Wars (1977),0.33333334\n" + one)
  }

  @Test func missingScriptIs66() {
    let result = transcript { $0.runScript(path: "/nonexistent/script") }
    #expect(result.status == ExitStatus.missingInput.rawValue)
    #expect(result.errors == "cannot open '/nonexistent/script': No such file or directory\n")
    let folder = TemporaryFolder()
    #expect(transcript { $0.runScript(path: folder.path) }.status == 66)
  }

  @Test func commandsAreNamedByPosition() {
    let result = transcript(configure: { $0.mode = .jsonl }) { $0.runCommands(["stats", "nonsense", "model"]) }
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(
      result.errors == "-c:2: nonsense: column 1: no such command; .help lists them; did you mean 'model'?\n"
        || result.errors == "-c:2: nonsense: column 1: no such command; .help lists them\n")
    #expect(result.status == 1)
  }

  @Test func keepGoingRunsEverythingAndStillFails() {
    let result = transcript(configure: {
      $0.mode = .jsonl
      $0.keepGoing = true
    }) { $0.runCommands(["recommend 999", "stats"]) }
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.status == 1)
  }

  @Test func readFilesNestAndNameTheirLines() {
    let folder = TemporaryFolder()
    folder.write("inner", "stats\nnope\n")
    let outer = folder.write("outer", ".mode quiet\n.read \(folder.file("inner"))\nmodel\n")
    let result = transcript(folder: folder) { $0.runScript(path: outer) }
    #expect(result.errors.hasPrefix("\(folder.file("inner")):2: nope: column 1:"))
    #expect(result.status == 1)
  }

  @Test func aScriptThatReadsItselfIsRefused() {
    let folder = TemporaryFolder()
    let first = folder.file("first")
    let second = folder.write("second", "\n.read \(first)\n")
    folder.write("first", ".read \(second)\n")
    let result = transcript(folder: folder) { $0.runScript(path: first) }
    #expect(
      result.errors == "\(second):2: .read: column 7: the script reads itself: \(first) -> \(second) -> \(first)\n")
    #expect(result.status == 1)
  }

  @Test func sixteenLevelsAreRead() {
    let folder = TemporaryFolder()
    folder.write("level16", ".mode jsonl\nstats\n")
    for level in (1...15).reversed() {
      folder.write("level\(level)", ".read \(folder.file("level\(level + 1)"))\n")
    }
    let whole = transcript(folder: folder) { $0.runScript(path: folder.file("level1")) }
    #expect(whole == Transcript(output: "{\"kind\":\"stats\",\"asked\":[]}\n", errors: "", status: 0))
    let zero = folder.write("level0", ".read \(folder.file("level1"))\n")
    let tooDeep = transcript(folder: folder) { $0.runScript(path: zero) }
    #expect(
      tooDeep.errors == "\(folder.file("level15")):1: .read: column 1: scripts may read scripts at most 16 deep\n")
  }

  @Test func outputFilesAppearWholeAtTheEnd() {
    let folder = TemporaryFolder()
    let path = folder.write("answers", "old\n")
    let ended = script(".mode jsonl\n.output \(path)\nstats\n.output\nmodel\n", folder: folder)
    #expect(ended.output == "{\"kind\":\"model\",\"asked\":[]}\n")
    #expect(fileText(path) == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(folder.names == ["answers", "stderr", "stdin", "stdout"])
  }

  @Test func aScriptThatStopsLeavesTheOldFile() {
    let folder = TemporaryFolder()
    let path = folder.write("answers", "old\n")
    let result = script(".mode jsonl\n.output \(path)\nstats\nnope\n", folder: folder)
    #expect(result.status == 1)
    #expect(fileText(path) == "old\n")
    #expect(result.errors.hasSuffix("'\(path)' was not written: the script stopped before its end\n"))
    #expect(folder.names == ["answers", "stderr", "stdin", "stdout"])
  }

  @Test(arguments: ["", " stdout", " -"])
  func outputGoesBackToStandardOutput(_ word: String) {
    let folder = TemporaryFolder()
    let result = script(".mode jsonl\n.output \(folder.file("x"))\n.output\(word)\nstats\n", folder: folder)
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(folder.names == ["stderr", "stdin", "stdout", "x"])
  }

  @Test func onceTakesOneAnswer() {
    let folder = TemporaryFolder()
    let path = folder.file("once")
    let result = script(".mode jsonl\n.once \(path)\nstats\nmodel\n", folder: folder)
    #expect(fileText(path) == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.output == "{\"kind\":\"model\",\"asked\":[]}\n")
    let failed = script(".bail off\n.once \(path)\nrecommend 999\n", folder: folder)
    #expect(failed.status == 1)
    #expect(fileText(path) == "{\"kind\":\"stats\",\"asked\":[]}\n")
  }

  @Test func outputThroughALinkReplacesTheFileBehindIt() {
    let folder = TemporaryFolder()
    let target = folder.write("target", "old")
    symlink(target, folder.file("link"))
    _ = script(".mode jsonl\n.output \(folder.file("link"))\nstats\n", folder: folder)
    #expect(fileText(target) == "{\"kind\":\"stats\",\"asked\":[]}\n")
    var status = stat()
    #expect(lstat(folder.file("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func showCanBePastedBack() {
    let first = script(
      ".mode csv\n.precision 2\n.detail full\n.bail off\n.maxrows 7\n.headers off\n.width 99\n.timer on\n.show\n")
    let second = script(first.output + ".show\n")
    #expect(second.output == first.output)
    #expect(first.output.contains(".precision 2\n"))
  }

  @Test func showSaysWhomCommandsMean() {
    #expect(!script(".show\n").output.contains("as "))
    let first = script(".mode csv\nas 'user with blank'\n.show\n")
    #expect(first.output.hasSuffix("\nas \"user with blank\"\n"))
    #expect(script(first.output + ".show\n").output == first.output)
  }

  @Test func candidatesAndExclusionsComeFromFiles() {
    let folder = TemporaryFolder()
    let candidates = folder.write("candidates", "50\n\n7\r\na,b\n")
    let excluded = folder.write("excluded", "7\n")
    let result = script(
      ".mode csv\nrecommend 196 --candidates \(candidates) --exclude \(excluded)\n", folder: folder)
    #expect(
      result.output == "rank,item,title,score\n1,50,Star Wars (1977),0.33333334\n2,\"a,b\",\"Say \"\"Hi\"\"\",0.25\n")
    folder.write("excluded", Array("7\n".utf8) + [0xFF])
    let bad = script("recommend 196 --exclude \(excluded)\n", folder: folder)
    #expect(bad.status == ExitStatus.badData.rawValue)
    #expect(bad.errors.hasPrefix("<stdin>:1: recommend: column 25: \(excluded):2: byte 1"))
  }

  @Test func itemsWithCommasGoInQuotes() throws {
    let parsed = try CommandParser(allowsPrefixes: false).parse(
      "recommend --items 1,\"Postman, The (1997)\",50 --items=7,'a,b'")
    let pieces = parsed?.flags.compactMap(\.value).flatMap(\.pieces)
    #expect(pieces == ["1", "Postman, The (1997)", "50", "7", "a,b"])
  }

  @Test func anInterruptedScriptStopsWith130() {
    let cancellation = Cancellation()
    let engine = FakeEngine { cancellation.cancel() }
    let result = script("stats\nrecommend 196\nmodel\n", engine: engine) {
      $0.cancellation = cancellation
      $0.mode = .jsonl
      $0.keepGoing = true
    }
    #expect(result.output == "{\"kind\":\"stats\",\"asked\":[]}\n")
    #expect(result.errors == "<stdin>:2: interrupted\n")
    #expect(result.status == 130)
  }

  @Test func aClosedOutputEndsQuietlyWith141() {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    close(ends[0])
    let lines = String(repeating: "recommend 196\n", count: 5000)
    let result = script(lines) {
      $0.outputDescriptor = ends[1]
      $0.mode = .jsonl
    }
    close(ends[1])
    #expect(result.status == 141)
    #expect(result.errors.isEmpty)
  }

  @Test func aFullOutputIsAnError() {
    let full = open("/dev/full", O_WRONLY)
    let result = script("stats\n") { $0.outputDescriptor = full }
    close(full)
    #expect(result.status == 1)
    #expect(result.errors == "cannot write standard output: No space left on device\n")
    let redirected = script(".output /dev/full\nstats\n")
    #expect(redirected.status == 1)
    #expect(redirected.errors.contains("cannot write '/dev/full': No space left on device"))
  }

  @Test func answersArriveBeforeTheNextQuestionIsAsked() async {
    var questions: [Int32] = [0, 0]
    var answers: [Int32] = [0, 0]
    pipe(&questions)
    pipe(&answers)
    let (input, output) = (questions[0], answers[1])
    async let status = onThread {
      script("") {
        $0.inputDescriptor = input
        $0.outputDescriptor = output
        $0.mode = .jsonl
      }.status
    }
    let (ask, hear) = (questions[1], answers[0])
    let lengths = await onThread {
      (0..<3).map { _ in
        _ = Glibc.write(ask, "stats\n", 6)
        var entry = pollfd(fd: hear, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 1000)
        // Signals of tests beside this one interrupt both calls; that is no answer yet.
        var ready: Int32
        repeat { ready = poll(&entry, 1, 60_000) } while ready < 0 && errno == EINTR
        guard ready == 1 else { return 0 }
        var count: Int
        repeat { count = read(hear, &buffer, 1000) } while count < 0 && errno == EINTR
        return count
      }
    }
    #expect(lengths == [28, 28, 28])
    close(questions[1])
    #expect(await status == 0)
    for descriptor in [questions[0], answers[0], answers[1]] { close(descriptor) }
  }

  @Test func everyExampleParses() throws {
    for entry in CommandTable.entries {
      let parsed = try CommandParser(allowsPrefixes: false).parse(entry.example)
      #expect(parsed?.entry.name == entry.name)
    }
  }

  @Test func helpComesFromTheTable() {
    for entry in CommandTable.entries {
      let help = script("\(entry.name) --help\n")
      #expect(help.output.hasPrefix(entry.synopses[0]))
      #expect(help.output == script(".help \(entry.name)\n").output)
      #expect(help.status == 0)
    }
    for line in script("help\n").output.split(separator: "\n") { #expect(line.utf8.count <= 80) }
    for topic in CommandHelp.topics where topic.name != "tour" {
      #expect(script("? \(topic.name)\n").output == topic.text)
    }
  }

  @Test func hostileTextNeverReachesTheErrorStream() {
    let result = script("\u{1B}]0;x\u{7}\u{202E}\n")
    #expect(result.errors == "<stdin>:1: \\x1B]0;x\\x07\\u{202E}: column 1: no such command; .help lists them\n")
  }

  @Test func interactiveWithoutATerminalStillAnswers() {
    let result = transcript(input: "rec 196 --to 1\nnope\nstats\n", configure: { $0.mode = .jsonl }) {
      $0.runInteractive()
    }
    #expect(result.output.split(separator: "\n").count == 2)
    #expect(result.errors.hasPrefix("darec | fake: 4 users, 5 items | .help for help\n"))
    #expect(result.errors.contains("error: nope: column 1"))
    #expect(result.status == 0)
  }
}
