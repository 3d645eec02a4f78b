// Questions about the model and its catalogue: find, stats, model.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Items whose id or title contains a text, best matches first.
  ///
  /// Order: the id itself, ids that begin with it, the title itself, titles that begin with it, titles with a word that
  /// begins with it, titles and ids that contain it; ties by item order. Case is ignored in titles.
  package func find(_ text: String, top: Int) -> Answer {
    let (found, matches) = search(text, limit: max(0, min(top, 1_000_000)))
    let items = found.map { item -> JSONValue in
      .object(identity(of: .item, item) + [.init("interactions", .integer(Int(itemDegrees[item])))])
    }
    let record: JSONValue = [
      "schema": "darec/find/1", "type": "find", "text": .string(text), "matches": .integer(matches),
      "items": .array(items),
    ]
    let table = AnswerTable(
      columns: [.init("item", .identifier), .init("title", .title), .init("interactions", .number)],
      rows: found.map { [.text(bundle.items[$0]), titleCell(of: .item, $0), .integer(Int(itemDegrees[$0]))] })
    let shown = matches > found.count ? "; the first \(grouped(found.count)) are shown" : ""
    return Answer(
      kind: "find", records: [record], sentences: ["\(count(matches, "item")) found for '\(text)'\(shown)."],
      tables: [table])
  }

  /// The first items whose id or title contains a text, in the order of `find`.
  func matches(containing text: String, limit: Int) -> [Int] { search(text, limit: limit).found }

  /// The best matches of a text, and how many there are in all.
  private func search(_ text: String, limit: Int) -> (found: [Int], matches: Int) {
    let needle = Array(text.lowercased().utf8)
    var classes = [[Int]](repeating: [], count: 6)
    var matches = 0
    if !needle.isEmpty {
      for item in 0..<bundle.itemCount {
        guard let rank = matchClass(item, needle: needle) else { continue }
        matches += 1
        if classes[rank].count < limit { classes[rank].append(item) }
      }
    }
    return (Array(classes.joined().prefix(limit)), matches)
  }

  /// How well an item matches, 0 best; nil when it does not.
  private func matchClass(_ item: Int, needle: [UInt8]) -> Int? {
    let id = bundle.items.withUTF8(at: item, lowered)
    let inID = position(of: needle, in: id)
    if inID == 0 { return id.count == needle.count ? 0 : 1 }
    guard let titles = bundle.titles else { return inID == nil ? nil : 5 }
    let title = titles.withUTF8(at: item, lowered)
    guard let start = position(of: needle, in: title) else { return inID == nil ? nil : 5 }
    if start == 0 { return title.count == needle.count ? 2 : 3 }
    var next: Int? = start
    while let found = next {
      if title[found - 1] == UInt8(ascii: " ") || title[found - 1] == UInt8(ascii: "(") { return 4 }
      next = position(of: needle, in: title, from: found + 1)
    }
    return 5
  }

  /// Lower-case UTF-8; ASCII, the usual case, without making a string.
  private func lowered(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
    return Array(String(decoding: bytes, as: UTF8.self).lowercased().utf8)
  }

  private func position(of needle: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
    guard needle.count <= text.count - start else { return nil }
    for offset in start...text.count - needle.count where text[offset] == needle[0] {
      var matched = 1
      while matched < needle.count && text[offset + matched] == needle[matched] { matched += 1 }
      if matched == needle.count { return offset }
    }
    return nil
  }

  // MARK: - Statistics

  /// Counts, degrees, cold items and popularity of the model's data.
  package func stats() -> Answer {
    let userDegrees = (0..<bundle.userCount).map { bundle.interactions.degree($0) }
    let degrees = itemDegrees.map(Int.init)
    let interactions = bundle.interactions.entryCount
    let cells = Double(bundle.userCount) * Double(bundle.itemCount)
    let density = cells > 0 ? Double(interactions) / cells : 0
    let popularity = degrees.sorted(by: >)
    let tenth = popularity.prefix((popularity.count + 9) / 10).reduce(0, +)
    let topShare = interactions > 0 ? Double(tenth) / Double(interactions) : 0
    let cold = degrees.count { $0 == 0 }
    let coldUsers = userDegrees.count { $0 == 0 }
    let popular = degrees.indices.sorted { (degrees[$1], $0) < (degrees[$0], $1) }.prefix(10)
    let record: JSONValue = [
      "schema": "darec/stats/1", "type": "stats", "model": modelRecord, "users": .integer(bundle.userCount),
      "items": .integer(bundle.itemCount), "interactions": .integer(interactions), "density": .number(density),
      "user_degrees": Self.distribution(userDegrees), "item_degrees": Self.distribution(degrees),
      "users_without_interactions": .integer(coldUsers), "items_without_interactions": .integer(cold),
      "top_tenth_share": .number(topShare), "popularity_gini": .number(Self.gini(popularity)),
      "most_popular": .array(
        popular.map { item in
          .object(identity(of: .item, item) + [.init("interactions", .integer(degrees[item]))])
        }),
    ]
    let sentence =
      "\(count(bundle.userCount, "user")), \(count(bundle.itemCount, "item")), "
      + "\(count(interactions, "training interaction")); the most popular tenth of the items has "
      + "\(decimal(100 * topShare, places: 1)) % of them; \(count(cold, "item")) never seen."
    func row(_ name: String, _ value: AnswerCell) -> [AnswerCell] { [.text(name), value] }
    func rows(_ name: String, _ values: [Int]) -> [[AnswerCell]] {
      guard case .object(let members) = Self.distribution(values) else { return [] }
      return members.map { member in
        // A degree is a count and shown as one; only the mean has decimals.
        if case .integer(let value) = member.value { return row("\(name)_\(member.key)", .integer(value)) }
        return row("\(name)_\(member.key)", member.value.double.map { .number($0) } ?? .missing)
      }
    }
    let facts = AnswerTable(
      columns: [.init("fact", .word), .init("value", .number)],
      rows: [
        row("users", .integer(bundle.userCount)), row("items", .integer(bundle.itemCount)),
        row("interactions", .integer(interactions)), row("density", .number(density)),
      ] + rows("user_degree", userDegrees) + rows("item_degree", degrees) + [
        row("users_without_interactions", .integer(coldUsers)), row("items_without_interactions", .integer(cold)),
        row("top_tenth_share", .number(topShare)), row("popularity_gini", .number(Self.gini(popularity))),
      ])
    let most = AnswerTable(
      title: "Most popular items",
      columns: [.init("item", .identifier), .init("title", .title), .init("interactions", .bar)],
      rows: popular.map { [.text(bundle.items[$0]), titleCell(of: .item, $0), .integer(degrees[$0])] })
    return Answer(kind: "stats", records: [record], sentences: [sentence], tables: [facts, most])
  }

  /// Smallest, quartiles, 90 % quantile, largest (nearest rank) and mean.
  private static func distribution(_ values: [Int]) -> JSONValue {
    let sorted = values.sorted()
    guard let smallest = sorted.first, let largest = sorted.last else { return .object([]) }
    func quantile(_ share: Double) -> JSONValue {
      .integer(sorted[max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)])
    }
    return [
      "min": .integer(smallest), "q25": quantile(0.25), "median": quantile(0.5), "q75": quantile(0.75),
      "q90": quantile(0.9), "max": .integer(largest),
      "mean": .number(Double(sorted.reduce(0, +)) / Double(sorted.count)),
    ]
  }

  /// Gini's coefficient of counts in descending order: 0 when all are equal, towards 1 when one has everything.
  private static func gini(_ descending: [Int]) -> Double {
    let total = descending.reduce(0, +)
    guard total > 0 else { return 0 }
    let count = Double(descending.count)
    var weighted = 0.0
    for (position, value) in descending.enumerated() { weighted += (count - Double(position)) * Double(value) }
    return (2 * weighted - (count + 1) * Double(total)) / (count * Double(total))
  }

  // MARK: - The model

  /// What the model is: name, backbone, alignment, dimensions, training, metrics.
  package func model() -> Answer {
    var parts: [String] = []
    if bundle.titles != nil { parts.append("titles") }
    if bundle.components != nil { parts.append("components") }
    if bundle.propagation != nil { parts.append("propagation") }
    if bundle.centres != nil { parts.append("centres") }
    if bundle.itemText != nil { parts.append("item_text") }
    if bundle.userText != nil { parts.append("user_text") }
    if bundle.userTextDerived { parts.append("user_text_derived") }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/model/1"), .init("type", "model"), .init("model", modelRecord),
      .init("format", .string(Bundle.format)), .init("users", .integer(bundle.userCount)),
      .init("items", .integer(bundle.itemCount)), .init("interactions", .integer(bundle.interactions.entryCount)),
      .init("attribution", .string(bundle.attribution.name)), .init("parts", .strings(parts)),
    ]
    if let centres = bundle.centres { record.append(.init("centres", .integer(centres.collaborative.rows))) }
    record.append(.init("configuration", bundle.configuration))
    if bundle.metrics != .null { record.append(.init("metrics", bundle.metrics)) }
    var rows: [[AnswerCell]] = [
      [.text("name"), .text(bundle.name)], [.text("users"), .text(grouped(bundle.userCount))],
      [.text("items"), .text(grouped(bundle.itemCount))],
      [.text("interactions"), .text(grouped(bundle.interactions.entryCount))],
      [.text("dimension"), .text("\(bundle.dimension)")], [.text("attribution"), .text(bundle.attribution.name)],
    ]
    rows += parts.map { [.text("part"), .text($0)] }
    // How good the model is comes before how it was trained; what has a row of its own is not repeated.
    let known: Set<String> = ["name", "dimension", "schema"]
    for (prefix, value) in [("metrics.", bundle.metrics), ("", bundle.configuration)] {
      rows += Self.leaves(of: value, prefix: prefix).filter { !known.contains($0.0) }.map { [.text($0.0), $0.1] }
    }
    return Answer(
      kind: "model", records: [.object(record)], sentences: [summary + "."] + qualitySentences,
      tables: [AnswerTable(columns: [.init("fact", .word), .init("value", .title)], rows: rows)])
  }

  /// The metric that training watches and its companion on the held-out splits.
  private var qualitySentences: [String] {
    ["validation", "test"].compactMap { split in
      guard let recall = bundle.metrics[split]?["recall@20"]?.double,
        let ndcg = bundle.metrics[split]?["ndcg@20"]?.double
      else { return nil }
      let name = split == "test" ? "Test" : "Validation"
      return "\(name): recall@20 \(decimal(recall, places: 4)), ndcg@20 \(decimal(ndcg, places: 4))."
    }
  }

  /// The scalar members of an object by path, three levels deep.
  private static func leaves(of value: JSONValue, prefix: String, depth: Int = 0) -> [(String, AnswerCell)] {
    guard depth < 3, case .object(let members) = value else { return [] }
    return members.flatMap { member -> [(String, AnswerCell)] in
      switch member.value {
      case .object: return leaves(of: member.value, prefix: prefix + member.key + ".", depth: depth + 1)
      case .array, .null: return []
      case .string(let text): return [(prefix + member.key, .text(text))]
      // Metrics are rounded for people; a setting such as 1e-6 must be seen as it was given.
      case .number(let number) where prefix.hasPrefix("metrics."): return [(prefix + member.key, .number(number))]
      default: return [(prefix + member.key, .text((try? member.value.text()) ?? ""))]
      }
    }
  }
}
