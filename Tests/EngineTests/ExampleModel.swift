// Small trained-looking models for tests: their vectors obey the identity their attribution claims.

import Engine
import Files
import ModelFile
import Numerics
import Testing

/// A random linear model over a random graph.
struct ExampleModel {
  var users = 30
  var items = 40
  var dimension = 8
  var seed: UInt64 = 1
  /// `propagation`, `representation` or `none`.
  var attribution = "propagation"
  var hasParts = true
  /// Keep the recipe of the propagation, as bundles do since they have one.
  var hasRecipe = true
  /// Layers side by side with self-loops, as GCCF has them, instead of the layer mean; needs `attribution: none`.
  var isConcatenated = false
  /// Propagations.
  var layers = 3
  var userTextDerived = true
  /// The model's columns are a specific and a shared half.
  var isHalved = false
  /// Columns of a language part that is summed over the history; 0 for a score of the model alone.
  var languageWidth = 0
  /// Items that no user has: the last ones.
  var coldItems = 2

  func normal(_ rows: Int, _ columns: Int, _ stream: inout RandomStream) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    for index in 0..<matrix.count { matrix.pointer[index] = Float(stream.normal() * 0.5) }
    return matrix
  }

  /// The graph: user u has item i with a probability that falls with i.
  func interactions() -> CSRMatrix {
    var stream = RandomStream(seed: seed, purpose: .test, epoch: 1)
    var entries: [(row: Int32, column: Int32)] = []
    for user in 0..<users {
      for item in 0..<max(0, items - coldItems)
      where user % 10 != 9 && stream.uniformDouble() < 0.6 / (1 + 0.1 * Double(item)) {
        entries.append((Int32(user), Int32(item)))
      }
    }
    return CSRMatrix(rows: users, columns: items, entries: entries)
  }

  /// Layer mean of three propagations of random layer-0 tables, in Double, with what the attribution needs.
  static func propagate(
    _ graph: CSRMatrix, users: Matrix, items: Matrix, layers: Int
  ) -> (users: Matrix, items: Matrix, own: Matrix, itemPartial: Matrix) {
    let width = users.columns
    let transposed = graph.transposed().matrix
    func degrees(_ matrix: CSRMatrix) -> [Double] { (0..<matrix.rows).map { Double(matrix.degree($0)) } }
    let userDegrees = degrees(graph)
    let itemDegrees = degrees(transposed)
    var userLayer = users.values.map(Double.init)
    var itemLayer = items.values.map(Double.init)
    var userSum = userLayer
    var itemSum = itemLayer
    var partial = itemLayer
    if layers == 0 { partial = partial.map { _ in 0 } }
    for layer in stride(from: 1, through: layers, by: 1) {
      var nextUsers = [Double](repeating: 0, count: userLayer.count)
      var nextItems = [Double](repeating: 0, count: itemLayer.count)
      for user in 0..<graph.rows {
        for item in graph.row(user) {
          let weight = 1 / (userDegrees[user] * itemDegrees[Int(item)]).squareRoot()
          for column in 0..<width {
            nextUsers[user * width + column] += weight * itemLayer[Int(item) * width + column]
            nextItems[Int(item) * width + column] += weight * userLayer[user * width + column]
          }
        }
      }
      userLayer = nextUsers
      itemLayer = nextItems
      for index in userSum.indices { userSum[index] += userLayer[index] }
      for index in itemSum.indices { itemSum[index] += itemLayer[index] }
      if layer < layers { for index in partial.indices { partial[index] += itemLayer[index] } }
    }
    let scale = 1 / Double(layers + 1)
    func matrix(_ values: [Double], _ rows: Int) -> Matrix {
      Matrix(rows: rows, columns: width, values: values.map { Float($0 * scale) })
    }
    let own = users.copy()
    for index in 0..<own.count { own.pointer[index] *= Float(scale) }
    return (matrix(userSum, graph.rows), matrix(itemSum, graph.columns), own, matrix(partial, graph.columns))
  }

  func bundle() throws -> Bundle {
    var stream = RandomStream(seed: seed, purpose: .test)
    let graph = interactions()
    let layer = (users: normal(users, dimension, &stream), items: normal(items, dimension, &stream))
    let linear = Self.propagate(graph, users: layer.users, items: layer.items, layers: layers)
    let blocks = DenseGraph(graph, hasSelfLoops: true).blocks(users: layer.users, items: layer.items, layers: layers)
    let nodes = users + items
    let isLinear = attribution == "propagation"
    let kind: Attribution
    switch attribution {
    case "propagation": kind = .propagation(own: linear.own, itemPartial: linear.itemPartial)
    case "representation": kind = .representation(regularization: 0.05)
    default: kind = .none
    }
    let language = languagePart(graph)
    func joined(_ model: Matrix, _ language: Matrix?) -> Matrix {
      language.map { Matrix.besideEachOther([model, $0]) } ?? model
    }
    let parts =
      hasParts
      ? Components(
        collaborativeShared: normal(nodes, 6, &stream), collaborativeSpecific: normal(nodes, 6, &stream),
        languageShared: normal(nodes, 6, &stream), languageSpecific: normal(nodes, 6, &stream)) : nil
    let centres =
      hasParts
      ? PreferenceCentres(
        collaborative: normal(3, 6, &stream), language: normal(3, 6, &stream), matching: [2, 0, 1],
        collaborativeLabels: (0..<nodes).map { Int32($0 % 3) }, languageLabels: (0..<nodes).map { Int32($0 % 2) })
      : nil
    return try Bundle(
      name: "example", configuration: ["backbone": "lightgcn", "alignment": "darec", "dimension": .integer(dimension)],
      metrics: ["test": ["recall@20": .number(0.1)]], users: StringTable((0..<users).map { "user-\($0)" }),
      items: StringTable((0..<items).map { "item-\($0)" }),
      titles: StringTable((0..<items).map { $0 == 3 ? "" : "The \($0 % 20)th Film" }, role: .titles),
      interactions: graph,
      finalUsers: joined(isConcatenated ? blocks.users : isLinear ? linear.users : layer.users, language?.users),
      finalItems: joined(isConcatenated ? blocks.items : isLinear ? linear.items : layer.items, language?.items),
      scoreParts: scoreParts(language: language?.items.columns), attribution: kind,
      propagation: recipe(layer.items, isLinear: isLinear), components: parts, centres: centres,
      itemText: hasParts ? normal(items, 12, &stream) : nil,
      userText: hasParts && !userTextDerived ? normal(users, 12, &stream) : nil,
      userTextDerived: hasParts && userTextDerived)
  }

  /// The parts of the score; nil for one that nobody has divided.
  private func scoreParts(language: Int?) -> [ScorePart]? {
    let width = (isConcatenated ? layers + 1 : 1) * dimension
    guard language != nil || isHalved else { return nil }
    let half = width / 2
    let model =
      isHalved
      ? [
        ScorePart(name: "collaborative_specific", columns: 0..<half, source: .model),
        ScorePart(name: "collaborative_shared", columns: half..<width, source: .model),
      ] : [ScorePart(name: "collaborative", columns: 0..<width, source: .model)]
    return model + (language.map { [ScorePart(name: "language", columns: width..<width + $0, source: .history)] } ?? [])
  }

  private func recipe(_ items: Matrix, isLinear: Bool) -> PropagationRecipe? {
    if isConcatenated { return PropagationRecipe(layers: layers, combination: .concatenation, hasSelfLoops: true) }
    guard hasRecipe, isLinear else { return nil }
    let scaled = items.copy()
    for index in 0..<scaled.count { scaled.pointer[index] *= Float(1 / Double(layers + 1)) }
    return PropagationRecipe(layers: layers, combination: .sum, items: scaled)
  }

  /// Random item vectors and, in Double, the sums over the users' histories; nil when there is no such part.
  private func languagePart(_ graph: CSRMatrix) -> (users: Matrix, items: Matrix)? {
    guard languageWidth > 0 else { return nil }
    var stream = RandomStream(seed: seed, purpose: .test, epoch: 2)
    let vectors = normal(items, languageWidth, &stream)
    let transposed = graph.transposed().matrix
    let sums = Matrix(rows: users, columns: languageWidth)
    for user in 0..<users {
      for column in 0..<languageWidth {
        sums[user, column] = Float(
          graph.row(user).reduce(0.0) { sum, item in
            let degrees = Double(graph.degree(user) * transposed.degree(Int(item)))
            return sum + Double(vectors[Int(item), column]) / degrees.squareRoot()
          })
      }
    }
    return (sums, vectors)
  }

  func engine() throws -> Engine { Engine(bundle: try bundle()) }
}

/// The numbers of a member of every element of an array member.
func numbers(_ record: JSONValue?, _ array: String, _ key: String) -> [Double] {
  (record?[array]?.array ?? []).compactMap { $0[key]?.double }
}

/// The strings of a member of every element of an array member.
func texts(_ record: JSONValue?, _ array: String, _ key: String) -> [String] {
  (record?[array]?.array ?? []).compactMap { $0[key]?.string }
}
