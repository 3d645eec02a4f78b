// Tables and numbers in Markdown.

/// Pieces of Markdown.
enum MarkdownText {
  /// A table whose first columns are text and the others numbers.
  static func table(_ header: [String], _ rows: [[String]], textColumns: Int) -> [String] {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rule = header.indices.map { $0 < textColumns ? "---" : "---:" }
    return [line(header.map(escaped)), line(rule)] + rows.map { line($0.map(escaped)) }
  }

  /// A text that is nothing but text in a cell: a name cannot break out of the table.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "|", "\\", "`", "*", "_", "<", "[", "]": result += "\\\(character)"
      case _ where character.value < 0x20 || character.value == 0x7F: result += " "
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A number with a fixed count of decimals; `-` when it is not finite.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded(.toNearestOrAwayFromZero)
    let whole = UInt64(scaled)
    let unit = UInt64(scale)
    var text = value < 0 && whole > 0 ? "-" : ""
    text += String(whole / unit)
    guard decimals > 0 else { return text }
    let fraction = String(whole % unit)
    return text + "." + String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
  }

  /// A number with its sign, also in front of zero and positive ones.
  static func signed(_ value: Double, _ decimals: Int) -> String {
    let text = fixed(value, decimals)
    return text.hasPrefix("-") ? text : "+" + text
  }
}
