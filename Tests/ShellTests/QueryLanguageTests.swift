// The manual's section on commands against the command table.

import Shell
import TestSupport
import Testing

@Suite struct QueryLanguageTests {
  @Test func theManualSaysWhatTheTableSays() throws {
    // DAREC_UPDATE_DOCS=1 writes the section anew.
    let path = fixturePath("../../Docs/QueryLanguage.md")
    let text = fileText(path)
    let begin = "<!-- commands: begin -->\n"
    let end = "<!-- commands: end -->\n"
    let pieces = text.split(separator: begin, omittingEmptySubsequences: false)
    let last = pieces.last?.split(separator: end, omittingEmptySubsequences: false) ?? []
    try #require(pieces.count == 2 && last.count == 2)
    let section = "\n" + CommandHelp.reference + "\n"
    if Terminal.environment("DAREC_UPDATE_DOCS") != nil {
      let file = try FileReplacement(path: path)
      file.output.write(Array("\(pieces[0])\(begin)\(section)\(end)\(last[1])".utf8))
      try file.commit()
    } else {
      #expect(String(last[0]) == section)
    }
  }
}
