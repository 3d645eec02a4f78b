// How much of a score each past item carries.
// Guide: Docs/ExplanationSchema.md, "Contributions".

import ModelFile
import Numerics

/// A score divided into one term for each past item and the user's own part.
struct Contributions {
  /// The past items and their terms, in item order.
  var terms: [(item: Int32, value: Double)]
  /// What does not come from past items.
  var own: Double
  /// True when own part and terms are the score by an identity of the model.
  var isIdentity: Bool

  /// Own part and terms.
  var sum: Double { terms.reduce(own) { $0 + $1.value } }
}

/// The inner product in Double of Float vectors.
func innerProduct(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ width: Int) -> Double {
  var sum = 0.0
  for index in 0..<width { sum += Double(first[index]) * Double(second[index]) }
  return sum
}

extension Engine {
  /// Divides the score of an item for a user; every sum is in Double.
  ///
  /// The model's part as its attribution says, the rest term by term: (d_u d_j)^-1/2 y_j . y_i over the columns that are
  /// sums over the history.
  func contributions(user: Int, item: Int) -> Contributions {
    var result = modelContributions(user: user, item: item)
    let columns = bundle.modelDimension..<bundle.dimension
    guard !columns.isEmpty else { return result }
    let history = bundle.interactions.row(user)
    let target = bundle.finalItems.row(item) + columns.lowerBound
    let languageTerms = history.map { past -> (item: Int32, value: Double) in
      let weight = historyWeight(of: past, among: history.count)
      return (past, weight * innerProduct(bundle.finalItems.row(Int(past)) + columns.lowerBound, target, columns.count))
    }
    if result.terms.isEmpty {
      result.terms = languageTerms
    } else {
      for index in result.terms.indices { result.terms[index].value += languageTerms[index].value }
    }
    return result
  }

  /// (n d_j)^-1/2 for an item of a history of n items.
  ///
  /// An item without training interactions has no edge the model knows: as a neighbour its degree is this one.
  private func historyWeight(of item: Int32, among count: Int) -> Double {
    1 / (Double(count) * Double(max(1, itemDegrees[Int(item)]))).squareRoot()
  }

  /// Divides the model's part of a score.
  ///
  /// Propagation: own = own_u . e_i, term of j = (d_u d_j)^-1/2 itemPartial_j . e_i.
  /// Representation: with z = (Y^T Y + r I)^-1 e_u and w_j = y_j . z, term of j = w_j (y_j . e_i) and
  /// own = (e_u - sum of w_j y_j) . e_i.
  private func modelContributions(user: Int, item: Int) -> Contributions {
    let history = bundle.interactions.row(user)
    let width = bundle.modelDimension
    let target = bundle.finalItems.row(item)
    switch bundle.attribution {
    case .propagation(let own, let itemPartial):
      let terms = history.map { past -> (item: Int32, value: Double) in
        let weight = historyWeight(of: past, among: history.count)
        return (past, weight * innerProduct(itemPartial.row(Int(past)), target, width))
      }
      return Contributions(terms: terms, own: innerProduct(own.row(user), target, width), isIdentity: true)
    case .representation(let regularization):
      let items = modelItems(history)
      let system = RidgeSystem(rows: 0..<Int32(history.count), of: items, regularization: regularization)
      var rest = (0..<width).map { Double(bundle.finalUsers.row(user)[$0]) }
      let z = system.solve(rest)
      let terms = history.enumerated().map { position, past -> (item: Int32, value: Double) in
        let vector = items.row(position)
        var weight = 0.0
        for index in 0..<width { weight += Double(vector[index]) * z[index] }
        for index in 0..<width { rest[index] -= weight * Double(vector[index]) }
        return (past, weight * innerProduct(vector, target, width))
      }
      var own = 0.0
      for index in 0..<width { own += rest[index] * Double(target[index]) }
      return Contributions(terms: terms, own: own, isIdentity: true)
    case .none:
      return Contributions(terms: [], own: 0, isIdentity: false)
    }
  }

  /// The model's columns of the final vectors of some items, `[items, model columns]`.
  private func modelItems(_ items: some Collection<Int32>) -> Matrix {
    bundle.finalItems.gatherRows(Array(items)).columns(0..<bundle.modelDimension)
  }

  /// The vector `[d]` of a person the model has never seen, from the items the person likes.
  ///
  /// Propagation: the model's own formula without the own part, e = sum of (n d_j)^-1/2 itemPartial_j with n the number
  /// of items. Otherwise the vector that scores those items closest to 1: (Y^T Y + r I)^-1 Y^T 1.
  /// - Parameter items: rows, ascending, each once.
  func foldedIn(_ items: [Int32]) -> [Float] {
    let language = bundle.modelDimension..<bundle.dimension
    var sum = [Double](repeating: 0, count: language.count)
    for item in items {
      let weight = historyWeight(of: item, among: items.count)
      let vector = bundle.finalItems.row(Int(item)) + language.lowerBound
      for index in 0..<language.count { sum[index] += weight * Double(vector[index]) }
    }
    return modelFoldedIn(items) + sum.map(Float.init)
  }

  private func modelFoldedIn(_ items: [Int32]) -> [Float] {
    let width = bundle.modelDimension
    var sum = [Double](repeating: 0, count: width)
    if case .propagation(_, let itemPartial) = bundle.attribution {
      for item in items {
        let weight = historyWeight(of: item, among: items.count)
        let vector = itemPartial.row(Int(item))
        for index in 0..<width { sum[index] += weight * Double(vector[index]) }
      }
      return sum.map(Float.init)
    }
    let vectors = modelItems(items)
    var squares = 0.0
    for position in items.indices {
      let vector = vectors.row(position)
      for index in 0..<width { sum[index] += Double(vector[index]) }
      squares += kernels.sumOfSquares(vector, width)
    }
    var regularization = 0.1 * squares / Double(max(1, items.count * width))
    if case .representation(let value) = bundle.attribution { regularization = value }
    let system = RidgeSystem(rows: 0..<Int32(items.count), of: vectors, regularization: max(regularization, 1e-12))
    return system.solve(sum).map(Float.init)
  }
}
