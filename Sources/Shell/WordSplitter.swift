// Splits a command line into words.

/// One word of a command line, its quotes removed.
package struct Word: Equatable, Sendable {
  /// The text the word stands for.
  package var text: String
  /// Where the word starts, counted in characters from 1.
  package var column: Int
  /// True when the word starts with a quote: it then is never taken for a flag.
  package var isQuoted: Bool
  /// The pieces between commas that stand outside quotes; one piece when there are none.
  package var pieces: [String] { separated.isEmpty ? [text] : separated }
  /// Empty when there is only one piece, the text: no list is made for the many words without a comma.
  private var separated: [String]

  /// Creates a word.
  package init(text: String, column: Int, isQuoted: Bool, pieces: [String]) {
    self.text = text
    self.column = column
    self.isQuoted = isQuoted
    separated = pieces.count > 1 ? pieces : []
  }
}

/// Splits lines into words as sqlite's and DuckDB's dot commands do.
///
/// Blanks and tabs separate. Text in single quotes is taken as it is; in double quotes a backslash takes the next
/// character as it is, with `\n` and `\t` for line feed and tab. A `#` at the start of a word begins a comment.
package enum WordSplitter {
  /// The words of one line.
  /// - Throws: `ShellError.syntax` for a quote that is not closed, with the quote's column.
  package static func split(_ line: String) throws(ShellError) -> [Word] {
    if let words = plainWords(of: line) { return words }
    var words: [Word] = []
    let scalars = line.unicodeScalars
    var index = scalars.startIndex
    var column = 1
    func advance() {
      index = scalars.index(after: index)
      column += 1
    }
    while index < scalars.endIndex {
      let scalar = scalars[index]
      if scalar == " " || scalar == "\t" {
        advance()
        continue
      }
      if scalar == "#" { return words }
      let start = index
      let first = column
      var pieces: [String] = []
      var piece = String.UnicodeScalarView()
      var text = String.UnicodeScalarView()
      while index < scalars.endIndex, scalars[index] != " ", scalars[index] != "\t" {
        let quote = scalars[index]
        if quote == "\"" || quote == "'" {
          let opened = column
          let quoteIndex = index
          var isClosed = false
          advance()
          while index < scalars.endIndex {
            var inner = scalars[index]
            advance()
            if inner == quote {
              isClosed = true
              break
            }
            if inner == "\\" && quote == "\"" && index < scalars.endIndex {
              inner = scalars[index]
              advance()
              if inner == "n" { inner = "\n" }
              if inner == "t" { inner = "\t" }
            }
            text.append(inner)
            piece.append(inner)
          }
          if !isClosed {
            throw .syntax(
              command: Self.commandName(words, unfinished: String(scalars[start..<quoteIndex])), column: opened,
              problem: "a quote is opened here and never closed",
              suggestion: nil)
          }
        } else {
          text.append(quote)
          if quote == "," {
            pieces.append(String(piece))
            piece = String.UnicodeScalarView()
          } else {
            piece.append(quote)
          }
          advance()
        }
      }
      pieces.append(String(piece))
      words.append(
        Word(text: String(text), column: first, isQuoted: scalar == "\"" || scalar == "'", pieces: pieces))
    }
    return words
  }

  /// The words of a line of ASCII without quotes, as almost every line of a script is; nil for any other line.
  private static func plainWords(of line: String) -> [Word]? {
    var line = line
    return line.withUTF8 { bytes -> [Word]? in
      for byte in bytes where byte >= 0x80 || byte == 0x22 || byte == 0x27 { return nil }
      func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
      var words: [Word] = []
      words.reserveCapacity(6)
      var index = 0
      while index < bytes.count {
        if isBlank(bytes[index]) {
          index += 1
          continue
        }
        if bytes[index] == 0x23 { return words }
        let start = index
        while index < bytes.count, !isBlank(bytes[index]) { index += 1 }
        let word = UnsafeBufferPointer(rebasing: bytes[start..<index])
        var pieces: [String] = []
        if word.contains(0x2C) {
          pieces = word.split(separator: 0x2C, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
          }
        }
        words.append(
          Word(text: String(decoding: word, as: UTF8.self), column: start + 1, isQuoted: false, pieces: pieces))
      }
      return words
    }
  }

  /// The command for a message: the first word, or as much of it as there is.
  private static func commandName(_ words: [Word], unfinished: String) -> String? {
    let name = words.first?.text ?? unfinished
    return name.isEmpty ? nil : DisplayWidth.cut(name, to: 40, ellipsis: "…")
  }
}
