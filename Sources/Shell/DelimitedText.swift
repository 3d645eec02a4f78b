// One escape function for each table format: CSV, TSV and markdown.

/// Fields of comma-separated values after RFC 4180.
package enum CSVText {
  /// Appends one text field.
  ///
  /// A field that a spreadsheet would run as a formula (it starts with `=`, `+`, `-`, `@`, their full-width forms, tab,
  /// carriage return or line feed, perhaps after apostrophes) gets an apostrophe in front unless `raw`; taking one
  /// apostrophe away from exactly such fields gives the text back. Quotes are doubled, and fields that need it are
  /// quoted.
  package static func append(_ text: String, raw: Bool, to bytes: inout [UInt8]) {
    var needsQuotes = false
    for byte in text.utf8 where byte == 0x22 || byte == 0x2C || byte == 0x0A || byte == 0x0D {
      needsQuotes = true
      break
    }
    // Blanks at the ends survive only in quotes with some readers.
    if text.utf8.first == 0x20 || text.utf8.last == 0x20 { needsQuotes = true }
    let guarded = !raw && startsFormula(text)
    guard needsQuotes else {
      if guarded { bytes.append(0x27) }
      bytes.append(contentsOf: text.utf8)
      return
    }
    bytes.append(0x22)
    if guarded { bytes.append(0x27) }
    for byte in text.utf8 {
      if byte == 0x22 { bytes.append(0x22) }
      bytes.append(byte)
    }
    bytes.append(0x22)
  }

  /// True when a spreadsheet could take the text for a formula.
  package static func startsFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first(where: { $0 != "'" }) else { return false }
    switch first {
    case "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": return true
    default: return false
    }
  }
}

/// Fields of tab-separated values.
package enum TSVText {
  /// Appends one field; tab, line feed, carriage return and backslash become `\t`, `\n`, `\r` and `\\`, so every text
  /// can be read back exactly and a line is always one row.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case 0x09: bytes.append(contentsOf: [0x5C, 0x74])
      case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
      case 0x0D: bytes.append(contentsOf: [0x5C, 0x72])
      case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
      default: bytes.append(byte)
      }
    }
  }
}

/// Text inside a cell of a markdown table.
package enum MarkdownText {
  /// Appends one cell: line breaks become `<br>`, characters that markdown or HTML would act on are escaped, and what
  /// could drive a terminal is replaced as in `TerminalText`.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    var pending: [UInt8] = []
    func flush(into bytes: inout [UInt8]) {
      for byte in pending {
        switch byte {
        case 0x5C, 0x60, 0x2A, 0x5F, 0x5B, 0x5D, 0x7C, 0x7E: bytes.append(contentsOf: [0x5C, byte])
        case 0x3C: bytes.append(contentsOf: "&lt;".utf8)
        case 0x26: bytes.append(contentsOf: "&amp;".utf8)
        default: bytes.append(byte)
        }
      }
      pending.removeAll(keepingCapacity: true)
    }
    var rest = Substring(text)
    while let end = rest.unicodeScalars.firstIndex(where: { $0 == "\n" || $0 == "\r" }) {
      TerminalText.append(String(rest[..<end]), to: &pending)
      flush(into: &bytes)
      bytes.append(contentsOf: "<br>".utf8)
      var next = rest.unicodeScalars.index(after: end)
      if rest.unicodeScalars[end] == "\r", next < rest.endIndex, rest.unicodeScalars[next] == "\n" {
        next = rest.unicodeScalars.index(after: next)
      }
      rest = Substring(rest.unicodeScalars[next...])
    }
    TerminalText.append(String(rest), to: &pending)
    flush(into: &bytes)
  }
}
