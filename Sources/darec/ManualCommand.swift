// darec manual: the manual page.

import ArgumentParser
import Shell

/// `darec manual`.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual page, for man.",
    discussion: """
      Examples: darec manual | man -l -
                darec manual > ~/.local/share/man/man1/darec.1
      """)

  mutating func run() throws {
    let verbs = DarecCommand.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map {
      ManualPage.Verb(name: $0._commandName, abstract: $0.configuration.abstract)
    }
    let page = ManualPage.text(
      abstract: DarecCommand.configuration.abstract, version: darecVersion, verbs: verbs)
    try Console.output(Array(page.utf8))
  }
}
