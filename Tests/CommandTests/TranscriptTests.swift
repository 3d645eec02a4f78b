// Whole conversations with the sample model through pipes, against what they said before.

import Files
import Shell
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct TranscriptTests {
  /// `NAME.script` is what is asked, `NAME.transcript` what comes: standard output, standard error, status.
  @Test(arguments: ["tour", "modes", "errors", "settings"])
  func pipesSayWhatTheySaid(_ name: String) throws {
    // DAREC_UPDATE_DOCS=1 writes the transcripts anew; what changed is then to be read in the difference.
    let folder = fixturePath("transcripts")
    let script = try String(contentsOfFile: "\(folder)/\(name).script", encoding: .utf8)
    // The colours and widths of whoever runs the tests must not matter.
    let process = try DarecProcess(
      [ExitTableTests.model], input: script, environment: ["TERM": "xterm-256color", "COLUMNS": "200", "NO_COLOR": ""])
    let transcript = "\(process.output)---- standard error\n\(process.errors)---- status \(process.status)\n"
    let path = "\(folder)/\(name).transcript"
    if ProcessInfo.processInfo.environment["DAREC_UPDATE_DOCS"] != nil {
      try transcript.write(toFile: path, atomically: true, encoding: .utf8)
    } else {
      #expect(try String(contentsOfFile: path, encoding: .utf8) == transcript)
    }
    // Nothing that is asked through a pipe is answered in colour.
    #expect(!transcript.contains("\u{1B}"))
  }

  @Test func everyExampleOfTheHelpRunsOnTheSampleModel() throws {
    for entry in CommandTable.entries {
      let process = try DarecProcess([ExitTableTests.model, "-c", entry.example])
      #expect(
        process.status == 0 && process.errors.isEmpty || entry.name == ".echo", "\(entry.example): \(process.errors)")
      if !entry.isSetting { #expect(!process.output.isEmpty, "\(entry.example)") }
    }
  }

  /// Nothing in table mode is wider than the screen it was made for.
  @Test(arguments: [80, 100, 132])
  func noLineIsWiderThanTheScreen(_ width: Int) throws {
    var commands = [".width \(width)", ".detail full", ".maxrows 0"]
    for entry in CommandTable.entries where !entry.isSetting { commands.append(entry.example) }
    let process = try DarecProcess([ExitTableTests.model] + commands.flatMap { ["-c", $0] })
    #expect(process.status == 0, "\(process.errors)")
    let lines = process.output.split(separator: "\n")
    let tooWide = lines.filter { DisplayWidth.of(String($0)) > width }
    #expect(tooWide.isEmpty, "\(tooWide.prefix(3))")
    #expect(lines.count > 100)
  }
}
