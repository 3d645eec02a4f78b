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
  package var pieces: [String]
}

/// Splits lines into words as sqlite's and DuckDB's dot commands do.
///
/// Blanks and tabs separate. Text in single quotes is taken as it is; in double quotes a backslash takes the next
/// character as it is, with `\n` and `\t` for line feed and tab. A `#` at the start of a word begins a comment.
package enum WordSplitter {
  /// The words of one line.
  /// - Throws: `ShellError.syntax` for a quote that is not closed, with the quote's column.
  package static func split(_ line: String) throws(ShellError) -> [Word] {
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
      var word = Word(text: "", column: column, isQuoted: scalar == "\"" || scalar == "'", pieces: [])
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
            word.pieces.append(String(piece))
            piece = String.UnicodeScalarView()
          } else {
            piece.append(quote)
          }
          advance()
        }
      }
      word.pieces.append(String(piece))
      word.text = String(text)
      words.append(word)
    }
    return words
  }

  /// The command for a message: the first word, or as much of it as there is.
  private static func commandName(_ words: [Word], unfinished: String) -> String? {
    let name = words.first?.text ?? unfinished
    return name.isEmpty ? nil : DisplayWidth.cut(name, to: 40, ellipsis: "…")
  }
}
