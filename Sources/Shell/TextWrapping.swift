// Breaking lines between words.

/// Fits text to the width of a screen.
package enum TextWrapping {
  /// Cells of the screen that help is written for.
  package static let usualWidth = 80
  /// Lines are not made narrower than this, in cells: on a smaller screen the terminal breaks them itself.
  static let leastWidth = 20

  /// Appends words, broken at blanks so that no line is wider than the screen where words allow it, and a line feed.
  ///
  /// A word wider than a line is broken behind slashes, so that the names in a path stay whole.
  /// - Parameters:
  ///   - text: words; several blanks count as one.
  ///   - width: cells of the screen.
  ///   - indent: blanks in front of every line but the first.
  ///   - column: cells of the first line that are taken already.
  ///   - bytes: where the lines go.
  static func append(_ text: String, width: Int, indent: Int = 0, column: Int = 0, to bytes: inout [UInt8]) {
    let limit = max(width, leastWidth)
    var used = column
    var isAtStart = true
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      let wordCells = cells(of: word)
      if !isAtStart && used + 1 + wordCells > limit {
        appendBreak(indent: indent, to: &bytes)
        used = indent
        isAtStart = true
      }
      if !isAtStart {
        bytes.append(0x20)
        used += 1
      }
      guard used + wordCells > limit else {
        bytes.append(contentsOf: word.utf8)
        used += wordCells
        isAtStart = false
        continue
      }
      for part in parts(of: word) {
        let partCells = cells(of: part)
        if !isAtStart && used + partCells > limit {
          appendBreak(indent: indent, to: &bytes)
          used = indent
        }
        bytes.append(contentsOf: part.utf8)
        used += partCells
        isAtStart = false
      }
    }
    bytes.append(0x0A)
  }

  /// The line as it is when it fits or the width is not known, else broken between words; no line feed at its end.
  package static func fitted(_ line: String, width: Int?) -> String {
    guard let width, DisplayWidth.of(line) > max(width, leastWidth) else { return line }
    let indent = min(line.utf8.prefix { $0 == 0x20 }.count, width / 2)
    var bytes = [UInt8](repeating: 0x20, count: indent)
    append(line, width: width, indent: indent, column: indent, to: &bytes)
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }

  /// Appends an entry of a list: its label, and its text in a column of its own, or below where that would be narrow.
  /// - Parameters:
  ///   - label: with the blanks before and behind it, so that its length says where the column begins.
  ///   - text: words.
  ///   - width: cells of the screen.
  ///   - bytes: where the lines go.
  static func appendEntry(_ label: String, _ text: String, width: Int, to bytes: inout [UInt8]) {
    var column = label.utf8.count
    if width - column >= leastWidth {
      bytes.append(contentsOf: label.utf8)
    } else {
      column = 6
      bytes.append(contentsOf: label.utf8)
      while bytes.last == 0x20 { bytes.removeLast() }
      appendBreak(indent: column, to: &bytes)
    }
    append(text, width: width, indent: column, column: column, to: &bytes)
  }

  /// Help written for 80 cells, for a narrower screen.
  ///
  /// Paragraphs are filled anew, and a second column stays a column. What is indented and has no second column, such as
  /// an example, stays whole: it is there to be copied.
  package static func reflowed(_ text: String, width: Int) -> String {
    var blocks: [Block] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let block = Block(line)
      if let last = blocks.last, last.goesOn(with: block) {
        blocks[blocks.count - 1].text += " " + block.text
      } else {
        blocks.append(block)
      }
    }
    // What follows the last line feed is no line.
    if text.hasSuffix("\n") { blocks.removeLast() }
    var bytes: [UInt8] = []
    for block in blocks {
      switch block.kind {
      case .paragraph: append(block.text, width: width, to: &bytes)
      case .entry: appendEntry(block.label, block.text, width: width, to: &bytes)
      case .example: bytes.append(contentsOf: (block.label + block.text + "\n").utf8)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Lines of help that are filled together.
  private struct Block {
    enum Kind {
      /// Text from the first column on.
      case paragraph
      /// A label and a text beside it.
      case entry
      /// An indented line.
      case example
    }

    let kind: Kind
    /// What stands before the text: nothing, an entry's label, or the blanks of an example.
    let label: String
    var text: String

    init(_ line: Substring) {
      let bytes = Array(line.utf8)
      let indent = bytes.prefix { $0 == 0x20 }.count
      // The second column begins behind the first two blanks in a row.
      let gap = (indent..<max(indent, bytes.count - 1)).first { bytes[$0] == 0x20 && bytes[$0 + 1] == 0x20 }
      let column = gap.flatMap { gap in bytes[gap...].firstIndex { $0 != 0x20 } }
      let start: Int
      if indent > 0, let column {
        kind = .entry
        start = column
      } else {
        kind = indent > 0 ? .example : .paragraph
        start = indent
      }
      label = String(decoding: bytes[..<start], as: UTF8.self)
      text = String(decoding: bytes[start...], as: UTF8.self)
    }

    /// Whether the next line belongs to this text: to its paragraph, or to its column.
    func goesOn(with next: Block) -> Bool {
      guard !text.isEmpty, !next.text.isEmpty else { return false }
      switch kind {
      case .paragraph: return next.kind == .paragraph
      case .entry: return next.kind == .example && next.label.utf8.count == label.utf8.count
      case .example: return false
      }
    }
  }

  private static func appendBreak(indent: Int, to bytes: inout [UInt8]) {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: indent))
  }

  /// Most words are ASCII, where a byte is a cell.
  private static func cells(of word: Substring) -> Int {
    word.utf8.allSatisfy { $0 < 0x80 } ? word.utf8.count : DisplayWidth.of(String(word))
  }

  /// The parts of a word, each up to and with a slash.
  private static func parts(of word: Substring) -> [Substring] {
    var parts: [Substring] = []
    var start = word.startIndex
    for index in word.utf8.indices where word.utf8[index] == 0x2F {
      let next = word.utf8.index(after: index)
      parts.append(word[start..<next])
      start = next
    }
    if start < word.endIndex { parts.append(word[start...]) }
    return parts
  }
}
