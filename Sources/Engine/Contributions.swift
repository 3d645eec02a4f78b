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
  /// True when own part and terms are the score by an identity of the model; false for a linear reading of a model that
  /// has none, whose own part is 0.
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
  /// Divides the score of an item for a user as the model's attribution says; every sum is in Double.
  ///
  /// Propagation: own = own_u . e_i, term of j = (d_u d_j)^-1/2 itemPartial_j . e_i.
  /// Representation: with z = (Y^T Y + r I)^-1 e_u and w_j = y_j . z, term of j = w_j (y_j . e_i) and
  /// own = (e_u - sum of w_j y_j) . e_i.
  /// None, with a recipe: by the encoder (`LinearEncoder.contributions`). None without one: the terms of a representation
  /// as a linear reading; what they leave is no part of the model.
  func contributions(user: Int, item: Int) -> Contributions {
    let history = bundle.interactions.row(user)
    let width = bundle.dimension
    let target = bundle.finalItems.row(item)
    switch bundle.attribution {
    case .propagation(let own, let itemPartial):
      let userDegree = Double(history.count)
      let terms = history.map { past -> (item: Int32, value: Double) in
        let weight = 1 / (userDegree * Double(itemDegrees[Int(past)])).squareRoot()
        return (past, weight * innerProduct(itemPartial.row(Int(past)), target, width))
      }
      return Contributions(terms: terms, own: innerProduct(own.row(user), target, width), isIdentity: true)
    case .representation:
      return represented(user: user, item: item, isIdentity: true)
    case .none:
      let past = Array(history)
      guard let encoder = encoder(user: user, history: past) else {
        return represented(user: user, item: item, isIdentity: false)
      }
      let divided = encoder.contributions(user: user, item: item, history: past)
      return Contributions(terms: divided.terms, own: divided.own, isIdentity: true)
    }
  }

  /// The terms of the ridge representation of the user's vector.
  private func represented(user: Int, item: Int, isIdentity: Bool) -> Contributions {
    let history = Array(bundle.interactions.row(user))
    let width = bundle.dimension
    let target = bundle.finalItems.row(item)
    let (weights, rest) = representation(user: user, history: history)
    let terms = zip(history, weights).map { past, weight -> (item: Int32, value: Double) in
      (past, weight * innerProduct(bundle.finalItems.row(Int(past)), target, width))
    }
    var own = 0.0
    if isIdentity { for index in 0..<width { own += rest[index] * Double(target[index]) } }
    return Contributions(terms: terms, own: own, isIdentity: isIdentity)
  }

  /// The vector `[d]` of a person the model has never seen, from the items the person likes.
  ///
  /// Propagation: the model's own formula without the own part, e = sum of (n d_j)^-1/2 itemPartial_j with n the number
  /// of items. Otherwise the vector that scores those items closest to 1: (Y^T Y + r I)^-1 Y^T 1.
  /// - Parameter items: rows, ascending, each once.
  func foldedIn(_ items: [Int32]) -> [Float] {
    let width = bundle.dimension
    var sum = [Double](repeating: 0, count: width)
    if case .propagation(_, let itemPartial) = bundle.attribution {
      for item in items {
        // An item without training interactions has no edge the model knows: as a neighbour its degree is this one.
        let degree = Double(max(1, itemDegrees[Int(item)]))
        let weight = 1 / (Double(items.count) * degree).squareRoot()
        let vector = itemPartial.row(Int(item))
        for index in 0..<width { sum[index] += weight * Double(vector[index]) }
      }
      return sum.map(Float.init)
    }
    var squares = 0.0
    for item in items {
      let vector = bundle.finalItems.row(Int(item))
      for index in 0..<width { sum[index] += Double(vector[index]) }
      squares += kernels.sumOfSquares(vector, width)
    }
    var regularization = 0.1 * squares / Double(max(1, items.count * width))
    if case .representation(let value) = bundle.attribution { regularization = value }
    let system = RidgeSystem(rows: items, of: bundle.finalItems, regularization: max(regularization, 1e-12))
    return system.solve(sum).map(Float.init)
  }
}
