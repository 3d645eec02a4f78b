// How much of a score each past item carries.
// Guide: Docs/ExplanationSchema.md, "Contributions".

import ModelFile
import Numerics

/// A score divided into one term for each past item and the user's own part, each divided among the score's parts.
struct Contributions {
  /// The same division of one part of the score, such as `language_specific`.
  struct Part {
    var name: String
    /// What does not come from past items.
    var own: Double
    /// One term for each past item, in the order of `terms`.
    var values: [Double]
  }

  /// The past items and their terms, in item order.
  var terms: [(item: Int32, value: Double)]
  /// What does not come from past items.
  var own: Double
  /// True when own part and terms are the score by an identity of the model; false for a linear reading of a model that
  /// has none, whose own part is 0.
  var isIdentity: Bool
  /// The parts in the order of the bundle's `scoreParts`; terms and own part are their sums.
  var parts: [Part]

  /// Adds up parts.
  init(history: [Int32], parts: [Part], isIdentity: Bool) {
    self.parts = parts
    self.isIdentity = isIdentity
    own = parts.reduce(0) { $0 + $1.own }
    terms = history.enumerated().map { position, item in
      (item: item, value: parts.reduce(0) { $0 + $1.values[position] })
    }
  }

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
  /// Parts of the model as its attribution says, over their columns:
  /// Propagation: own = own_u . e_i, term of j = (d_u d_j)^-1/2 itemPartial_j . e_i.
  /// Representation: with z = (Y^T Y + r I)^-1 e_u and w_j = y_j . z, term of j = w_j (y_j . e_i) and
  /// own = (e_u - sum of w_j y_j) . e_i.
  /// None, with a recipe: by the encoder (`LinearEncoder.contributions`). None without one: the terms of a representation
  /// as a linear reading; what they leave is no part of the model.
  /// Parts of the history: no own part, term of j = (d_u d_j)^-1/2 y_j . y_i.
  func contributions(user: Int, item: Int) -> Contributions {
    let history = Array(bundle.interactions.row(user))
    let target = bundle.finalItems.row(item)
    let isRepresented: Bool
    var isIdentity = true
    switch bundle.attribution {
    case .propagation: isRepresented = false
    case .representation: isRepresented = true
    case .none:
      isRepresented = bundle.propagation == nil
      isIdentity = !isRepresented
    }
    let represented: (weights: [Double], rest: [Double]) =
      isRepresented ? representation(user: user, history: history) : ([], [])
    func division(_ columns: Range<Int>) -> (own: Double, values: [Double]) {
      let start = columns.lowerBound
      if case .propagation(let own, let itemPartial) = bundle.attribution {
        let values = history.map { past in
          historyWeight(of: past, among: history.count)
            * innerProduct(itemPartial.row(Int(past)) + start, target + start, columns.count)
        }
        return (innerProduct(own.row(user) + start, target + start, columns.count), values)
      }
      if isRepresented {
        let values = zip(history, represented.weights).map { past, weight in
          weight * innerProduct(bundle.finalItems.row(Int(past)) + start, target + start, columns.count)
        }
        guard isIdentity else { return (0, values) }
        return (columns.reduce(0.0) { $0 + represented.rest[$1] * Double(target[$1]) }, values)
      }
      let divided = encoder(user: user, history: history, columns: columns)?
        .contributions(user: user, item: item, history: history)
      return (divided?.own ?? 0, divided?.terms.map(\.value) ?? history.map { _ in 0 })
    }
    let parts = bundle.scoreParts.map { part -> Contributions.Part in
      switch part.source {
      case .model:
        let divided = division(part.columns)
        return .init(name: part.name, own: divided.own, values: divided.values)
      case .history:
        let values = history.map {
          historyTerm(of: $0, columns: part.columns, item: item, weight: historyWeight(of: $0, among: history.count))
        }
        return .init(name: part.name, own: 0, values: values)
      }
    }
    return Contributions(history: history, parts: parts, isIdentity: isIdentity)
  }

  /// (n d_j)^-1/2 for an item of a history of n items.
  ///
  /// An item without training interactions has no edge the model knows: as a neighbour its degree is this one.
  func historyWeight(of item: Int32, among count: Int) -> Double {
    1 / (Double(count) * Double(max(1, itemDegrees[Int(item)]))).squareRoot()
  }

  /// What a past item adds to a score over columns that are sums over the history.
  func historyTerm(of past: Int32, columns: Range<Int>, item: Int, weight: Double) -> Double {
    let start = columns.lowerBound
    return weight
      * innerProduct(bundle.finalItems.row(Int(past)) + start, bundle.finalItems.row(item) + start, columns.count)
  }

  /// The model's columns of the final vectors of some items, `[items, model columns]`.
  func modelItems(_ items: some Collection<Int32>) -> Matrix {
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
