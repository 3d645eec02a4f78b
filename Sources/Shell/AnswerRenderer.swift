// An answer as bytes, in any output mode.

import Engine
import Files

/// Writes answers.
///
/// Pure: the same answer, mode and options always give the same bytes.
package enum AnswerRenderer {
  /// The answer in the given mode, ending in a line feed unless it is empty.
  package static func render(_ answer: Answer, mode: OutputMode, options: RenderOptions = RenderOptions()) -> [UInt8] {
    var bytes: [UInt8] = []
    append(answer, mode: mode, options: options, to: &bytes)
    return bytes
  }

  /// Appends the answer in the given mode to `bytes`.
  package static func append(
    _ answer: Answer, mode: OutputMode, options: RenderOptions = RenderOptions(), to bytes: inout [UInt8]
  ) {
    switch mode {
    case .table: TableRenderer(options: options).append(answer.text, to: &bytes)
    case .json: appendJSON(answer, to: &bytes)
    case .jsonl:
      for record in answer.records {
        append(record, style: .compact, to: &bytes)
        bytes.append(0x0A)
      }
    case .csv: appendDelimited(answer, separator: 0x2C, options: options, to: &bytes)
    case .tsv: appendDelimited(answer, separator: 0x09, options: options, to: &bytes)
    case .markdown: appendMarkdown(answer, to: &bytes)
    case .line: appendLines(answer, to: &bytes)
    case .quiet: break
    }
  }

  private static func appendJSON(_ answer: Answer, to bytes: inout [UInt8]) {
    if answer.isSingle, answer.records.count == 1, let record = answer.records.first {
      append(record, style: .pretty, to: &bytes)
    } else {
      append(.array(answer.records), style: .pretty, to: &bytes)
    }
    bytes.append(0x0A)
  }

  /// Appends a value; numbers that are not finite, which no engine should give, become null.
  private static func append(_ value: JSONValue, style: JSONStyle, to bytes: inout [UInt8]) {
    do {
      try value.append(to: &bytes, style: style)
    } catch {
      // Nothing is left that could fail.
      try? finite(value).append(to: &bytes, style: style)
    }
  }

  private static func finite(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number(let number): return number.isFinite ? value : .null
    case .float(let number): return number.isFinite ? value : .null
    case .array(let elements): return .array(elements.map(finite))
    case .object(let members): return .object(members.map { JSONValue.Member($0.key, finite($0.value)) })
    case .null, .bool, .integer, .string: return value
    }
  }

  private static func appendDelimited(
    _ answer: Answer, separator: UInt8, options: RenderOptions, to bytes: inout [UInt8]
  ) {
    guard let table = answer.text.tables.first else { return }
    func appendText(_ text: String, to bytes: inout [UInt8]) {
      let shown = options.isTerminal ? TerminalText.escaped(text) : text
      if separator == 0x2C {
        CSVText.append(shown, raw: options.rawCSV, to: &bytes)
      } else {
        TSVText.append(shown, to: &bytes)
      }
    }
    if options.headers {
      for (index, column) in table.columns.enumerated() {
        if index > 0 { bytes.append(separator) }
        appendText(column.name, to: &bytes)
      }
      bytes.append(0x0A)
    }
    for row in table.rows {
      for (index, cell) in row.enumerated() {
        if index > 0 { bytes.append(separator) }
        switch cell {
        case .text(let text): appendText(text, to: &bytes)
        case .integer(let value): bytes.append(contentsOf: value.description.utf8)
        case .number(let value): bytes.append(contentsOf: (NumberText.shortest(value) ?? "").utf8)
        case .missing: break
        }
      }
      bytes.append(0x0A)
    }
  }

  private static func appendMarkdown(_ answer: Answer, to bytes: inout [UInt8]) {
    for (position, table) in answer.text.tables.enumerated() {
      if position > 0 { bytes.append(0x0A) }
      if let title = table.title {
        bytes.append(contentsOf: "### ".utf8)
        MarkdownText.append(title, to: &bytes)
        bytes.append(contentsOf: [0x0A, 0x0A])
      }
      for column in table.columns {
        bytes.append(contentsOf: "| ".utf8)
        MarkdownText.append(column.name, to: &bytes)
        bytes.append(0x20)
      }
      bytes.append(contentsOf: "|\n".utf8)
      for column in table.columns { bytes.append(contentsOf: (column.role.isNumeric ? "| ---: " : "| --- ").utf8) }
      bytes.append(contentsOf: "|\n".utf8)
      for row in table.rows {
        for cell in row {
          bytes.append(contentsOf: "| ".utf8)
          MarkdownText.append(exactText(cell), to: &bytes)
          bytes.append(0x20)
        }
        bytes.append(contentsOf: "|\n".utf8)
      }
    }
  }

  private static func appendLines(_ answer: Answer, to bytes: inout [UInt8]) {
    var isFirst = true
    for table in answer.text.tables {
      let nameWidth = table.columns.map { DisplayWidth.of(TerminalText.escaped($0.name)) }.max() ?? 0
      for row in table.rows {
        if !isFirst { bytes.append(0x0A) }
        isFirst = false
        for (column, cell) in zip(table.columns, row) {
          let name = TerminalText.escaped(column.name)
          bytes.append(contentsOf: repeatElement(0x20, count: nameWidth - DisplayWidth.of(name)))
          bytes.append(contentsOf: name.utf8)
          bytes.append(contentsOf: " = ".utf8)
          TerminalText.append(exactText(cell), to: &bytes)
          bytes.append(0x0A)
        }
      }
    }
  }

  /// A cell as text with nothing rounded; empty when missing.
  private static func exactText(_ cell: AnswerCell) -> String {
    switch cell {
    case .text(let text): return text
    case .integer(let value): return value.description
    case .number(let value): return NumberText.shortest(value) ?? ""
    case .missing: return ""
    }
  }
}

extension AnswerColumn.Role {
  /// True for columns whose cells are aligned to the right.
  var isNumeric: Bool {
    switch self {
    case .number, .bar: return true
    case .identifier, .title, .word: return false
    }
  }
}
