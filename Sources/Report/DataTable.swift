// Tables of a page.

/// A table in a box of its own that scrolls sideways when the page is narrow.
package struct DataTable: Sendable {
  /// What a column holds.
  package enum Kind: Sendable {
    case word, number
  }

  /// One cell.
  package struct Cell: Sendable {
    package var text: String
    /// A smaller second line, such as an interval.
    package var detail: String
    /// Whether the cell stands out as the best of its column.
    package var isStrong: Bool

    /// A cell.
    package init(_ text: String, detail: String = "", isStrong: Bool = false) {
      self.text = text
      self.detail = detail
      self.isStrong = isStrong
    }
  }

  /// What the table says, for people who hear the page.
  package var caption: String
  /// The columns.
  package var columns: [(name: String, kind: Kind)]
  /// The rows; a row whose only cell stands alone is a heading across the table.
  package var rows: [[Cell]]

  /// A table.
  package init(caption: String, columns: [(name: String, kind: Kind)], rows: [[Cell]]) {
    self.caption = caption
    self.columns = columns
    self.rows = rows
  }

  /// The table in its box.
  package var markup: Markup {
    let head = columns.map { column in
      Markup.element("th", ["scope": "col", "class": Self.kind(column.kind)], column.name)
    }
    let body = rows.map { row -> Markup in
      if row.count == 1, columns.count > 1, let only = row.first {
        return .element(
          "tr", ["class": "group"], [.element("th", ["scope": "colgroup", "colspan": "\(columns.count)"], only.text)])
      }
      return .element(
        "tr",
        zip(columns, row).enumerated().map { position, pair in
          let (column, cell) = pair
          var content: [Markup] = [cell.isStrong ? .element("strong", cell.text) : .element("bdi", cell.text)]
          if !cell.detail.isEmpty { content.append(.element("small", cell.detail)) }
          return position == 0
            ? .element("th", ["scope": "row", "class": Self.kind(column.kind)], content)
            : .element("td", ["class": Self.kind(column.kind)], content)
        })
    }
    return .element(
      "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
      [
        .element(
          "table", [.element("thead", [.element("tr", head)]), .element("tbody", body)])
      ])
  }

  private static func kind(_ kind: Kind) -> String? { kind == .number ? "n" : nil }
}
