// What a model would say of a user whose history was another one.
// Guide: Docs/Method.md, "Explaining a score".

import ModelFile
import Numerics

/// How the scores of an edited history are computed.
enum EditMethod: String {
  /// The encoder runs again on the edited graph: every degree and every layer is that of the new graph.
  case repropagation
  /// The user's vector is refitted to the edited history in closed form; the model has no graph.
  case refit
  /// Only the user's vector is made anew, by the attribution's formula; all item vectors stay.
  case closedForm = "closed_form"

  /// How a sentence ends that gives such a score.
  /// - Parameter removed: how many items were taken out.
  func sentence(of removed: Int) -> String {
    switch self {
    case .repropagation: return "the graph without \(removed == 1 ? "it" : "them") was propagated anew"
    case .refit: return "the user's vector was refitted; this model has no graph"
    case .closedForm: return "the user's vector alone was made anew; the bundle has no recipe to propagate again"
    }
  }
}

extension Engine {
  /// How edited histories are scored with this model.
  var editMethod: EditMethod {
    if bundle.propagation != nil { return .repropagation }
    if case .representation = bundle.attribution { return .refit }
    return .closedForm
  }

  /// The encoder on the graph in which a user has exactly some items; nil when the model has no recipe.
  /// - Parameters:
  ///   - history: rows of items, ascending, each once.
  ///   - columns: the columns of the final vectors that count; nil for all of the encoder's.
  func encoder(user: Int, history: [Int32], columns: Range<Int>? = nil) -> LinearEncoder? {
    guard let recipe = bundle.propagation else { return nil }
    let graph = EditedGraph(
      user: user, history: history, graph: bundle.interactions, itemUsers: itemUsers, itemDegrees: itemDegrees,
      hasSelfLoops: recipe.hasSelfLoops)
    switch (recipe.combination, bundle.attribution) {
    case (.sum, .propagation(let own, _)):
      guard let items = recipe.items else { return nil }
      return LinearEncoder(
        users: own, items: items, width: items.columns, finals: bundle.finalItems,
        columns: columns ?? 0..<bundle.modelDimension, recipe: recipe, graph: graph)
    case (.concatenation, _):
      return LinearEncoder(
        users: bundle.finalUsers, items: bundle.finalItems, width: bundle.modelDimension / (recipe.layers + 1),
        finals: bundle.finalItems, columns: columns ?? 0..<bundle.modelDimension, recipe: recipe, graph: graph)
    default: return nil
    }
  }

  /// The scores of all items for a user with an edited history, `[I]`, by `editMethod`.
  /// - Parameter history: rows of items, ascending, each once.
  func editedScores(
    user: Int, history: [Int32], cancellation: Cancellation
  ) throws(QueryError) -> [Double] {
    if cancellation.isCancelled { throw .interrupted }
    var result: [Double]
    let language = bundle.modelDimension..<bundle.dimension
    if let encoder = encoder(user: user, history: history) {
      result = encoder.scores(user: user)
    } else {
      result = [Double](repeating: 0, count: bundle.itemCount)
      add(editedVector(user: user, history: history), over: 0..<bundle.modelDimension, to: &result)
    }
    if !language.isEmpty {
      var vector = [Double](repeating: 0, count: language.count)
      for item in history {
        let weight = editedWeight(of: item, user: user, among: history.count)
        let other = bundle.finalItems.row(Int(item)) + language.lowerBound
        for index in vector.indices { vector[index] += weight * Double(other[index]) }
      }
      add(vector, over: language, to: &result)
    }
    return result
  }

  /// (d_u d_j)^-1/2 of an item of an edited history of n items.
  func editedWeight(of item: Int32, user: Int, among count: Int) -> Double {
    let isNew = !bundle.interactions.contains(row: user, column: item)
    return 1 / (Double(count) * Double(Int(itemDegrees[Int(item)]) + (isNew ? 1 : 0))).squareRoot()
  }

  /// Adds the inner products of a vector with a range of columns of all items.
  private func add(_ vector: [Double], over columns: Range<Int>, to result: inout [Double]) {
    let items = bundle.finalItems
    result.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(items.rows, blockSize: 2_048) { range in
        for item in range {
          let other = items.row(item) + columns.lowerBound
          var sum = 0.0
          for column in 0..<columns.count { sum += vector[column] * Double(other[column]) }
          target[item] += sum
        }
      }
    }
  }

  /// The model's columns of the vector of a user with an edited history, in closed form.
  ///
  /// Propagation: the attribution's sum over the new history, with the degrees it has. Otherwise, with Y the vectors of
  /// the new history and t the scores the user's own vector gives them (the mean of the old ones for an item that is
  /// new), e' = (Yᵀ Y + r I)⁻¹ Yᵀ t + rest: the user's vector itself when nothing is edited.
  private func editedVector(user: Int, history: [Int32]) -> [Double] {
    let width = bundle.modelDimension
    if case .propagation(let own, let itemPartial) = bundle.attribution {
      var sum = (0..<width).map { Double(own.row(user)[$0]) }
      for item in history {
        let weight = editedWeight(of: item, user: user, among: history.count)
        let vector = itemPartial.row(Int(item))
        for index in 0..<width { sum[index] += weight * Double(vector[index]) }
      }
      return sum
    }
    let (refit, rest) = refit(user: user, history: history)
    return zip(refit.vector, rest).map { $0 + $1 }
  }

  /// The refit of `editedVector`: the part `[d]` that stands in the span of the new history, its targets t, the ridge,
  /// and the rest `[d]`.
  private func refit(
    user: Int, history: [Int32]
  ) -> (refit: (vector: [Double], targets: [Double], regularization: Double), rest: [Double]) {
    let width = bundle.modelDimension
    let past = Array(bundle.interactions.row(user))
    let vector = bundle.finalUsers.row(user)
    let (_, rest) = representation(user: user, history: past)
    func score(_ item: Int32) -> Double { innerProduct(vector, bundle.finalItems.row(Int(item)), width) }
    let usual = past.isEmpty ? 1 : past.reduce(0) { $0 + score($1) } / Double(past.count)
    var right = [Double](repeating: 0, count: width)
    let targets = history.map { contains(past, $0) ? score($0) : usual }
    for (item, target) in zip(history, targets) {
      let other = bundle.finalItems.row(Int(item))
      for index in 0..<width { right[index] += target * Double(other[index]) }
    }
    let ridge = regularization(of: past.isEmpty ? history : past)
    let system = RidgeSystem(
      rows: 0..<Int32(history.count), of: modelItems(history), regularization: ridge)
    return ((system.solve(right), targets, ridge), rest)
  }

  /// The terms of the model's part of a score under `editedVector`.
  ///
  /// Of a refit z = Yᵀ w the weights are w = (t - Y z) / r, by (Y Yᵀ + r I) w = t.
  func closedFormTerms(
    user: Int, history: [Int32], item: Int
  ) -> (own: Double, terms: [(item: Int32, value: Double)], isIdentity: Bool) {
    let width = bundle.modelDimension
    let target = bundle.finalItems.row(item)
    if case .propagation(let own, let itemPartial) = bundle.attribution {
      let terms = history.map { other -> (item: Int32, value: Double) in
        let weight = editedWeight(of: other, user: user, among: history.count)
        return (other, weight * innerProduct(itemPartial.row(Int(other)), target, width))
      }
      return (innerProduct(own.row(user), target, width), terms, true)
    }
    let (refit, rest) = refit(user: user, history: history)
    let terms = zip(history, refit.targets).map { other, wanted -> (item: Int32, value: Double) in
      let vector = bundle.finalItems.row(Int(other))
      var reached = 0.0
      for index in 0..<width { reached += Double(vector[index]) * refit.vector[index] }
      return (other, (wanted - reached) / refit.regularization * innerProduct(vector, target, width))
    }
    var isIdentity = true
    if case .none = bundle.attribution { isIdentity = false }
    var own = 0.0
    for index in 0..<width { own += rest[index] * Double(target[index]) }
    return (own, terms, isIdentity)
  }

  /// The model's columns of a user's vector as a ridge combination of those of some items: their weights, and the rest
  /// that the combination leaves.
  func representation(user: Int, history: [Int32]) -> (weights: [Double], rest: [Double]) {
    let width = bundle.modelDimension
    let items = bundle.finalItems
    var rest = (0..<width).map { Double(bundle.finalUsers.row(user)[$0]) }
    guard !history.isEmpty else { return ([], rest) }
    let z = RidgeSystem(
      rows: 0..<Int32(history.count), of: modelItems(history), regularization: regularization(of: history)
    ).solve(rest)
    let weights = history.map { past -> Double in
      let vector = items.row(Int(past))
      var weight = 0.0
      for index in 0..<width { weight += Double(vector[index]) * z[index] }
      return weight
    }
    for (past, weight) in zip(history, weights) {
      let vector = items.row(Int(past))
      for index in 0..<width { rest[index] -= weight * Double(vector[index]) }
    }
    return (weights, rest)
  }

  /// The ridge of representations: the bundle's, or a tenth of the mean square of the items' numbers where the model
  /// has none.
  func regularization(of items: [Int32]) -> Double {
    if case .representation(let value) = bundle.attribution { return value }
    let width = bundle.modelDimension
    let squares = items.reduce(0.0) { $0 + kernels.sumOfSquares(bundle.finalItems.row(Int($1)), width) }
    return max(1e-12, 0.1 * squares / Double(max(1, items.count * width)))
  }

  /// The place of an item, from 1, among all items but some, by descending score, then item order.
  /// - Parameter leftOut: ascending; the item itself counts even when it is among them.
  func rank(of item: Int, in scores: [Double], leavingOut leftOut: [Int32]) -> Int {
    let own = scores[item]
    func precedes(_ other: Int) -> Bool { scores[other] > own || (scores[other] == own && other < item) }
    var better = 0
    for other in scores.indices where precedes(other) { better += 1 }
    for other in leftOut where Int(other) != item && precedes(Int(other)) { better -= 1 }
    return better + 1
  }
}
