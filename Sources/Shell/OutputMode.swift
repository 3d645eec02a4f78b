// How answers are written, and the settings that change their look.

/// The forms an answer can be written in.
package enum OutputMode: String, CaseIterable, Sendable {
  /// Sentences first, then aligned columns: for people.
  case table
  /// Indented JSON, one document per query: the record itself or an array of records.
  case json
  /// JSON Lines: one record per line.
  case jsonl
  /// The first table as comma-separated values after RFC 4180, lines ended by LF.
  case csv
  /// The first table as tab-separated values with backslash escapes.
  case tsv
  /// Every table as a GitHub-flavoured markdown table.
  case markdown
  /// One `column = value` pair per line.
  case line
  /// Nothing: the query runs, its answer is dropped.
  ///
  /// For timing.
  case quiet

  /// One line for help texts.
  package var summary: String {
    switch self {
    case .table: return "sentences and aligned columns, for people (the default, also into a pipe)"
    case .json: return "one indented JSON document per query: the record, or an array of records"
    case .jsonl: return "JSON Lines: one record per line"
    case .csv: return "the first table as comma-separated values"
    case .tsv: return "the first table as tab-separated values, exact, with backslash escapes"
    case .markdown: return "every table as a markdown table"
    case .line: return "one `column = value` pair per line"
    case .quiet: return "nothing: the query runs and its answer is dropped"
    }
  }
}

/// Settings of the renderers.
///
/// Only `headers` and `isTerminal` reach the modes meant for programs.
package struct RenderOptions: Sendable {
  /// Width of the screen in display cells; `table` mode fits into it.
  ///
  /// At least 1 is used.
  package var width = 80
  /// Rows shown of each table in `table` mode; 0 shows all.
  package var maximumRows = 40
  /// What `table` mode leaves out of a long answer; nil leaves nothing out.
  package var brief: BriefForm?
  /// Decimals of numbers in `table` mode, 0...17.
  ///
  /// Other modes write the shortest exact form.
  package var precision = 4
  /// Write the line of column names in `table`, `csv` and `tsv` mode.
  package var headers = true
  /// Use colour and bold in `table` mode.
  package var color = false
  /// Draw bars, rules and ellipses with characters outside ASCII.
  package var unicode = true
  /// The bytes go to a terminal: `csv` and `tsv` then escape what could drive it.
  package var isTerminal = false
  /// Leave cells of `csv` that a spreadsheet would run as a formula as they are.
  package var rawCSV = false

  /// The defaults: 80 cells, 40 rows, 4 decimals, headers, no colour.
  package init() {}
}
