// Sentences and aligned columns for a person's screen.

import Engine
import Files

/// Writes answers as wrapped sentences followed by tables that fit the screen.
///
/// Columns are aligned by display cells and separated by two blanks; numbers are right-aligned. When the natural widths
/// do not fit, bars shrink first, then titles are cut, then words. Identifiers and numbers are never cut: a table of
/// very long ids may be wider than the screen.
struct TableRenderer {
  let options: RenderOptions

  /// Appends the whole answer.
  func append(_ answer: AnswerText, to bytes: inout [UInt8]) {
    for sentence in answer.sentences { appendWrapped(TerminalText.escaped(sentence), to: &bytes) }
    var needsGap = !answer.sentences.isEmpty
    let shown = answer.tables.prefix(options.brief?.tables ?? answer.tables.count)
    for table in shown {
      if needsGap { bytes.append(0x0A) }
      append(table, to: &bytes)
      needsGap = true
    }
    appendRest(of: answer, shown: shown.count, to: &bytes)
  }

  /// One sentence about what the brief form leaves out.
  private func appendRest(of answer: AnswerText, shown: Int, to bytes: inout [UInt8]) {
    guard options.brief != nil else { return }
    var rest: [String] = []
    let hiddenRows = answer.tables.prefix(shown).reduce(0) { $0 + self.hiddenRows(of: $1) }
    if hiddenRows > 0 { rest.append("\(hiddenRows) more \(hiddenRows == 1 ? "row" : "rows")") }
    for table in answer.tables.dropFirst(shown) {
      let title = table.title.map { $0.prefix(1).lowercased() + $0.dropFirst() } ?? "another table"
      rest.append("\(title) (\(table.rows.count))")
    }
    guard !rest.isEmpty else { return }
    bytes.append(0x0A)
    if options.color { bytes.append(contentsOf: Self.dim) }
    appendWrapped(TerminalText.escaped("--full also shows: " + rest.joined(separator: ", ") + "."), to: &bytes)
    if options.color {
      bytes.removeLast()
      bytes.append(contentsOf: Self.plain)
      bytes.append(0x0A)
    }
  }

  private func appendWrapped(_ text: String, to bytes: inout [UInt8]) {
    TextWrapping.append(text, width: options.width, to: &bytes)
  }

  /// Rows shown from the table's beginning; the closing ones come on top.
  private func shownRows(of table: AnswerTable) -> Int {
    var count = table.rows.count - table.closingRows
    if options.maximumRows > 0 { count = min(count, options.maximumRows) }
    if let brief = options.brief { count = min(count, brief.rows) }
    return count
  }

  private func hiddenRows(of table: AnswerTable) -> Int {
    table.rows.count - table.closingRows - shownRows(of: table)
  }

  /// The rows as they are shown: those of the beginning, in a brief form what the hidden ones of a sum add up to, and the
  /// closing ones.
  private func displayedRows(of table: AnswerTable) -> [[AnswerCell]] {
    let start = shownRows(of: table)
    var rows = Array(table.rows.prefix(start))
    let hidden = hiddenRows(of: table)
    if hidden > 0, options.brief != nil, !table.summedColumns.isEmpty {
      let terms = table.rows[start..<(start + hidden)]
      var hasLabel = false
      rows.append(
        table.columns.enumerated().map { index, column -> AnswerCell in
          if table.summedColumns.contains(column.name) {
            return .number(terms.reduce(0) { $0 + (index < $1.count ? magnitude($1[index]) ?? 0 : 0) })
          }
          if column.role == .title { return .text("\(hidden) more") }
          if column.role == .word && !hasLabel {
            hasLabel = true
            return .text("rest")
          }
          return .missing
        })
    }
    return rows + table.rows.suffix(table.closingRows)
  }

  private struct Cell {
    var text: String
    var width: Int
    /// Share of the column's largest magnitude, -1...1, for bars.
    var share = 0.0
  }

  private func append(_ table: AnswerTable, to bytes: inout [UInt8]) {
    if let title = table.title {
      appendStyled(TerminalText.escaped(title), style: "1", to: &bytes)
      bytes.append(0x0A)
    }
    let rows = displayedRows(of: table)
    let columnCount = table.columns.count
    var cells: [[Cell]] = []
    cells.reserveCapacity(rows.count)
    for row in rows { cells.append(row.prefix(columnCount).map(cell)) }
    fillShares(of: table, rows: rows, cells: &cells)
    var widths = table.columns.map { options.headers ? DisplayWidth.of(TerminalText.escaped($0.name)) : 0 }
    for row in cells {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.width) }
    }
    let barWidth = fit(&widths, columns: table.columns)

    if options.headers { appendHeader(table.columns, widths: widths, barWidth: barWidth, to: &bytes) }
    for row in cells {
      let start = bytes.count
      for (index, cell) in row.enumerated() {
        if index > 0 { bytes.append(contentsOf: [0x20, 0x20]) }
        let column = table.columns[index]
        var shown = cell
        if cell.width > widths[index] {
          shown.text = DisplayWidth.cut(cell.text, to: widths[index], ellipsis: ellipsis)
          shown.width = DisplayWidth.of(shown.text)
        }
        appendPadded(shown.text, width: shown.width, to: widths[index], right: column.role.isNumeric, bytes: &bytes)
        if column.role == .bar && barWidth > 0 { appendBar(cell.share, cells: barWidth, to: &bytes) }
      }
      trimBlanks(from: start, bytes: &bytes)
      bytes.append(0x0A)
    }
    if table.rows.isEmpty { bytes.append(contentsOf: "(no rows)\n".utf8) }
    let rest = hiddenRows(of: table)
    if rest > 0 && options.brief == nil {
      bytes.append(contentsOf: "\(ellipsis) \(rest) more \(rest == 1 ? "row" : "rows") (.maxrows 0 shows all)\n".utf8)
    }
  }

  private func cell(_ cell: AnswerCell) -> Cell {
    let text: String
    switch cell {
    case .text(let value): text = TerminalText.escaped(value)
    case .integer(let value): text = value.description
    case .number(let value): text = NumberText.fixed(value, decimals: options.precision)
    case .missing: text = "-"
    }
    return Cell(text: text, width: DisplayWidth.of(text))
  }

  /// Sets each bar's share from the magnitudes of the whole column, hidden rows included.
  /// - Parameter rows: the displayed ones, in the order of `cells`.
  private func fillShares(of table: AnswerTable, rows: [[AnswerCell]], cells: inout [[Cell]]) {
    for (index, column) in table.columns.enumerated() where column.role == .bar {
      var largest = 0.0
      for row in table.rows + rows where index < row.count {
        if let value = magnitude(row[index]), value.isFinite { largest = max(largest, abs(value)) }
      }
      guard largest > 0 else { continue }
      for row in cells.indices where index < cells[row].count {
        if let value = magnitude(rows[row][index]), value.isFinite { cells[row][index].share = value / largest }
      }
    }
  }

  private func magnitude(_ cell: AnswerCell) -> Double? {
    switch cell {
    case .number(let value): return value
    case .integer(let value): return Double(value)
    case .text, .missing: return nil
    }
  }

  /// Shrinks `widths` to the screen and returns the cells of each bar (0 for none).
  private func fit(_ widths: inout [Int], columns: [AnswerColumn]) -> Int {
    let barColumns = columns.filter { $0.role == .bar }.count
    var total = widths.reduce(0, +) + 2 * max(columns.count - 1, 0)
    // A bar takes one blank besides its cells.
    var barWidth = barColumns > 0 ? 10 : 0
    let limit = max(options.width, 1)
    while barWidth > 0 && total + barColumns * (barWidth + 1) > limit { barWidth -= barWidth > 4 ? 1 : barWidth }
    if barWidth == 0 && barColumns > 0 && columns.contains(where: { $0.role == .title }) && limit >= 60 {
      // A title can give up a few cells for the smallest bar.
      barWidth = 4
    }
    if barWidth > 0 { total += barColumns * (barWidth + 1) }
    shrink(.title, least: 12, &widths, columns, total: &total, limit: limit)
    if total > limit && barWidth > 0 {
      total -= barColumns * (barWidth + 1)
      barWidth = 0
    }
    shrink(.title, least: 4, &widths, columns, total: &total, limit: limit)
    shrink(.word, least: 8, &widths, columns, total: &total, limit: limit)
    return barWidth
  }

  /// Takes cells from the widest column of a role until the table fits or each is down to `least`.
  private func shrink(
    _ role: AnswerColumn.Role, least: Int, _ widths: inout [Int], _ columns: [AnswerColumn], total: inout Int,
    limit: Int
  ) {
    while total > limit {
      var widest: Int?
      for index in columns.indices where columns[index].role == role && widths[index] > least {
        if widths[index] > widest.map({ widths[$0] }) ?? 0 { widest = index }
      }
      guard let widest else { return }
      // Down to the next one of its kind, to the need, or to the least, in one step: a title may have megabytes.
      let second = columns.indices.filter { columns[$0].role == role && $0 != widest }.map { widths[$0] }.max() ?? 0
      let target = max(least, widths[widest] - (total - limit), min(second, widths[widest] - 1))
      total -= widths[widest] - target
      widths[widest] = target
    }
  }

  private func appendHeader(_ columns: [AnswerColumn], widths: [Int], barWidth: Int, to bytes: inout [UInt8]) {
    var line: [UInt8] = []
    var rule: [UInt8] = []
    let mark: [UInt8] = options.unicode ? Self.ruleCharacter : [0x2D]
    for (index, column) in columns.enumerated() {
      if index > 0 {
        line.append(contentsOf: [0x20, 0x20])
        rule.append(contentsOf: [0x20, 0x20])
      }
      let name = DisplayWidth.cut(TerminalText.escaped(column.name), to: widths[index], ellipsis: ellipsis)
      let bar = column.role == .bar && barWidth > 0 ? barWidth + 1 : 0
      appendPadded(
        name, width: DisplayWidth.of(name), to: widths[index], right: column.role.isNumeric, bytes: &line)
      line.append(contentsOf: repeatElement(0x20, count: bar))
      for _ in 0..<(widths[index] + bar) { rule.append(contentsOf: mark) }
    }
    trimBlanks(from: 0, bytes: &line)
    if options.color { bytes.append(contentsOf: "\u{1B}[1m".utf8) }
    bytes.append(contentsOf: line)
    if options.color { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
    bytes.append(0x0A)
    if options.color { bytes.append(contentsOf: "\u{1B}[2m".utf8) }
    bytes.append(contentsOf: rule)
    if options.color { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
    bytes.append(0x0A)
  }

  private func appendPadded(_ text: String, width: Int, to target: Int, right: Bool, bytes: inout [UInt8]) {
    let padding = max(target - width, 0)
    if right { bytes.append(contentsOf: repeatElement(0x20, count: padding)) }
    bytes.append(contentsOf: text.utf8)
    if !right { bytes.append(contentsOf: repeatElement(0x20, count: padding)) }
  }

  /// Draws one bar: full and eighth blocks for a positive share, a light shade for a negative one.
  private func appendBar(_ share: Double, cells: Int, to bytes: inout [UInt8]) {
    bytes.append(0x20)
    let eighths = Int((abs(share) * Double(cells) * 8).rounded())
    var used = 0
    if options.color && eighths > 0 { bytes.append(contentsOf: (share < 0 ? "\u{1B}[31m" : "\u{1B}[32m").utf8) }
    if options.unicode && share >= 0 {
      for _ in 0..<(eighths / 8) { bytes.append(contentsOf: "█".utf8) }
      used = eighths / 8
      if eighths % 8 > 0 && used < cells {
        bytes.append(contentsOf: Self.partialBlocks[eighths % 8 - 1])
        used += 1
      }
    } else {
      used = min((eighths + 4) / 8, cells)
      let mark: [UInt8] = options.unicode ? Self.shade : (share < 0 ? [0x2D] : [0x23])
      for _ in 0..<used { bytes.append(contentsOf: mark) }
    }
    if options.color && eighths > 0 { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
    bytes.append(contentsOf: repeatElement(0x20, count: cells - used))
  }

  private func appendStyled(_ text: String, style: String, to bytes: inout [UInt8]) {
    if options.color { bytes.append(contentsOf: "\u{1B}[\(style)m".utf8) }
    bytes.append(contentsOf: text.utf8)
    if options.color { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
  }

  private func trimBlanks(from start: Int, bytes: inout [UInt8]) {
    while bytes.count > start && bytes.last == 0x20 { bytes.removeLast() }
  }

  private var ellipsis: String { options.unicode ? "…" : "..." }

  private static let dim = Array("\u{1B}[2m".utf8)
  private static let plain = Array("\u{1B}[0m".utf8)
  private static let ruleCharacter = Array("─".utf8)
  private static let shade = Array("░".utf8)
  private static let partialBlocks: [[UInt8]] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"].map { Array($0.utf8) }
}
