// Help texts, made from the command table.

/// What `.help` prints, and the reference section of the manual.
package enum CommandHelp {
  /// A subject of help that is not a command.
  package struct Topic: Sendable {
    /// The word after `.help`.
    package let name: String
    /// One line.
    package let summary: String
    /// The text, wrapped for 80 cells.
    package let text: String
  }

  /// The list of all commands.
  package static var overview: String {
    var text = "Queries\n"
    for entry in CommandTable.entries where !entry.isSetting { text += line(entry.name, entry.summary) }
    text += "\nSettings\n"
    for entry in CommandTable.entries where entry.isSetting { text += line(entry.name, entry.summary) }
    text += "\nTopics\n"
    for topic in topics { text += line(".help \(topic.name)", topic.summary) }
    text += "\n'.help COMMAND' or 'COMMAND --help' says more about one command.\n"
    return text
  }

  /// Help for a command or a topic by name; nil when there is none.
  package static func text(forTopic name: String) -> String? {
    if let topic = topics.first(where: { $0.name == name }) { return topic.text }
    return (CommandTable.entry(named: name) ?? CommandTable.entry(named: "." + name)).map { text(for: $0) }
  }

  /// Help for one command.
  package static func text(for entry: CommandEntry) -> String {
    var text = ""
    for synopsis in entry.synopses { text += synopsis + "\n" }
    text += "\n" + wrapped(sentence(entry.summary))
    for paragraph in entry.details { text += wrapped(paragraph) }
    if !entry.flags.isEmpty {
      text += "\n"
      for flag in entry.flags { text += line(label(flag), flag.summary) }
    }
    if !entry.aliases.isEmpty { text += "\nAlso: " + entry.aliases.joined(separator: ", ") + "\n" }
    text += "\nExample: \(entry.example)\n"
    return text
  }

  /// The reference section of the manual, in markdown.
  package static var reference: String {
    var text = "### Queries\n"
    for entry in CommandTable.entries where !entry.isSetting { text += reference(of: entry) }
    text += "\n### Settings\n"
    for entry in CommandTable.entries where entry.isSetting { text += reference(of: entry) }
    return text
  }

  private static func reference(of entry: CommandEntry) -> String {
    var text = "\n#### `\(entry.name)`\n\n```\n"
    for synopsis in entry.synopses { text += synopsis + "\n" }
    text += "```\n\n" + sentence(entry.summary) + "\n"
    for paragraph in entry.details { text += "\n" + paragraph + "\n" }
    if !entry.flags.isEmpty {
      text += "\n| flag | meaning |\n| --- | --- |\n"
      for flag in entry.flags { text += "| `\(label(flag))` | \(flag.summary) |\n" }
    }
    if !entry.aliases.isEmpty { text += "\nAlso: " + entry.aliases.map { "`\($0)`" }.joined(separator: ", ") + "\n" }
    text += "\nExample: `\(entry.example)`\n"
    return text
  }

  static func label(_ flag: Flag) -> String { flag.name + (flag.valueName.map { " " + $0 } ?? "") }

  static func sentence(_ summary: String) -> String {
    guard let first = summary.first else { return "" }
    return first.uppercased() + summary.dropFirst() + "."
  }

  /// A name and what it means, wrapped in a column of its own.
  private static func line(_ name: String, _ meaning: String) -> String {
    let indent = 22
    let padding = String(repeating: " ", count: max(indent - 2 - name.utf8.count, 2))
    var lines = wrapped(meaning, width: 80 - indent).split(separator: "\n")
    var text = "  " + name + padding + (lines.isEmpty ? "" : lines.removeFirst()) + "\n"
    for line in lines { text += String(repeating: " ", count: indent) + line + "\n" }
    return text
  }

  private static func wrapped(_ text: String, width: Int = 80) -> String {
    var result = ""
    var used = 0
    for word in text.split(separator: " ") {
      if used > 0 && used + 1 + word.utf8.count > width {
        result += "\n"
        used = 0
      }
      if used > 0 {
        result += " "
        used += 1
      }
      result += word
      used += word.utf8.count
    }
    return result + "\n"
  }

  /// The subjects of `.help` besides the commands.
  package static let topics: [Topic] = [
    Topic(
      name: "tour", summary: "six commands to begin with",
      // With a model at hand, `Tour` puts its ids in.
      text: Tour.text(of: Tour.steps(user: "1", item: "191", word: "orbit"))),
    Topic(
      name: "keys", summary: "keys while a line is edited",
      text: """
          Tab             complete a command, flag, value, id, or a title after a quote
          Up, Down        earlier and later commands
          Ctrl-R          search earlier commands
          Ctrl-A, Ctrl-E  start and end of the line
          Ctrl-W, Ctrl-U  delete the word, the line before the cursor
          Ctrl-C          drop the line; while a query runs: stop the query
          Ctrl-D          leave, on an empty line

        Keys can be changed in ~/.inputrc between '$if darec' and '$endif'.

        """),
    Topic(
      name: "quoting", summary: "ids and titles with blanks, comments, long lines",
      text: """
        Blanks separate words. An id or title with blanks goes in quotes:

          explain 196 "Toy Story (1995)"
          recommend --items 1,"Postman, The (1997)",50

        Between single quotes everything stands for itself; between double quotes
        \\" and \\\\ are a quote and a backslash. '#' at the start of a word begins a
        comment, '--' ends the flags, a backslash at the end of a line continues it.
        An item may be named by its title wherever an id is asked for, if the title
        is unambiguous.

        """),
    Topic(
      name: "modes", summary: "how answers can be written",
      text: OutputMode.allCases.map { line($0.rawValue, $0.summary) }.joined()),
    Topic(
      name: "exit", summary: "exit codes",
      text: """
          0    everything asked for was done
          1    a command failed; also with .bail off, at the end
          64   the command line of darec is wrong
          65   a file is malformed
          66   a file does not exist or cannot be opened
          130  a script was stopped by Ctrl-C
          141  standard output was closed early

        """),
  ]
}
