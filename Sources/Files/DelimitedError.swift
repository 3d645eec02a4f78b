// Why a line of a table cannot be read: always with file, line and, where there is one, the column.

/// A table whose text does not follow its format.
package enum DelimitedError: DescribedFailure, Equatable {
  /// The file itself cannot be read.
  case file(FileError)
  /// A line is wrong; `line` counts from 1, `column` is the name in the header or `column N`.
  case badLine(path: String, line: Int, column: String?, reason: String)

  package var description: String {
    switch self {
    case .file(let error): return error.description
    case .badLine(let path, let line, let column, let reason):
      guard let column else { return "\(path):\(line): \(reason)" }
      return "\(path):\(line): column '\(column)': \(reason)"
    }
  }

  package var exitStatus: ExitStatus {
    if case .file(let error) = self { return error.exitStatus }
    return .badData
  }
}

/// How the fields of a line are told apart.
package struct DelimitedFormat: Sendable, Equatable {
  /// The byte between two fields; nil when the whole line is one field.
  package let separator: UInt8?
  /// True when fields may be in double quotes and then hold separators, line breaks and doubled quotes (RFC 4180).
  package let hasQuotes: Bool
  /// True when a line without any byte is an error instead of being passed over.
  package let refusesBlankLines: Bool

  /// Comma-separated values with quotes (RFC 4180).
  package static let commaSeparated = DelimitedFormat(
    separator: UInt8(ascii: ","), hasQuotes: true, refusesBlankLines: false)
  /// Semicolon-separated values with quotes, as spreadsheets write them where the comma is a decimal sign.
  package static let semicolonSeparated = DelimitedFormat(
    separator: UInt8(ascii: ";"), hasQuotes: true, refusesBlankLines: false)
  /// Tab-separated values; quotes have no meaning.
  package static let tabSeparated = DelimitedFormat(
    separator: UInt8(ascii: "\t"), hasQuotes: false, refusesBlankLines: false)
  /// Fields between spaces; quotes have no meaning.
  package static let spaceSeparated = DelimitedFormat(
    separator: UInt8(ascii: " "), hasQuotes: false, refusesBlankLines: false)
  /// One field a line; the n-th line means the n-th row of something, so a blank line is an error.
  package static let lines = DelimitedFormat(separator: nil, hasQuotes: false, refusesBlankLines: true)

  /// The format of a table with a header, by the file's name and its first line.
  ///
  /// A tab anywhere in the header means tabs, whatever the name says; else a comma, else a semicolon; a header
  /// without any of them is one column of a comma-separated table.
  package static func detected(inHeader header: some Sequence<UInt8>) -> DelimitedFormat {
    var hasComma = false
    var hasSemicolon = false
    for byte in header {
      if byte == UInt8(ascii: "\t") { return .tabSeparated }
      if byte == UInt8(ascii: ",") { hasComma = true }
      if byte == UInt8(ascii: ";") { hasSemicolon = true }
    }
    return hasSemicolon && !hasComma ? .semicolonSeparated : .commaSeparated
  }
}
