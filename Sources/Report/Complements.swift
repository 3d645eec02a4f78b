// What text knows that behaviour does not: complementarity of a model's ranking and a ranking by text alone.

import Engine
import Evaluation
import ModelFile
import Numerics

/// Complementarity of one model and the text.
struct Complement {
  /// The model's name.
  let name: String
  /// Recall@20 of the model.
  let recall: Double
  /// Mean Jaccard index of the two lists of 20.
  let overlap: Double
  /// What a linear map reads of the model's item vectors off the text; nil with too few items.
  let probe: RidgeProbe?
}

/// Complementarity of text with a model, and with the base model beside it: after and before training with text.
struct Complements {
  let split: String
  /// Recall@20 of ranking by the cosine of users' and items' text vectors.
  let textRecall: Double
  /// The model, then the base model.
  let models: [Complement]

  /// Compares; nil where the model holds no text of users and items.
  init?(_ bundle: Bundle, base: Bundle?, engine: Engine, results: RankedResults) {
    guard let itemText = bundle.itemText, let userText = engine.userText else { return nil }
    split = results.split
    let textLists = results.ranking.lists(
      users: userText.normalizedRows().matrix, items: itemText.normalizedRows().matrix)
    textRecall = results.ranking.userMetrics(textLists).mean(.recall, at: RankedResults.cutoff) ?? 0
    let degrees = engine.itemDegrees
    func complement(_ model: Bundle, _ lists: [[Int32]], _ metrics: UserMetrics) -> Complement {
      Complement(
        name: model.name, recall: metrics.mean(.recall, at: RankedResults.cutoff) ?? 0,
        overlap: meanOverlap(lists, textLists),
        probe: RidgeProbe(text: itemText, vectors: model.finalItems, degrees: degrees))
    }
    var models = [complement(bundle, results.lists, results.metrics)]
    if let base, let lists = results.baseLists, let metrics = results.baseMetrics {
      models.append(complement(base, lists, metrics))
    }
    self.models = models
  }

  /// Sentences for the top of the page.
  func summary() -> [String] {
    guard let model = models.first else { return [] }
    var result = [
      "Ranking by text alone finds \(percent(textRecall)) of what users took, the model \(percent(model.recall)); "
        + "the two lists of 20 share \(percent(model.overlap)) of their items."
    ]
    if let probe = model.probe {
      result.append(
        "A linear map reads \(percent(max(0, probe.determination))) of the variance of the item vectors off the text "
          + "(on items it was not fitted to).")
    }
    return result
  }

  /// The section of the page.
  func section() -> [Markup] {
    func cell(_ value: Double?) -> DataTable.Cell { DataTable.Cell(value.map { number($0, 4) } ?? "–") }
    func share(_ value: Double?) -> DataTable.Cell { DataTable.Cell(value.map(percent) ?? "–") }
    let lists = models.map { model in
      [DataTable.Cell(model.name), cell(model.recall), cell(textRecall), share(model.overlap)]
    }
    var content: [Markup] = [
      .paragraph(
        "The text-only ranking orders items by the cosine of their text vector and the user's. Where the two lists "
          + "overlap little and each finds what the other misses, fusing them can help; where they do not, no alignment "
          + "can. \(split.prefix(1).uppercased() + split.dropFirst()) split, lists of 20.", kind: "hint"),
      DataTable(
        caption: "Rankings of the model and of text alone",
        columns: [
          ("model", .word), ("Recall@20", .number), ("text alone", .number), ("overlap of lists", .number),
        ], rows: lists
      ).markup,
    ]
    let probes = models.compactMap { model in model.probe.map { (model.name, $0) } }
    if let first = probes.first?.1 {
      content.append(.element("h3", "Linear probe from text to the item vectors"))
      content.append(
        .paragraph(
          "Ridge regression fitted on half of the items with training interactions, judged on the other half "
            + "(\(grouped(first.heldOutItems)) items, \(grouped(first.tailItems)) of them in the least popular third). "
            + "R² is the share of variance explained; neighbours are the ten nearest by cosine among the held-out items, "
            + "of which unrelated vectors would share \(percent(first.chanceOverlap)).", kind: "hint"))
      content.append(
        DataTable(
          caption: "Linear probe",
          columns: [
            ("model", .word), ("R²", .number), ("common neighbours", .number), ("R², tail", .number),
            ("common neighbours, tail", .number),
          ],
          rows: probes.map { name, probe in
            [
              DataTable.Cell(name), DataTable.Cell(number(probe.determination, 3)), share(probe.neighbourOverlap),
              DataTable.Cell(probe.tailDetermination.map { number($0, 3) } ?? "–"), share(probe.tailNeighbourOverlap),
            ]
          }
        ).markup)
    }
    return content
  }
}

/// Mean Jaccard index of pairs of lists; pairs of empty lists do not count.
private func meanOverlap(_ first: [[Int32]], _ second: [[Int32]]) -> Double {
  var sum = 0.0
  var count = 0
  for (left, right) in zip(first, second) where !(left.isEmpty && right.isEmpty) {
    let known = Set(left)
    let common = right.count { known.contains($0) }
    sum += Double(common) / Double(left.count + right.count - common)
    count += 1
  }
  return count > 0 ? sum / Double(count) : 0
}
