// The best model against the best baseline: what a reader asks first.

import Evaluation
import Files

/// How the best model of a data set stands against its best baseline.
///
/// Both are chosen by mean validation Recall@20, so that the choice does not favour either on the test split.
struct BaselineStanding {
  /// Name of the data set.
  let data: String
  /// The sentence.
  let text: String
  private let comparison: Comparison
  private let model: String
  private let baseline: String

  /// Compares the rows of one data set; nil while there is no finished row of both sorts.
  init?(_ rows: [SummaryRow], bootstrap: PairedBootstrap) {
    func validation(_ row: SummaryRow) -> Double? { row.mean(["validation", Schedule.criterion.text]) }
    /// Of equal ones the earlier row.
    func best(_ rows: [SummaryRow]) -> SummaryRow? {
      var best: (row: SummaryRow, value: Double)?
      for row in rows {
        if let value = validation(row), value > best?.value ?? -.infinity { best = (row, value) }
      }
      return best?.row
    }
    let models = rows.filter { row in
      guard case .model(_, let alignment) = row.kind.subject else { return false }
      return alignment.textControl == nil
    }
    guard
      let model = best(models), let baseline = best(rows.filter { $0.kind.alignment == nil }),
      let own = model.mean(["test", "recall@20"]), let other = baseline.mean(["test", "recall@20"])
    else { return nil }
    let comparison = Comparison(model, with: baseline, bootstrap: bootstrap)
    guard let recall = comparison.recall, let direction = comparison.direction else { return nil }
    data = model.kind.data.name
    self.comparison = comparison
    self.model = model.kind.name
    self.baseline = baseline.kind.name
    let words: String
    switch direction {
    case .ahead: words = "the model is ahead"
    case .behind: words = "the baseline is ahead"
    case .open: words = "no difference shown"
    }
    let widths = (model.width, baseline.width)
    let differ = widths.0 != nil && widths.1 != nil && widths.0 != widths.1
    func told(_ name: String, _ recall: String, _ width: String?) -> String {
      "\(name) (\(recall)" + (differ ? width.map { ", width \($0)" } ?? "" : "") + ")"
    }
    text =
      "best by validation on \(model.kind.data.name): "
      + told(model.kind.name, "test Recall@20 \(MarkdownText.fixed(own, 4))", widths.0) + " against baseline "
      + told(baseline.kind.model, MarkdownText.fixed(other, 4), widths.1)
      + ": \(Comparison.text(recall)): \(words)" + (recall.seedNote.map { " (\($0))" } ?? "") + "."
  }

  /// The standing as JSON.
  var json: JSONValue {
    .object([
      .init("data", .string(data)), .init("model", .string(model)), .init("baseline", .string(baseline)),
      .init("recall@20", comparison.recall?.json ?? .null), .init("ndcg@20", comparison.ndcg?.json ?? .null),
      .init("text", .string(text)),
    ])
  }
}
