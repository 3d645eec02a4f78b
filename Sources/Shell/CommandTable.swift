// Every command of the query language, once: parser, help, completion, suggestions and the manual are made from this
// table.

import Engine

/// The commands of the query language.
package enum CommandTable {
  /// Queries first, then settings, in the order of the manual.
  package static let entries: [CommandEntry] = queries + settings

  /// The entry that a word calls, by name or alias.
  package static func entry(named name: String) -> CommandEntry? { definition(named: name)?.entry }

  /// The same, to be kept by reference.
  static func definition(named name: String) -> CommandDefinition? { definitions[name] }

  /// Names of all commands, aliases left out, in the order of the table.
  package static let names: [String] = entries.map(\.name)

  private static let definitions: [String: CommandDefinition] = {
    var definitions: [String: CommandDefinition] = [:]
    for entry in entries {
      let definition = CommandDefinition(entry)
      for name in entry.names { definitions[name] = definition }
    }
    return definitions
  }()

  /// For commands with a brief form.
  static let full = Flag("--full", nil, nil, "in table mode, every table and row; the other modes always hold all")
  static let top = Flag("--top", "N", .integer(1...100_000), "how many, best first (10)")

  private static let strength = Flag("--strength", "PERCENT", .integer(1...100), "how far the taste is moved (30)")

  private static let queries: [CommandEntry] = [
    CommandEntry(
      name: "recommend", action: .recommend,
      synopses: [
        "recommend USER [--top N] [--include-seen] [--candidates FILE] [--exclude FILE]",
        "recommend --items A,B,C [--top N] [--candidates FILE] [--exclude FILE]",
      ],
      arguments: [Argument("USER", .user, optional: true)],
      flags: [
        top,
        Flag("--items", "A,B,C", .items, "items that a person unknown to the model likes, instead of USER"),
        Flag("--include-seen", nil, nil, "also recommend what the user already has"),
        Flag("--candidates", "FILE", .file, "recommend only the items listed in FILE, one id or title a line"),
        Flag("--exclude", "FILE", .file, "never recommend the items listed in FILE"),
      ],
      summary: "the best items for a user, or for a person described by items",
      details: [
        "Items the user already has are left out unless --include-seen is given. --items describes a person the model "
          + "has never seen; it may be given more than once, and a title with blanks or commas goes in quotes."
      ],
      example: "recommend 1 --top 5"),
    CommandEntry(
      name: "similar", action: .similar,
      synopses: [
        "similar item ITEM [--space SPACE] [--side SIDE] [--top N]",
        "similar user USER [--space SPACE] [--side SIDE] [--top N]",
      ],
      arguments: [Argument("user|item", .choice(EntityKind.allCases.map(\.rawValue))), Argument("ID", .entity)],
      flags: [
        Flag(
          "--space", "SPACE", .choice(Space.allCases.map(\.rawValue)), "where to look: final, shared, specific, text"),
        Flag(
          "--side", "SIDE", .choice(Side.allCases.map(\.rawValue)),
          "side of shared or specific: collaborative, language"),
        top,
      ],
      summary: "the nearest users or items in one of the spaces",
      details: [
        "Nearness is the cosine. The space 'final' is what the model ranks with, 'shared' and 'specific' are the parts "
          + "that behaviour and language have in common and alone, 'text' is the language model's own embedding."
      ],
      example: "similar item 1 --space shared --top 5"),
    CommandEntry(
      name: "components", action: .components, synopses: ["components user USER", "components item ITEM"],
      arguments: [Argument("user|item", .choice(EntityKind.allCases.map(\.rawValue))), Argument("ID", .entity)],
      summary: "the shared and the specific part of a user or an item on both sides",
      details: ["Norms, cosines between the parts, how well the two sides agree, and the preference centre."],
      example: "components user 1"),
    CommandEntry(
      name: "explain", action: .explain,
      synopses: ["explain USER ITEM [--neighbors N] [--contributions N] [--top N] [--full]"],
      arguments: [Argument("USER", .user), Argument("ITEM", .item)],
      flags: [
        Flag("--neighbors", "N", .integer(0...1000), "neighbours listed for each space (5)"),
        Flag("--contributions", "N", .integer(0...100_000), "past items listed; the others join the residual (all)"),
        Flag("--top", "N", .integer(1...100_000), "the list that the counterfactual drops the item out of (10)"),
        full,
      ],
      brief: BriefForm(rows: 5),
      summary: "why an item has its score for a user",
      details: [
        "What each past item of the user adds to the score, the nearest neighbours in every space, and how much of the "
          + "evidence is shared between behaviour and language.",
        "The counterfactual is the smallest set of past items found without which the item would leave the top N: found by "
          + "the contributions, verified by propagating the edited graph again.",
      ],
      example: "explain 1 1 --neighbors 3"),
    CommandEntry(
      name: "why-not", action: .whyNot, synopses: ["why-not USER ITEM [--top N]"],
      arguments: [Argument("USER", .user), Argument("ITEM", .item)],
      flags: [Flag("--top", "N", .integer(1...100_000), "how many of the items ahead of it are compared with it (10)")],
      summary: "what outranks an item for a user, and by which past items",
      details: ["For each item ahead: by how much it leads, and the past item that adds most to the lead."],
      example: "why-not 1 1 --top 3"),
    CommandEntry(
      name: "path", action: .path, synopses: ["path USER ITEM [--top N]"],
      arguments: [Argument("USER", .user), Argument("ITEM", .item)], flags: [top],
      summary: "the strongest ways through the graph from a user to an item",
      details: [
        "A path leads from the user over a past item and another user who has both to the item; its value is the part of "
          + "the score that the model carries along it. Only models that propagate over a graph have paths."
      ],
      example: "path 1 1 --top 5"),
    CommandEntry(
      name: "compare", action: .compare, synopses: ["compare user A B", "compare item A B"],
      arguments: [
        Argument("user|item", .choice(EntityKind.allCases.map(\.rawValue))), Argument("A", .entity),
        Argument("B", .entity),
      ],
      summary: "two users or two items beside each other in every space",
      details: [
        "Cosines of different spaces cannot be compared; the place of B among all neighbours of A can. The shared spaces "
          + "say what behaviour and language agree about, the specific ones what each keeps to itself."
      ],
      example: "compare item 1 2"),
    CommandEntry(
      name: "what-if", action: .whatIf, synopses: ["what-if USER +ITEM -ITEM ... [--top N]"],
      arguments: [Argument("USER", .user), Argument("+ITEM|-ITEM", .signedItems)], flags: [top],
      summary: "what would be recommended if a user's history were another one",
      details: [
        "+ITEM puts an item into the history, -ITEM takes one out; a title goes in quotes behind the sign. The edited graph "
          + "is propagated anew where the model has one. What the user has, had or is given is left out."
      ],
      example: "what-if 1 +1 --top 5"),
    CommandEntry(
      name: "more-like", action: .moreLike, synopses: ["more-like USER ITEM [--strength PERCENT] [--top N]"],
      arguments: [Argument("USER", .user), Argument("ITEM", .item)], flags: [strength, top],
      summary: "recommendations for a user, steered towards items like one",
      details: ["The user's vector is moved towards the item's; `as USER` saves naming the user each time."],
      example: "more-like 1 1 --top 5"),
    CommandEntry(
      name: "less-like", action: .lessLike, synopses: ["less-like USER ITEM [--strength PERCENT] [--top N]"],
      arguments: [Argument("USER", .user), Argument("ITEM", .item)], flags: [strength, top],
      summary: "recommendations for a user, steered away from items like one",
      details: ["The user's vector is moved away from the item's; `as USER` saves naming the user each time."],
      example: "less-like 1 1 --top 5"),
    CommandEntry(
      name: "centres", action: .centres, synopses: ["centres"],
      summary: "the matched preference centres of behaviour and language",
      details: [
        "Sizes, how well the two sides agree about who belongs to a centre, and the titles closest to it: what the "
          + "alignment learned. `centre N` opens one."
      ],
      example: "centres"),
    CommandEntry(
      name: "centre", action: .centres, synopses: ["centre N"], arguments: [Argument("N", .integer(1...1_000_000))],
      summary: "one preference centre with its closest items on both sides", example: "centre 1"),
    CommandEntry(
      name: "as", action: .person, synopses: ["as [USER]"], arguments: [Argument("USER", .user, optional: true)],
      summary: "whose USER later commands mean when they name none",
      details: [
        "After `as 7`, `recommend`, `explain ITEM`, `why-not ITEM` and the others that begin with a USER may leave it out. "
          + "`as` alone forgets the user."
      ],
      example: "as 1"),
    CommandEntry(
      name: "find", action: .find, synopses: ["find TEXT [--top N]"], arguments: [Argument("TEXT", .text)],
      flags: [top],
      summary: "items whose id or title contains a text",
      example: "find the --top 5"),
    CommandEntry(
      name: "stats", action: .stats, synopses: ["stats"], summary: "counts, degrees and popularity of the model's data",
      example: "stats"),
    CommandEntry(
      name: "model", action: .model, synopses: ["model [--full]"], flags: [full], brief: BriefForm(rows: 5),
      summary: "what the model is, how it was trained and how good it is", example: "model"),
  ]

  private static let onOff = [Argument("on|off", .choice(["on", "off"]), optional: true)]

  private static let settings: [CommandEntry] = [
    CommandEntry(
      name: ".open", action: .open, synopses: [".open MODEL"], arguments: [Argument("MODEL", .file)],
      summary: "answer from another model from here on",
      details: [
        "The model is read and checked first: when it cannot be used, the session keeps the one it has. Settings and "
          + "output stay; the user set by `as` stays if the new model knows the id."
      ],
      example: ".open Models/sample"),
    CommandEntry(
      name: ".dataset", action: .dataset, synopses: [".dataset"],
      summary: "what the model was trained on: counts, split, where texts come from", example: ".dataset"),
    CommandEntry(
      name: ".mode", action: .mode, synopses: [".mode [MODE]"],
      arguments: [Argument("MODE", .choice(OutputMode.allCases.map(\.rawValue)), optional: true)],
      summary: "how answers are written",
      details: OutputMode.allCases.map { "\($0.rawValue): \($0.summary)." }, example: ".mode jsonl"),
    CommandEntry(
      name: ".output", action: .output, synopses: [".output [FILE]"],
      arguments: [Argument("FILE", .file, optional: true)],
      summary: "write answers to a file; alone, 'stdout' or '-': back to standard output",
      details: [
        "The file appears under its name, whole, when it is closed; until then an older file of that name stays."
      ],
      example: ".output stdout"),
    CommandEntry(
      name: ".once", action: .once, synopses: [".once FILE"], arguments: [Argument("FILE", .file)],
      summary: "write the next answer to a file", example: ".once /dev/null"),
    CommandEntry(
      name: ".timer", action: .timer, synopses: [".timer [on|off]"], arguments: onOff,
      summary: "print the time of each query, and how the catalogue was searched, to standard error",
      example: ".timer on"),
    CommandEntry(
      name: ".read", action: .read, synopses: [".read FILE"], arguments: [Argument("FILE", .file)],
      summary: "run the commands of a file", details: ["Files may read files, at most 16 deep."],
      example: ".read /dev/null"),
    CommandEntry(
      name: ".echo", action: .echo, synopses: [".echo [on|off]"], arguments: onOff,
      summary: "print each command to standard error before it runs", example: ".echo on"),
    CommandEntry(
      name: ".bail", action: .bail, synopses: [".bail [on|off]"], arguments: onOff,
      summary: "stop a script at its first error (on); off keeps going and ends with status 1", example: ".bail off"),
    CommandEntry(
      name: ".headers", action: .headers, synopses: [".headers [on|off]"], arguments: onOff,
      summary: "write the line of column names in table, csv and tsv mode", example: ".headers off"),
    CommandEntry(
      name: ".width", action: .width, synopses: [".width [N]"],
      arguments: [Argument("N", .integer(0...65_535), optional: true)],
      summary: "cells that tables may take; 0 is the terminal's width, or 80", example: ".width 100"),
    CommandEntry(
      name: ".maxrows", action: .maxrows, synopses: [".maxrows [N]"],
      arguments: [Argument("N", .integer(0...1_000_000), optional: true)],
      summary: "rows shown of each table in table mode; 0 shows all", example: ".maxrows 20"),
    CommandEntry(
      name: ".detail", action: .detail, synopses: [".detail [short|full]"],
      arguments: [Argument("short|full", .choice(["short", "full"]), optional: true)],
      summary: "whether long answers are shortened in table mode",
      details: ["full does for every command what --full does for one."], example: ".detail full"),
    CommandEntry(
      name: ".precision", action: .precision, synopses: [".precision [N]"],
      arguments: [Argument("N", .integer(0...17), optional: true)],
      summary: "decimals in table mode; the other modes always write exact numbers", example: ".precision 3"),
    CommandEntry(
      name: ".pager", action: .pager, synopses: [".pager [on|off]"], arguments: onOff,
      summary: "show answers longer than the screen with $DAREC_PAGER, $PAGER or less",
      details: ["Only at a prompt; answers that fit, files and pipes are never paged."], example: ".pager on"),
    CommandEntry(
      name: ".threads", action: .threads, synopses: [".threads [N]"],
      arguments: [Argument("N", .integer(1...1024), optional: true)],
      summary: "threads that queries use; answers do not depend on it", example: ".threads 1"),
    CommandEntry(
      name: ".show", action: .show, synopses: [".show"], summary: "every setting as a command that restores it",
      example: ".show"),
    CommandEntry(
      name: ".history", action: .history, synopses: [".history [N] [PATTERN]"],
      arguments: [Argument("N", .text, optional: true)],
      summary: "the last commands typed, all or those that contain a pattern",
      details: ["N is how many are listed (20)."], example: ".history 5"),
    CommandEntry(
      name: ".help", aliases: ["help", "?"], action: .help, synopses: [".help [COMMAND|TOPIC]"],
      arguments: [Argument("COMMAND", .topic, optional: true)],
      summary: "this list, or help for one command; topics: tour, keys, quoting, modes, exit",
      example: ".help recommend"),
    CommandEntry(
      name: ".quit", aliases: ["quit", "\\q"], action: .quit, synopses: [".quit"],
      summary: "leave, with the status of what has happened", example: ".quit"),
    CommandEntry(
      name: ".exit", aliases: ["exit"], action: .quit, synopses: [".exit [CODE]"],
      arguments: [Argument("CODE", .integer(0...255), optional: true)],
      summary: "leave, with an exit code if one is given", example: ".exit 0"),
  ]
}
