// The score of an item for a person the model has never seen, as terms of the items that describe the person.

import ModelFile
import Numerics

extension Engine {
  /// Divides a score under `foldedIn`, which is a sum over the person's items in each of its forms.
  ///
  /// Propagation: (n d_j)^-1/2 itemPartial_j . e_i. Otherwise, with e = Yᵀ w and w = (1 - Y e) / r by
  /// (Y Yᵀ + r I) w = 1: w_j (y_j . e_i).
  /// - Parameters:
  ///   - items: rows of the person's items, ascending.
  ///   - item: the item whose score is divided.
  ///   - score: its score.
  func foldedInScore(items: [Int32], item: Int, score: Double) -> DividedScore {
    let width = bundle.modelDimension
    let language = width..<bundle.dimension
    func languageTerm(_ past: Int32) -> Double {
      language.isEmpty
        ? 0 : historyTerm(of: past, columns: language, item: item, weight: historyWeight(of: past, among: items.count))
    }
    let target = bundle.finalItems.row(item)
    if case .propagation(_, let itemPartial) = bundle.attribution {
      let terms = items.map { past -> DividedScore.Term in
        let weight = historyWeight(of: past, among: items.count)
        return .init(
          kind: "history_item", item: past,
          value: weight * innerProduct(itemPartial.row(Int(past)), target, width) + languageTerm(past))
      }
      return DividedScore(item: item, score: score, terms: terms, isIdentity: true)
    }
    // The solution in Double: the rounded vector would be divided by the ridge.
    let ridge = regularization(of: items)
    var right = [Double](repeating: 0, count: width)
    for past in items {
      let other = bundle.finalItems.row(Int(past))
      for index in 0..<width { right[index] += Double(other[index]) }
    }
    let solution = RidgeSystem(
      rows: 0..<Int32(items.count), of: modelItems(items), regularization: ridge
    ).solve(right)
    let weights = items.map { past -> Double in
      let other = bundle.finalItems.row(Int(past))
      var reached = 0.0
      for index in 0..<width { reached += Double(other[index]) * solution[index] }
      return (1 - reached) / ridge
    }
    let terms = zip(items, weights).map { past, weight -> DividedScore.Term in
      .init(
        kind: "history_item", item: past,
        value: weight * innerProduct(bundle.finalItems.row(Int(past)), target, width) + languageTerm(past))
    }
    return DividedScore(item: item, score: score, terms: terms, isIdentity: true)
  }
}
