// The settings and the data of a model as a table.

import Engine
import Files
import ModelFile

extension ModelReport {
  /// Settings of training and facts of the data, as `config.json` holds them, beside those of the base model.
  func settingSection() -> [Markup] {
    var parts: [Markup] = []
    if let training = bundle.configuration["training"] {
      let own = Self.rows(training)
      let other = base?.configuration["training"].map { Self.rows($0) }
      let table = Self.table("Training settings", [own] + (other.map { [$0] } ?? []), names: [bundle.name, baseName])
      parts.append(.element("div", [.element("h3", "Training"), table]))
    }
    if let data = bundle.configuration["data"] {
      parts.append(
        .element("div", [.element("h3", "Data"), Self.table("Data", [Self.rows(data)], names: ["value"])]))
    }
    return parts.isEmpty ? [] : [Figure.grid(parts)]
  }

  /// Paths and texts of all values of an object.
  private static func rows(_ value: JSONValue, prefix: String = "", depth: Int = 0) -> [(name: String, text: String)] {
    var result: [(name: String, text: String)] = []
    for member in value.object ?? [] {
      let key = member.key.replacing("_", with: " ").replacing("-", with: " ")
      let name = prefix.isEmpty ? key : "\(prefix): \(key)"
      switch member.value {
      case .object where depth < 4: result += rows(member.value, prefix: name, depth: depth + 1)
      case .string(let text): result.append((name, text))
      case .integer(let number): result.append((name, key == "seed" ? "\(number)" : grouped(number)))
      case .bool(let flag): result.append((name, flag ? "yes" : "no"))
      case .number, .float: result.append((name, member.value.double.map(text) ?? "–"))
      case .array, .object, .null: break
      }
    }
    return result
  }

  /// A number as it was set; a computed one, which has many digits, shorter.
  private static func text(_ value: Double) -> String {
    guard let shortest = NumberText.shortest(value) else { return "–" }
    return shortest.utf8.count > 8 ? number(value, 5) : shortest
  }

  /// One row for each name of any column, in order of first appearance.
  private static func table(_ caption: String, _ columns: [[(name: String, text: String)]], names: [String]) -> Markup {
    var keys: [String] = []
    for column in columns { for row in column where !keys.contains(row.name) { keys.append(row.name) } }
    let rows = keys.prefix(200).map { key in
      [DataTable.Cell(key)] + columns.map { column in DataTable.Cell(column.first { $0.name == key }?.text ?? "–") }
    }
    return DataTable(
      caption: caption, columns: [("setting", .word)] + zip(names, columns).map { ($0.0, .word) }, rows: rows
    ).markup
  }
}
