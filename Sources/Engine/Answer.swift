// What every query returns: the same data once as JSON records and once as sentences and tables, with no formatting in it.

import Files

/// The answer to one query.
///
/// Renderers of the shell and of batch output choose what to show of it.
package struct Answer: Sendable {
  /// What the records are, such as `recommendation`; the stem of their schema name.
  package var kind: String
  /// The answer as JSON: one record, or several when the query has several results.
  package var records: [JSONValue]
  /// True when `json` mode prints the one record itself instead of an array.
  package var isSingle: Bool
  /// How a catalogue was searched for it, where one was; `.timer` prints it, no record does.
  package var method: SearchMethod?
  private var wording: Wording

  /// The answer for people, or how to word it.
  private enum Wording: Sendable {
    case made(AnswerText)
    case onDemand(@Sendable () -> AnswerText)
  }

  /// The answer for people; where it was left for later, it is worded each time that it is asked for.
  package var text: AnswerText {
    get {
      switch wording {
      case .made(let text): return text
      case .onDemand(let make): return make()
      }
    }
    set { wording = .made(newValue) }
  }

  /// Creates an answer from its parts.
  package init(
    kind: String, records: [JSONValue], isSingle: Bool = true, sentences: [String] = [], tables: [AnswerTable] = [],
    method: SearchMethod? = nil
  ) {
    self.kind = kind
    self.records = records
    self.isSingle = isSingle
    self.method = method
    wording = .made(AnswerText(sentences: sentences, tables: tables))
  }

  /// Creates an answer of one record that is worded for people only where somebody reads it: a script of many questions
  /// in `jsonl` mode does not.
  package init(
    kind: String, record: JSONValue, method: SearchMethod? = nil, text: @escaping @Sendable () -> AnswerText
  ) {
    self.kind = kind
    records = [record]
    isSingle = true
    self.method = method
    wording = .onDemand(text)
  }
}

/// The answer for people.
package struct AnswerText: Sendable {
  /// The answer in sentences, printed before the tables in `table` mode only.
  package var sentences: [String]
  /// The answer as tables; tabular modes (`csv`, `tsv`) print the first.
  package var tables: [AnswerTable]
}

/// Rows of cells under named columns.
package struct AnswerTable: Sendable {
  /// A heading, printed above the table in `table` and `markdown` mode.
  package var title: String?
  /// The columns from left to right.
  package var columns: [AnswerColumn]
  /// The rows; each has one cell a column.
  package var rows: [[AnswerCell]]
  /// Names of columns whose values are terms of one sum: a brief form says what the rows it leaves out add up to.
  package var summedColumns: [String]
  /// How many of the last rows a brief form keeps, such as a residual.
  package var closingRows: Int

  /// Creates a table.
  package init(
    title: String? = nil, columns: [AnswerColumn], rows: [[AnswerCell]], summedColumns: [String] = [],
    closingRows: Int = 0
  ) {
    self.title = title
    self.columns = columns
    self.rows = rows
    self.summedColumns = summedColumns
    self.closingRows = min(closingRows, rows.count)
  }
}

/// One column of a table.
package struct AnswerColumn: Sendable {
  /// How the column's cells are to be shown.
  package enum Role: Sendable {
    /// An id of the user's data: never cut, never changed.
    case identifier
    /// A title or other free text: may be cut with an ellipsis to fit the screen.
    case title
    /// A short word.
    case word
    /// A number, aligned to the right.
    case number
    /// A number that is also drawn as a small bar in proportion to the largest magnitude of its column.
    case bar
  }

  /// The column's name as in the header line and in CSV: lower case, words joined by `_`.
  package var name: String
  /// How its cells are shown.
  package var role: Role

  /// Creates a column.
  package init(_ name: String, _ role: Role) {
    self.name = name
    self.role = role
  }
}

/// One value of a table.
package enum AnswerCell: Sendable {
  case text(String)
  case integer(Int)
  case number(Double)
  /// Not known or not computed: empty in CSV, a dash in a table.
  case missing
}
