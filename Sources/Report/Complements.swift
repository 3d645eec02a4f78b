// What text knows that behaviour does not: complementarity of a model's ranking and a ranking by text alone.

import Engine
import Evaluation
import ModelFile
import Numerics

/// Complementarity of one model and the text.
struct Complement {
  /// The model's name.
  let name: String
  /// The model's lists of 20 (first) and those of the text (second).
  let lists: Complementarity
  /// Recall of the model's own lists of twice the length: as many places as both lists together can have.
  let longRecall: Double?
  /// What a linear map reads of the model's item vectors off the text; nil with too few items.
  let probe: RidgeProbe?
}

/// Complementarity of text with a model, and with the base model beside it: after and before training with text.
struct Complements {
  let split: String
  /// The model, then the base model.
  let models: [Complement]

  /// Compares; nil where the model holds no text of users and items.
  init?(_ bundle: Bundle, base: Bundle?, engine: Engine, results: RankedResults) {
    guard let itemText = bundle.itemText, let userText = engine.userText else { return nil }
    split = results.split
    let textLists = results.ranking.lists(
      users: userText.normalizedRows().matrix, items: itemText.normalizedRows().matrix)
    let degrees = engine.itemDegrees
    func complement(_ model: Bundle, _ lists: [[Int32]]) -> Complement {
      let depth = 2 * RankedResults.cutoff
      let long =
        model.finalUsers.rows == 0
        ? lists : results.ranking.lists(users: model.finalUsers, items: model.finalItems, depth: depth)
      let nothing = [[Int32]](repeating: [], count: long.count)
      return Complement(
        name: model.name,
        lists: Complementarity(first: lists, second: textLists, results.ranking, at: RankedResults.cutoff),
        longRecall: Complementarity(first: long, second: nothing, results.ranking, at: depth).firstRecall,
        probe: RidgeProbe(text: itemText, vectors: model.finalItems, degrees: degrees))
    }
    var models = [complement(bundle, results.lists)]
    if let base, let lists = results.baseLists { models.append(complement(base, lists)) }
    self.models = models
  }

  /// How much higher, relatively, the recall of both lists must be than that of the model's longer ones.
  private static let noticeableGain = 0.05

  /// Sentences for the top of the page.
  func summary() -> [String] {
    guard let model = models.first, let text = model.lists.secondRecall, let own = model.lists.firstRecall,
      let oracle = model.lists.oracleRecall, let long = model.longRecall
    else { return [] }
    let addsThings = oracle > long * (1 + Self.noticeableGain)
    var result = [
      "Ranking by text alone finds \(percent(text)) of what users took, the model \(percent(own)), both lists together "
        + "\(percent(oracle)), the model's own lists of twice the length \(percent(long)): "
        + (addsThings
          ? "text finds things that more places for the model do not."
          : "more places for the model alone find about as much or more.")
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
    func part(_ hits: Int, _ lists: Complementarity) -> DataTable.Cell {
      let all = lists.firstOnlyHits + lists.secondOnlyHits + lists.sharedHits
      return share(all > 0 ? Double(hits) / Double(all) : nil)
    }
    func share(_ value: Double?) -> DataTable.Cell { DataTable.Cell(value.map(percent) ?? "–") }
    let lists = models.map { model in
      [
        DataTable.Cell(model.name), cell(model.lists.firstRecall), cell(model.lists.secondRecall),
        cell(model.lists.oracleRecall), cell(model.longRecall), share(model.lists.overlap),
        part(model.lists.firstOnlyHits, model.lists),
        part(model.lists.secondOnlyHits, model.lists), part(model.lists.sharedHits, model.lists),
      ]
    }
    var content: [Markup] = [
      .paragraph(
        "The text-only ranking orders items by the cosine of their text vector and the user's. Where the two lists "
          + "overlap little and each finds what the other misses, fusing them may help. Recall of both lists is what "
          + "a perfect choice between them would reach; together they have up to twice the places, so the model's own "
          + "lists of 40 stand beside it. Overlap is the share of common items among all in either list. "
          + "\(split.prefix(1).uppercased() + split.dropFirst()) split, lists of 20.",
        kind: "hint"),
      DataTable(
        caption: "Rankings of the model and of text alone",
        columns: [
          ("model", .word), ("Recall@20", .number), ("text alone", .number), ("both lists", .number),
          ("model alone, 40 places", .number), ("overlap", .number), ("hits of model only", .number),
          ("of text only", .number), ("of both", .number),
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
            + "R² is the share of variance explained; neighbours are the ten nearest by cosine among the held-out "
            + "items, of which unrelated vectors would share \(percent(first.chanceOverlap)).", kind: "hint"))
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
