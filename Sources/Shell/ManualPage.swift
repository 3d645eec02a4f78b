// The manual page, made from the command table.

/// `darec.1`: the manual in the form that `man` shows.
package enum ManualPage {
  /// A verb of the command line, for the list of verbs.
  package struct Verb {
    /// The word after `darec`.
    package let name: String
    /// What it does, one line.
    package let abstract: String

    /// Creates a verb.
    package init(name: String, abstract: String) {
      self.name = name
      self.abstract = abstract
    }
  }

  /// The whole page.
  /// - Parameters:
  ///   - abstract: what the program is, one sentence.
  ///   - version: of the program.
  ///   - verbs: the words after `darec`, which the shell does not know.
  package static func text(abstract: String, version: String, verbs: [Verb]) -> String {
    var page = ".TH DAREC 1 \"\" \"darec \(version)\" \"User Commands\"\n"
    page += section("NAME") + "darec \\- " + escaped(abstract) + "\n"
    page += section("SYNOPSIS")
    for (words, rest) in [
      ("darec", " MODEL"), ("darec", " MODEL [--mode MODE] [--keep-going] < SCRIPT"), ("darec", " MODEL -f SCRIPT"),
      ("darec", " MODEL -c QUERY [-c QUERY ...]"), ("darec", " VERB [ARGUMENTS]"),
    ] {
      page += ".B " + words + "\n" + escaped(rest.drop { $0 == " " }) + "\n.br\n"
    }
    page += section("DESCRIPTION")
    page += paragraph(
      "With a model's directory, darec opens a prompt at a terminal and otherwise runs the queries on standard input, "
        + "in a file, or on its command line. Answers go to standard output, everything else to standard error. The "
        + "first error stops a script, names its file, line, command and column, and shows in the exit status.")
    page += section("VERBS")
    for verb in verbs { page += item("darec " + verb.name, [verb.abstract]) }
    page += paragraph("darec help VERB lists the options of one verb.")
    page += section("QUERIES")
    for entry in CommandTable.entries where !entry.isSetting { page += command(entry) }
    page += section("SETTINGS")
    for entry in CommandTable.entries where entry.isSetting { page += command(entry) }
    for (name, heading) in [("quoting", "WORDS AND QUOTES"), ("modes", "OUTPUT"), ("keys", "KEYS")] {
      page += section(heading) + verbatim(CommandHelp.text(forTopic: name) ?? "")
    }
    page += section("EXIT STATUS") + verbatim(CommandHelp.text(forTopic: "exit") ?? "")
    page += section("ENVIRONMENT")
    for (name, meaning) in environment { page += item(name, [meaning]) }
    page += section("FILES")
    page += item(
      "$XDG_STATE_HOME/darec/history", ["Commands typed at the prompt; else ~/.local/state/darec/history."])
    page += item(
      "$XDG_CONFIG_HOME/darec/init",
      ["Commands that run before the first prompt, never before a script; else ~/.config/darec/init."])
    page += item("~/.inputrc", ["Keys, between '$if darec' and '$endif'."])
    return page
  }

  /// Variables the program reads.
  static let environment: [(name: String, meaning: String)] = [
    ("NO_COLOR", "Set and not empty: no colour."),
    ("TERM", "dumb: no colour, and tables in ASCII."),
    ("DAREC_HISTORY", "Where commands are kept; set but empty: nowhere."),
    ("DAREC_SIMD", "baseline, avx2 or avx512: the instructions to use, instead of the best this machine has."),
    ("DAREC_PAGER, PAGER", "The program that .pager on shows long answers with; else less."),
    ("XDG_STATE_HOME, XDG_CONFIG_HOME, HOME", "Where history and start-up file are."),
  ]

  private static func command(_ entry: CommandEntry) -> String {
    var text = ".TP\n"
    for (index, synopsis) in entry.synopses.enumerated() {
      text += (index > 0 ? ".TQ\n" : "") + ".B " + escaped(synopsis) + "\n"
    }
    text += escaped(CommandHelp.sentence(entry.summary)) + "\n"
    for detail in entry.details { text += ".IP\n" + escaped(detail) + "\n" }
    if !entry.flags.isEmpty {
      text += ".RS\n"
      for flag in entry.flags { text += item(CommandHelp.label(flag), [CommandHelp.sentence(flag.summary)]) }
      text += ".RE\n"
    }
    return text + ".IP\nExample:\n.B " + escaped(entry.example) + "\n"
  }

  private static func section(_ name: String) -> String { ".SH " + name + "\n" }

  private static func paragraph(_ text: String) -> String { ".PP\n" + escaped(text) + "\n" }

  private static func item(_ name: String, _ paragraphs: [String]) -> String {
    ".TP\n.B " + escaped(name) + "\n" + paragraphs.map { escaped($0) + "\n" }.joined()
  }

  /// Lines as they stand.
  private static func verbatim(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.isEmpty ? "" : escaped(line)
    }
    var body = lines[...]
    while body.last?.isEmpty == true { body.removeLast() }
    return ".nf\n" + body.joined(separator: "\n") + "\n.fi\n"
  }

  /// Text that roff takes for text: backslashes, and dots and quotes at the start of a line, are not requests; hyphens
  /// stay hyphens, so that what is copied from the page can be typed.
  private static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\n": result += " "
      default: result.append(character)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}
