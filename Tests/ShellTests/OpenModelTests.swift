// .open and .dataset: another model in the same session, or the same one when the other cannot be used.

import Engine
import Files
import Shell
import Testing

@Suite struct OpenModelTests {
  private struct NoModel: DescribedFailure {
    let path: String
    var description: String { "no model at \(path)" }
    var exitStatus: Files.ExitStatus { .missingInput }
  }

  private func configure(_ options: inout SessionOptions) {
    options.mode = .jsonl
    options.openModel = { path in
      if path == "other" { return FakeEngine(users: ["900", "901"], items: ["1"]) }
      throw NoModel(path: path)
    }
  }

  @Test func queriesBehindAskTheNewModel() {
    let result = script(
      "recommend 196 --top 1\n.open other\nrecommend 900 --top 1\nrecommend 196\n", configure: configure)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].contains("\"196\"") && lines[1].contains("\"900\""))
    #expect(result.errors.hasPrefix("<stdin>:4: recommend: column 11:"))
    #expect(result.status == 1)
  }

  @Test func aModelThatCannotBeUsedChangesNothing() {
    let result = script(
      ".open nowhere\nrecommend 196 --top 1\n",
      configure: {
        configure(&$0)
        $0.keepGoing = true
      })
    #expect(result.errors == "<stdin>:1: .open: column 7: no model at nowhere\n")
    #expect(result.output.contains("\"196\"") && result.status == 1)
    // Without --keep-going the script stops with the error's own status.
    #expect(script(".open nowhere\nstats\n", configure: configure).status == 66)
  }

  @Test func theUserIsForgottenWhereNobodyHasTheId() {
    let result = script("as 196\n.open other\nrecommend --top 1\n", configure: configure)
    #expect(result.errors.hasPrefix("user 196 is not in this model"))
    #expect(result.errors.contains("<stdin>:3: recommend:") && result.errors.contains("USER is missing"))
  }

  @Test func aSessionWithOneModelSaysSo() {
    let result = script(".open other\n")
    #expect(result.errors == "<stdin>:1: .open: column 7: this session has only one model\n" && result.status == 1)
  }

  @Test func theDataSetIsAnAnswerLikeOthers() {
    let folder = TemporaryFolder()
    let path = folder.file("once")
    let result = script(".mode jsonl\n.dataset\n.once \(path)\n.dataset\n.dataset now\n", folder: folder)
    #expect(result.output == "{\"kind\":\"dataset\",\"asked\":[]}\n" && fileText(path) == result.output)
    #expect(result.errors.hasPrefix("<stdin>:5: .dataset: column 10:"))
  }
}
