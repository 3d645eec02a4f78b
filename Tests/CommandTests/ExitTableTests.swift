// What every kind of failure says and how the process ends, as a table.

import TestSupport
import Testing

@Suite struct ExitTableTests {
  /// The sample model of the repository.
  static let model = fixturePath("../../Models/sample")
  static let missing = "/nonexistent/thing"

  struct Row: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var input = ""
    var status: Int32
    /// What standard error begins with, or all of it when it ends in a line feed; empty: nothing may be there.
    var errors: String
    /// What standard output begins with; nil: nothing may be there.
    var output: String?

    var testDescription: String { "\(arguments.joined(separator: " ")) < \(input.debugDescription)" }
  }

  static func shell(_ input: String, _ status: Int32, _ errors: String, output: String? = nil, _ words: [String] = [])
    -> Row
  {
    Row(arguments: [model] + words, input: input, status: status, errors: errors, output: output)
  }

  static func command(_ words: [String], _ status: Int32, _ errors: String, output: String? = nil) -> Row {
    Row(arguments: words, status: status, errors: errors, output: output)
  }

  static let rows: [Row] = [
    // All fine: 0.
    shell("", 0, ""),
    shell("# nothing\n", 0, ""),
    shell("stats\n", 0, "", output: "300 users, 200 items"),
    shell(".mode jsonl\nrecommend 1\n", 0, "", output: "{\"schema\":\"darec/recommendation/1\""),
    command([model, "-c", "stats", "-c", "model"], 0, "", output: "300 users"),
    command([model, "--format", "jsonl", "-c", "stats"], 0, "", output: "{\"schema\":\"darec/stats/1\""),
    command([model, "-c", ".exit 0", "-c", "nonsense"], 0, ""),
    // Commands and scripts are one sequence; `-` is standard input.
    shell("stats\n", 0, "", output: "{\"schema\":\"darec/stats/1\"", ["-c", ".mode jsonl", "-f", "-"]),
    shell(
      "stats\n", 0, "", output: "{\"schema\":\"darec/stats/1\"", ["--format", "jsonl", "-f", "/dev/null", "-f", "-"]),
    shell("stats\n", 7, "", ["-c", ".exit 7", "-f", "-"]),
    shell(
      "stats\n", 1, "-c:2: nope: column 1: no such command", output: "300 users",
      ["-c", ".bail off", "-c", "nope", "-f", "-"]),
    Row(arguments: ["repl", model, "-f", "-"], input: "stats\n", status: 0, errors: "", output: "300 users"),
    command(["--version"], 0, "", output: ""), command(["--help"], 0, "", output: "OVERVIEW"),
    command(["recommend", model, "1", "--format", "jsonl"], 0, "", output: "{"),
    // A statement failed: 1, with the command and the column.
    shell("recommend nobody\n", 1, "<stdin>:1: recommend: column 11: unknown user 'nobody'"),
    shell(
      "stats\nexplain 1 nothing\n", 1, "<stdin>:2: explain: column 11: unknown item 'nothing'", output: "300 users"),
    shell("similar item nothing\n", 1, "<stdin>:1: similar: column 14: unknown item 'nothing'"),
    shell("components user 9999\n", 1, "<stdin>:1: components: column 17: unknown user '9999'"),
    shell("recommend --items 1,nothing\n", 1, "<stdin>:1: recommend: column 19: unknown item 'nothing'"),
    shell(
      "recomend 1\n", 1, "<stdin>:1: recomend: column 1: no such command; .help lists them; did you mean 'recommend'?\n"
    ),
    shell("rec 1\n", 1, "<stdin>:1: rec: column 1: write the full name 'recommend' in a script\n"),
    shell("recommend 1 --to 3\n", 1, "<stdin>:1: recommend: column 13: write the full name '--top' in a script\n"),
    shell(
      "recommend 1 --topp 3\n", 1, "<stdin>:1: recommend: column 13: no such flag '--topp'; did you mean '--top'?\n"),
    shell("recommend 1 --top many\n", 1, "<stdin>:1: recommend: column 19: --top must be a whole number, not 'many'\n"),
    shell("recommend 1 --top 0\n", 1, "<stdin>:1: recommend: column 19: --top must be from 1 to 100000\n"),
    shell("recommend 1 --top\n", 1, "<stdin>:1: recommend: column 18: --top needs a value: N\n"),
    shell("recommend\n", 1, "<stdin>:1: recommend: column 10: USER is missing"),
    shell("explain 1\n", 1, "<stdin>:1: explain: column 10: ITEM is missing"),
    shell("explain 1 The Salted Orbit\n", 1, "<stdin>:1: explain: column 15: 'Salted' is one word too many"),
    shell("explain 1 \"The Salted\n", 1, "<stdin>:1: explain: column 11: a quote is opened here and never closed\n"),
    shell("similar thing 1\n", 1, "<stdin>:1: similar: column 9: 'thing' is not user or item"),
    shell(".mode loud\n", 1, "<stdin>:1: .mode: column 7: 'loud' is not one of table, json"),
    shell("mode json\n", 1, "<stdin>:1: mode: column 1: no such command; .help lists them; did you mean '.mode'?\n"),
    shell(".timer maybe\n", 1, "<stdin>:1: .timer: column 8: 'maybe' is not on or off\n"),
    shell(".width -1\n", 1, "<stdin>:1: .width: column 8: N must be a whole number, not '-1'\n"),
    shell(".help nothing\n", 1, "<stdin>:1: .help: column 7: no help for 'nothing'\n"),
    shell(".output /nonexistent/x\n", 1, "<stdin>:1: .output: column 9: cannot write '/nonexistent/x': No such file"),
    shell(".once /\n", 1, "<stdin>:1: .once: column 7: cannot write '/': Is a directory\n"),
    shell("stats\n\nnope\nstats\n", 1, "<stdin>:3: nope: column 1: no such command", output: "300 users"),
    shell(".bail off\nnope\nstats\n", 1, "<stdin>:2: nope: column 1: no such command", output: "300 users"),
    shell("nope\nstats\n", 1, "<stdin>:1: nope: column 1: no such command", output: "300 users", ["--keep-going"]),
    shell("\0\n", 1, "<stdin>:1: byte 1 of the line is zero; this is not a text file\n"),
    command([model, "-c", "stats", "-c", "nope"], 1, "-c:2: nope: column 1: no such command", output: "300 users"),
    command(["recommend", model, "nobody"], 1, "darec: unknown user 'nobody'"),
    // A code of the script's own.
    shell(".exit 7\n", 7, ""), shell("quit\nnope\n", 0, ""), shell(".exit 255\n", 255, ""),
    shell(".exit 256\n", 1, "<stdin>:1: .exit: column 7: CODE must be from 0 to 255\n"),
    // The command line is wrong: 64.
    command(
      ["recomend", model, "1"], 64, "darec: unknown verb 'recomend'; did you mean recommend? Verbs: darec --help\n"),
    command(["recommend"], 64, "Error: Missing expected argument '<model>'"),
    command(["recommend", model], 64, "darec: name one of: a USER, --users all|FILE, or --items A,B,C\n"),
    command([model, "--mode", "loud"], 64, "darec: --mode takes table, json"),
    command([model, "--format", "loud"], 64, "darec: --format takes table, json"),
    command(["repl", model, "--format=loud"], 64, "darec: --format takes table, json"),
    command([model, "--color", "red"], 64, "darec: --color takes auto, always or never, not 'red'\n"),
    command([model, "--nonsense"], 64, "Error: Unknown option '--nonsense'"),
    command([model, "--threads", "0"], 64, "darec: --threads must be from 1 to 1024\n"),
    command(["bench", "nothing"], 64, "darec: there is no benchmark \"nothing\""),
    // Data are wrong: 65.
    shell("recommend 1 --exclude \(model)/model.safetensors\n", 65, "<stdin>:1: recommend: column 23: "),
    // Files are missing: 66, and nothing has run.
    command([missing], 66, "darec: \(missing): no such model directory"),
    command([model, "-f", missing], 66, "darec: "),
    command([model, "-c", "stats", "-f", missing], 66, "darec: "),
    command(["recommend", missing, "1"], 66, "darec: "),
    shell(
      ".read \(missing)\n", 66, "<stdin>:1: .read: column 7: cannot open '\(missing)': No such file or directory\n"),
    shell("recommend 1 --candidates \(missing)\n", 66, "<stdin>:1: recommend: column 26: cannot open '\(missing)'"),
  ]

  @Test(arguments: Self.rows)
  func theProcessEndsAndSpeaksAsDocumented(_ row: Row) throws {
    let process = try DarecProcess(row.arguments, input: row.input)
    #expect(process.status == row.status, "\(process.errors)")
    if row.errors.isEmpty || row.errors.hasSuffix("\n") {
      #expect(process.errors == row.errors)
    } else {
      #expect(process.errors.hasPrefix(row.errors), "\(process.errors)")
    }
    if let output = row.output {
      #expect(process.output.hasPrefix(output), "\(process.output.prefix(200))")
    } else {
      #expect(process.output.isEmpty, "\(process.output.prefix(200))")
    }
  }

  @Test func theTableIsLong() { #expect(Self.rows.count >= 40) }
}
