// The parts that commands are described by.

/// What a value on a command line stands for; decides how it is checked and completed.
package enum ValueKind: Sendable, Equatable {
  /// A user's id.
  case user
  /// An item's id, or its title.
  case item
  /// Ids or titles of items, separated by commas.
  case items
  /// A user or an item, as the word `user` or `item` before it says.
  case entity
  /// One of a few words.
  case choice([String])
  /// A whole number in a range.
  case integer(ClosedRange<Int>)
  /// The path of a file.
  case file
  /// Any words up to the end of the line.
  case text
  /// Items behind a sign, as many as wanted: `+ITEM` or `-ITEM`.
  case signedItems
  /// The name of a command or a topic of help.
  case topic
}

/// One value in a fixed place of a command.
package struct Argument: Sendable {
  /// The name in the synopsis, such as `USER`.
  package let name: String
  package let kind: ValueKind
  package let isOptional: Bool

  init(_ name: String, _ kind: ValueKind, optional: Bool = false) {
    self.name = name
    self.kind = kind
    self.isOptional = optional
  }
}

/// One `--flag` of a command.
package struct Flag: Sendable {
  /// The name with its dashes, such as `--top`.
  package let name: String
  /// The name of its value in the synopsis; nil for a flag without value.
  package let valueName: String?
  /// What the value stands for; nil for a flag without value.
  package let kind: ValueKind?
  /// One line of help.
  package let summary: String

  init(_ name: String, _ valueName: String? = nil, _ kind: ValueKind? = nil, _ summary: String) {
    self.name = name
    self.valueName = valueName
    self.kind = kind
    self.summary = summary
  }
}

/// What `table` mode shows of a long answer when nobody asked for all of it.
package struct BriefForm: Sendable, Equatable {
  /// Rows of each table shown.
  package let rows: Int
  /// Tables shown; the others are named.
  package let tables: Int

  init(rows: Int, tables: Int = 1) {
    self.rows = rows
    self.tables = tables
  }
}

/// What a command does.
package enum CommandAction: Sendable {
  case recommend, similar, components, explain, find, stats, model
  case whyNot, path, compare, whatIf, moreLike, lessLike, centres, person
  case mode, output, once, timer, read, echo, bail, headers, width, maxrows, precision, show, history, help, quit
  case detail, pager, threads, open, dataset
}

/// One command: everything that parser, help, completion and manual say about it.
package struct CommandEntry: Sendable {
  /// The word that calls it, with its dot for settings.
  package let name: String
  /// Other words that call it.
  package var aliases: [String] = []
  package let action: CommandAction
  /// Lines that show its forms.
  package let synopses: [String]
  package var arguments: [Argument] = []
  package var flags: [Flag] = []
  /// What `table` mode shows unless `--full` or `.detail full` asks for everything; nil shows everything always.
  package var brief: BriefForm?
  /// One line of help, without a full stop.
  package let summary: String
  /// Further help, in paragraphs.
  package var details: [String] = []
  /// A line that can be run as it stands on the sample model.
  package let example: String

  /// True for commands that configure the session, false for queries.
  package var isSetting: Bool { name.utf8.first == 0x2E }

  /// Name and aliases.
  package var names: [String] { [name] + aliases }
}

/// An entry of the table, shared by all lines that call it.
final class CommandDefinition: Sendable {
  let entry: CommandEntry

  init(_ entry: CommandEntry) { self.entry = entry }
}
