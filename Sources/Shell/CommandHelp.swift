// Help texts, made from the command table.

/// What `.help` prints, and the reference section of the manual.
package enum CommandHelp {
  /// A subject of help that is not a command.
  package struct Topic: Sendable {
    /// The word after `.help`.
    package let name: String
    /// One line.
    package let summary: String
    /// The text, wrapped for 80 cells; `CommandHelp.text(forTopic:width:)` fits it to narrower screens.
    package let text: String
  }

  /// The list of all commands.
  /// - Parameter width: cells of the screen.
  package static func overview(width: Int = TextWrapping.usualWidth) -> String {
    var text = "Queries\n"
    for entry in CommandTable.entries where !entry.isSetting { text += line(entry.name, entry.summary, width: width) }
    text += "\nSettings\n"
    for entry in CommandTable.entries where entry.isSetting { text += line(entry.name, entry.summary, width: width) }
    text += "\nTopics\n"
    for topic in topics { text += line(".help \(topic.name)", topic.summary, width: width) }
    text += "\n" + wrapped("'.help COMMAND' or 'COMMAND --help' says more about one command.", width: width)
    return text
  }

  /// Help for a command or a topic by name; nil when there is none.
  /// - Parameters:
  ///   - name: of a command, with or without its dot, or of a topic.
  ///   - width: cells of the screen.
  package static func text(forTopic name: String, width: Int = TextWrapping.usualWidth) -> String? {
    if let topic = topics.first(where: { $0.name == name }) {
      return width < TextWrapping.usualWidth ? TextWrapping.reflowed(topic.text, width: width) : topic.text
    }
    let entry = CommandTable.entry(named: name) ?? CommandTable.entry(named: "." + name)
    return entry.map { text(for: $0, width: width) }
  }

  /// Help for one command; its example stays on one line however narrow the screen is.
  /// - Parameters:
  ///   - entry: the command.
  ///   - width: cells of the screen.
  package static func text(for entry: CommandEntry, width: Int = TextWrapping.usualWidth) -> String {
    var text = ""
    for synopsis in entry.synopses {
      text += width < TextWrapping.usualWidth ? wrapped(synopsis, width: width, indent: 4) : synopsis + "\n"
    }
    text += "\n" + wrapped(sentence(entry.summary), width: width)
    for paragraph in entry.details { text += wrapped(paragraph, width: width) }
    if !entry.flags.isEmpty {
      text += "\n"
      for flag in entry.flags { text += line(label(flag), flag.summary, width: width) }
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
  private static func line(_ name: String, _ meaning: String, width: Int) -> String {
    let indent = 22
    let padding = String(repeating: " ", count: max(indent - 2 - name.utf8.count, 2))
    var bytes: [UInt8] = []
    TextWrapping.appendEntry("  " + name + padding, meaning, width: width, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func wrapped(_ text: String, width: Int, indent: Int = 0) -> String {
    var bytes: [UInt8] = []
    TextWrapping.append(text, width: width, indent: indent, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
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
      text: OutputMode.allCases.map { line($0.rawValue, $0.summary, width: TextWrapping.usualWidth) }.joined()),
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
