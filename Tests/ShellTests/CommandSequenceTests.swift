// Commands of the command line and the scripts behind them, as one sequence.

import Shell
import Testing

@Suite struct CommandSequenceTests {
  let folder = TemporaryFolder()
  static let stats = "{\"kind\":\"stats\",\"asked\":[]}\n"
  static let model = "{\"kind\":\"model\",\"asked\":[]}\n"

  private func run(_ commands: [String], _ scripts: [String], input: String = "") -> Transcript {
    transcript(input: input, folder: folder, configure: { $0.mode = .jsonl }) {
      $0.run(commands: commands, scripts: scripts)
    }
  }

  @Test func whereAnswersGoHoldsForTheScripts() {
    let answers = folder.file("answers")
    let script = folder.write("script", "stats\nmodel\n")
    #expect(run([".output \(answers)"], [script]) == Transcript(output: "", errors: "", status: 0))
    #expect(fileText(answers) == Self.stats + Self.model)
    let once = folder.file("once")
    #expect(run([".once \(once)"], [script]).output == Self.model)
    #expect(fileText(once) == Self.stats)
  }

  @Test func aScriptThatStopsLeavesTheFileOfTheCommands() {
    let answers = folder.write("answers", "old\n")
    let script = folder.write("script", "stats\nnope\n")
    let result = run([".output \(answers)"], [script])
    #expect(result.status == 1)
    #expect(fileText(answers) == "old\n")
  }

  @Test(arguments: [(".quit", 0), (".exit 7", 7), ("nope", 1)] as [(String, Int32)])
  func whoLeavesOrFailsRunsNoScript(_ row: (String, Int32)) {
    let script = folder.write("script", "stats\n")
    let result = run([row.0], [script])
    #expect(result.output.isEmpty)
    #expect(result.status == row.1)
  }

  @Test func errorsThatDoNotStopDoNotStopScripts() {
    let script = folder.write("script", "stats\n")
    let result = run([".bail off", "nope"], [script, folder.file("missing"), script])
    #expect(result.output == Self.stats + Self.stats)
    #expect(result.status == 1)
    #expect(result.errors.contains("-c:2: nope: ") && result.errors.contains("/missing'"))
  }

  @Test func scriptsRunInTheirOrderUpToTheFirstError() {
    let first = folder.write("first", ".mode jsonl\nstats\n")
    let second = folder.write("second", "model\nnope\nmodel\n")
    let result = run([], [first, second, first])
    #expect(result.output == Self.stats + Self.model)
    #expect(result.errors.hasPrefix("\(second):2: nope: "))
    #expect(result.status == 1)
  }

  @Test func aDashIsTheSessionsInput() {
    let script = folder.write("script", "model\n")
    let result = run(["stats"], ["-", script], input: "stats\nnope\n")
    #expect(result.output == Self.stats + Self.stats)
    #expect(result.errors.hasPrefix("<stdin>:2: nope: "))
    #expect(run(["stats"], ["-", script], input: "stats\n").output == Self.stats + Self.stats + Self.model)
  }
}
