// A model's linear encoder run again for one user, on the training graph or on one whose history of that user is edited.
// Guide: Docs/Method.md, "Explaining a score".

import ModelFile
import Numerics

/// One number for every node, in Double: `users` `[U]` and `items` `[I]`.
struct NodeField {
  var users: [Double]
  var items: [Double]

  /// Adds another field.
  mutating func add(_ other: NodeField) {
    for index in users.indices { users[index] += other.users[index] }
    for index in items.indices { items[index] += other.items[index] }
  }

  /// Adds another field times a factor.
  mutating func add(_ factor: Double, times other: NodeField) {
    for index in users.indices { users[index] += factor * other.users[index] }
    for index in items.indices { items[index] += factor * other.items[index] }
  }
}

/// The training graph with one user's history replaced.
///
/// All of Â changes where the degrees d of the user and of the items that are added or removed stand; nothing is
/// approximated.
struct EditedGraph {
  private let graph: CSRMatrix
  private let itemUsers: CSRMatrix
  private let user: Int
  private let history: [Int32]
  /// Items of the edited history that the user has not in the graph.
  private let added: [Int32]
  /// Items of the graph that are gone.
  private let removed: [Int32]
  /// (d + 1)^-1/2 with self-loops, d^-1/2 without; 0 where there is no neighbour.
  private let userRoots: [Double]
  private let itemRoots: [Double]
  let hasSelfLoops: Bool

  /// The graph in which a user has exactly the items of `history`.
  /// - Parameters:
  ///   - history: rows of items, ascending, each once.
  ///   - graph: training interactions, `[U, I]`.
  ///   - itemUsers: the same transposed, `[I, U]`.
  init(
    user: Int, history: [Int32], graph: CSRMatrix, itemUsers: CSRMatrix, itemDegrees: [Int32], hasSelfLoops: Bool
  ) {
    self.graph = graph
    self.itemUsers = itemUsers
    self.user = user
    self.history = history
    self.hasSelfLoops = hasSelfLoops
    added = history.filter { !graph.contains(row: user, column: $0) }
    let kept = history
    removed = graph.row(user).filter { !contains(kept, $0) }
    let loop = hasSelfLoops ? 1 : 0
    func root(_ degree: Int) -> Double { degree + loop > 0 ? 1 / Double(degree + loop).squareRoot() : 0 }
    userRoots = (0..<graph.rows).map { root($0 == user ? kept.count : graph.degree($0)) }
    var items = itemDegrees.map { root(Int($0)) }
    for item in added { items[Int(item)] = root(Int(itemDegrees[Int(item)]) + 1) }
    for item in removed { items[Int(item)] = root(Int(itemDegrees[Int(item)]) - 1) }
    itemRoots = items
  }

  /// True for an item that nobody has, neither in the graph nor after the edit.
  func isCold(_ item: Int) -> Bool { itemUsers.degree(item) == 0 && !contains(added, Int32(item)) }

  /// Â_ui of a user and an item that are neighbours.
  func weight(user: Int, item: Int) -> Double { userRoots[user] * itemRoots[item] }

  /// Â_uu with self-loops; 0 without.
  func loopWeight(user: Int) -> Double { hasSelfLoops ? userRoots[user] * userRoots[user] : 0 }

  /// Â_ii with self-loops; 0 without.
  func loopWeight(item: Int) -> Double { hasSelfLoops ? itemRoots[item] * itemRoots[item] : 0 }

  /// Â y for one number y a node.
  ///
  /// O(interactions); every sum is added in the order of its row, whatever the threads.
  func applied(to field: NodeField) -> NodeField {
    var result = NodeField(
      users: [Double](repeating: 0, count: graph.rows), items: [Double](repeating: 0, count: graph.columns))
    let scaledUsers = zip(field.users, userRoots).map { $0 * $1 }
    let scaledItems = zip(field.items, itemRoots).map { $0 * $1 }
    result.users.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(target.count, blockSize: 2_048) { range in
        for row in range {
          var sum = hasSelfLoops ? scaledUsers[row] : 0
          for item in graph.row(row) { sum += scaledItems[Int(item)] }
          target[row] = sum * userRoots[row]
        }
      }
    }
    result.items.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(target.count, blockSize: 2_048) { range in
        for row in range {
          var sum = hasSelfLoops ? scaledItems[row] : 0
          for user in itemUsers.row(row) { sum += scaledUsers[Int(user)] }
          target[row] = sum * itemRoots[row]
        }
      }
    }
    // The rows and columns that the edit changes: the user's sum is made anew, the items' lose or gain the user.
    var sum = hasSelfLoops ? scaledUsers[user] : 0
    for item in history { sum += scaledItems[Int(item)] }
    result.users[user] = sum * userRoots[user]
    for item in removed { result.items[Int(item)] -= scaledUsers[user] * itemRoots[Int(item)] }
    for item in added { result.items[Int(item)] += scaledUsers[user] * itemRoots[Int(item)] }
    return result
  }
}

/// True when an ascending list holds a value.
func contains(_ ascending: [Int32], _ value: Int32) -> Bool {
  var low = 0
  var high = ascending.count
  while low < high {
    let middle = (low + high) / 2
    if ascending[middle] < value { low = middle + 1 } else { high = middle }
  }
  return low < ascending.count && ascending[low] == value
}

/// The linear encoder of a model for one user on an edited graph: scores and terms as if everything had been propagated
/// anew.
///
/// With X the layer-0 vectors `[U + I, d0]`, the score of item i for user u under a sum of layers is
///
///     s_i = δ_iᵀ p(Â) X Xᵀ p(Â) δ_u,   p(Â) = Σ_{l=0..L} Âˡ
///
/// which is read from right to left with one number a node: no node vector but the user's is ever made. For layers side
/// by side it is Σ_l δ_iᵀ Âˡ X Xᵀ Âˡ δ_u. A part of the score that is a range of the final columns keeps these columns of
/// X only. Items that nobody has are no part of the graph: their final vectors stand as they are.
struct LinearEncoder {
  private let users: Matrix
  private let items: Matrix
  /// Width d0 of the layer-0 vectors, the first columns of the two matrices.
  private let width: Int
  private let layers: Int
  private let isSum: Bool
  /// Final vectors of the items, whose first columns are the encoder's.
  private let finals: Matrix
  /// The encoder's final columns that count.
  private let columns: Range<Int>
  let graph: EditedGraph

  /// - Parameters:
  ///   - users: layer-0 vectors in the first `width` columns, `[U, >= d0]`.
  ///   - items: the same of items.
  ///   - finals: the items' final vectors, `[I, >= encoder's columns]`.
  ///   - columns: the encoder's final columns that count.
  init(
    users: Matrix, items: Matrix, width: Int, finals: Matrix, columns: Range<Int>, recipe: PropagationRecipe,
    graph: EditedGraph
  ) {
    self.users = users
    self.items = items
    self.width = width
    layers = recipe.layers
    isSum = recipe.combination == .sum
    self.finals = finals
    self.columns = columns
    self.graph = graph
  }

  private func indicator(user: Int? = nil, item: Int? = nil) -> NodeField {
    var field = NodeField(
      users: [Double](repeating: 0, count: users.rows), items: [Double](repeating: 0, count: items.rows))
    if let user { field.users[user] = 1 }
    if let item { field.items[item] = 1 }
    return field
  }

  /// Xᵀ w, `[d0]`.
  private func combined(_ field: NodeField) -> [Double] {
    var sum = [Double](repeating: 0, count: width)
    for (matrix, weights) in [(users, field.users), (items, field.items)] {
      for (row, weight) in weights.enumerated() where weight != 0 {
        let vector = matrix.row(row)
        for column in 0..<width { sum[column] += weight * Double(vector[column]) }
      }
    }
    return sum
  }

  /// The columns of block `block` of the final vectors that count, as columns of X.
  private func counted(_ block: Int) -> Range<Int> {
    let start = block * width
    let common = columns.clamped(to: start..<start + width)
    return common.lowerBound - start..<common.upperBound - start
  }

  /// X e over the columns of a block that count, one number a node.
  private func products(_ vector: [Double], block: Int) -> NodeField {
    let counted = counted(block)
    func products(_ matrix: Matrix) -> [Double] {
      var result = [Double](repeating: 0, count: matrix.rows)
      result.withUnsafeMutableBufferPointer { buffer in
        let target = buffer
        parallelRanges(target.count, blockSize: 2_048) { range in
          for row in range {
            let other = matrix.row(row)
            var sum = 0.0
            for column in counted { sum += Double(other[column]) * vector[column] }
            target[row] = sum
          }
        }
      }
      return result
    }
    return NodeField(users: products(users), items: products(items))
  }

  /// A node's final vector by blocks of d0 columns: one for a sum, one for each layer when they stand side by side.
  private func blocks(of node: NodeField) -> [[Double]] {
    var powers = [node]
    for _ in 0..<layers { powers.append(graph.applied(to: powers[powers.count - 1])) }
    guard isSum else { return powers.map(combined) }
    for power in powers.dropFirst() { powers[0].add(power) }
    return [combined(powers[0])]
  }

  /// An item's final vector by blocks.
  private func blocks(ofItem item: Int) -> [[Double]] {
    guard graph.isCold(item) else { return blocks(of: indicator(item: item)) }
    let row = finals.row(item)
    return (0..<(isSum ? 1 : layers + 1)).map { block in (0..<width).map { Double(row[block * width + $0]) } }
  }

  /// Inner products of all layer-0 vectors with the blocks of a final vector.
  private func layerProducts(_ blocks: [[Double]]) -> [NodeField] {
    blocks.enumerated().map { products($1, block: $0) }
  }

  /// Σ_m Âᵐ b_m by Horner's rule.
  private func polynomial(_ coefficients: [NodeField]) -> NodeField? {
    guard var result = coefficients.last else { return nil }
    for coefficient in coefficients.dropLast().reversed() {
      result = graph.applied(to: result)
      result.add(coefficient)
    }
    return result
  }

  /// The scores of all items for a user, `[I]`.
  ///
  /// O(L interactions + (U + I) d0).
  func scores(user: Int) -> [Double] {
    let blocks = blocks(of: indicator(user: user))
    let products = layerProducts(blocks)
    let coefficients = isSum ? Array(repeating: products[0], count: layers + 1) : products
    var scores = polynomial(coefficients)?.items ?? []
    for item in scores.indices where graph.isCold(item) {
      let row = finals.row(item)
      scores[item] = 0
      for (block, vector) in blocks.enumerated() {
        for column in counted(block) { scores[item] += vector[column] * Double(row[block * width + column]) }
      }
    }
    return scores
  }

  /// The score of an item for a user as own part and one term for each item of the user's edited history.
  ///
  /// A walk from the user is counted to the first item it steps to; with self-loops it may stay at the user before, with
  /// the weight a = Â_uu a step:
  ///
  ///     own = Σ_l aˡ (x_u . e_iˡ),   term of j = Â_uj (Σ_m Âᵐ b_m)_j,   b_m = Σ_{l>m} a^(l-1-m) X e_iˡ
  ///
  /// with e_iˡ block l of the item's final vector. For a sum of layers (a = 0) every b_m is X e_i, m = 0 ..< L.
  func contributions(user: Int, item: Int, history: [Int32]) -> (own: Double, terms: [(item: Int32, value: Double)]) {
    let products = layerProducts(blocks(ofItem: item))
    let stay = graph.loopWeight(user: user)
    var own = 0.0
    var power = 1.0
    for product in products {
      own += power * product.users[user]
      power *= stay
    }
    let field = polynomial(departures(products, stay: stay))?.items
    let terms = history.map { past -> (item: Int32, value: Double) in
      (past, graph.weight(user: user, item: Int(past)) * (field?[Int(past)] ?? 0))
    }
    return (own, terms)
  }

  /// The fields b_m of walks that have left the user, m = 0 ..< L.
  private func departures(_ products: [NodeField], stay: Double) -> [NodeField] {
    if isSum { return Array(repeating: products[0], count: layers) }
    return (0..<layers).map { step in
      var sum = products[step + 1]
      var power = stay
      for later in (step + 2)..<max(step + 2, products.count) {
        sum.add(power, times: products[later])
        power *= stay
      }
      return sum
    }
  }

  /// What of the score flows along the walks u - j - v, for items j of the history and users v who have j and the item.
  ///
  /// The walk's later steps are what v's own vector says of the item. Walks are counted as in `contributions`, and the
  /// same way once more from j to v with c = Â_jj:
  ///
  ///     value = Â_uj Â_jv Σ_{k<m} c^(m-1-k) (Âᵏ b_m)_v
  /// - Parameters:
  ///   - history: items of the user.
  ///   - others: users who have the item, ascending, without the user.
  ///   - neighbours: the users of an item, ascending.
  /// - Returns: values by item of the history, then user; only pairs that are neighbours.
  func paths(
    user: Int, item: Int, history: [Int32], others: [Int32], neighbours: (Int32) -> ArraySlice<Int32>
  ) -> [(item: Int32, user: Int32, value: Double)] {
    let departures = departures(layerProducts(blocks(ofItem: item)), stay: graph.loopWeight(user: user))
    // arrivals[g] holds the sum over m - 1 - k = g of the fields Âᵏ b_m: without self-loops only g = 0 counts.
    var arrivals: [NodeField] = []
    for (step, departure) in departures.enumerated() where step > 0 {
      var power = departure
      for taken in 0..<step {
        let gap = step - 1 - taken
        if gap == 0 || graph.hasSelfLoops {
          while arrivals.count <= gap { arrivals.append(indicator()) }
          arrivals[gap].add(power)
        }
        if taken < step - 1 { power = graph.applied(to: power) }
      }
    }
    var result: [(item: Int32, user: Int32, value: Double)] = []
    for past in history {
      let stay = graph.loopWeight(item: Int(past))
      for other in neighbours(past) where contains(others, other) {
        var value = 0.0
        var power = 1.0
        for arrival in arrivals {
          value += power * arrival.users[Int(other)]
          power *= stay
        }
        value *= graph.weight(user: user, item: Int(past)) * graph.weight(user: Int(other), item: Int(past))
        result.append((past, other, value))
      }
    }
    return result
  }
}
