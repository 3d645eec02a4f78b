// What a model was trained on.
// Guide: Docs/QueryLanguage.md, "Settings".

import Files
import ModelFile
import Numerics

extension Engine {
  /// What the model was trained on: the data's name and counts, how it was split, and where texts come from.
  ///
  /// Counts of users, items and splits are of the bundle itself; what was left out when the data was read is as the
  /// training run recorded it.
  package func dataSet() -> Answer {
    let configuration = bundle.configuration
    let recorded = configuration["data"]
    let splits = [("train", bundle.interactions), ("validation", bundle.validation), ("test", bundle.test)]
    let counts = splits.map { (name: $0.0, count: $0.1?.entryCount ?? 0) }
    let total = counts.reduce(0) { $0 + $1.count }
    let coldItems = itemDegrees.count { $0 == 0 }
    let coldUsers = (0..<bundle.userCount).count { bundle.interactions.degree($0) == 0 }
    let titles =
      bundle.titles.map { titles in (0..<titles.count).count { titles.withUTF8(at: $0) { !$0.isEmpty } } } ?? 0
    let leftOut = ["bad_lines", "merged_duplicates", "below_threshold", "outside_core", "dropped_held_out"].compactMap {
      name in recorded?[name]?.int.map { (name: name, count: $0) }
    }

    var record: [JSONValue.Member] = [
      .init("schema", "darec/dataset/1"), .init("type", "dataset"), .init("model", modelRecord),
      .init("name", configuration["data_set"] ?? .null),
      .init("fingerprint", configuration["data_fingerprint"] ?? .null),
      .init("users", .integer(bundle.userCount)), .init("items", .integer(bundle.itemCount)),
      .init("interactions", .integer(total)),
      .init("split", .object(counts.map { .init($0.name, .integer($0.count)) })),
      .init("users_without_training", .integer(coldUsers)), .init("items_without_training", .integer(coldItems)),
      .init("items_with_title", .integer(titles)),
      .init("left_out", .object(leftOut.map { .init($0.name, .integer($0.count)) })),
    ]
    record.append(.init("text", textRecord))

    let name = configuration["data_set"]?.string.map { "'\($0)'" } ?? "data whose name is not kept"
    var sentences = [
      "Trained on \(name): \(count(bundle.userCount, "user")), \(count(bundle.itemCount, "item")), "
        + "\(count(total, "interaction"))."
    ]
    sentences.append(
      "Split: "
        + counts.map { part in
          let share = total > 0 ? " (\(wholePercent(Double(part.count) / Double(total))))" : ""
          return "\(grouped(part.count)) \(part.name)\(share)"
        }.joined(separator: ", ") + ".")
    sentences.append(textSentence)

    func row(_ name: String, _ value: AnswerCell) -> [AnswerCell] { [.text(name), value] }
    var rows = [
      row("name", configuration["data_set"]?.string.map { .text($0) } ?? .missing),
      row("fingerprint", configuration["data_fingerprint"]?.string.map { .text($0) } ?? .missing),
      row("users", .integer(bundle.userCount)), row("items", .integer(bundle.itemCount)),
      row("interactions", .integer(total)),
    ]
    rows += counts.map { row($0.name, .integer($0.count)) }
    rows += [
      row("users_without_training", .integer(coldUsers)), row("items_without_training", .integer(coldItems)),
      row("items_with_title", .integer(titles)),
    ]
    rows += leftOut.map { row("left_out.\($0.name)", .integer($0.count)) }
    rows += [
      row("text.width", bundle.itemText.map { .integer($0.columns) } ?? .missing),
      row("text.items", .integer(itemsWithText)), row("text.users", .text(userTextSource)),
    ]
    return Answer(
      kind: "dataset", records: [.object(record)], sentences: sentences,
      tables: [AnswerTable(columns: [.init("fact", .word), .init("value", .title)], rows: rows)])
  }

  /// Items whose text embedding is not zero.
  private var itemsWithText: Int {
    guard let text = bundle.itemText else { return 0 }
    return (0..<text.rows).count { kernels.sumOfSquares(text.row($0), text.columns) > 0 }
  }

  /// Where users' text embeddings come from: `stored`, `derived` from their training items, or `none`.
  private var userTextSource: String {
    bundle.userText != nil ? "stored" : bundle.userTextDerived ? "derived" : "none"
  }

  private var textRecord: JSONValue {
    guard let text = bundle.itemText else { return .null }
    return [
      "width": .integer(text.columns), "items": .integer(itemsWithText), "users": .string(userTextSource),
      "control": bundle.configuration["training"]?["options"]?["text-control"] ?? .null,
    ]
  }

  private var textSentence: String {
    guard let text = bundle.itemText else { return "No text embeddings." }
    let users =
      bundle.userText != nil
      ? "users have embeddings of their own"
      : bundle.userTextDerived ? "a user's text is the mean of the training items'" : "users have none"
    return "Text: embeddings of \(text.columns) numbers for \(grouped(itemsWithText)) of \(count(text.rows, "item")); "
      + "\(users)."
  }
}
