// The truth behind planted data: every user's and item's factors, and the map from factors to text.

import Numerics

/// Factors of one kind of node, one row a node.
struct PlantedFactors: Sendable {
  /// `[nodes, sharedFactors]`, variance 1 / sharedFactors an entry.
  let shared: Matrix
  /// `[nodes, behaviourFactors]`, variance 1 / behaviourFactors an entry.
  let behaviour: Matrix
  /// `[nodes, textFactors]`, variance 1 / textFactors an entry.
  let text: Matrix
  /// The group of interest of every node.
  let groups: [Int32]
}

/// The random truth of a planted data set; a function of the options alone.
struct PlantedTruth: Sendable {
  /// What a stream of random numbers is for; each node has its own of each kind.
  enum Draw: Int {
    case centres = 1, textMap, users, items, userText, itemText, degrees, popularity, choice, division
  }

  let options: PlantedDataOptions
  /// Factors of users.
  let users: PlantedFactors
  /// Factors of items.
  let items: PlantedFactors
  /// `[sharedFactors + textFactors, textDimension]`, the same for users and items: one language describes both.
  let textMap: Matrix

  init(options: PlantedDataOptions) {
    self.options = options
    var stream = Self.stream(options.seed, .centres)
    let centres = Matrix(rows: options.groups, columns: options.sharedFactors)
    for index in 0..<centres.count { centres.pointer[index] = Float(stream.normal()) }
    users = Self.factors(options.users, draw: .users, centres: centres, options: options)
    items = Self.factors(options.items, draw: .items, centres: centres, options: options)
    stream = Self.stream(options.seed, .textMap)
    let map = Matrix(rows: options.sharedFactors + options.textFactors, columns: options.textDimension)
    let scale = 1 / Double(max(1, options.textDimension)).squareRoot()
    for index in 0..<map.count { map.pointer[index] = Float(stream.normal() * scale) }
    textMap = map
  }

  static func stream(_ seed: UInt64, _ draw: Draw, _ node: Int = 0) -> RandomStream {
    RandomStream(seed: seed, purpose: .plantedData, epoch: draw.rawValue, step: node)
  }

  /// Shared factors gather around the centre of the node's group; specific factors are independent of everything.
  private static func factors(
    _ count: Int, draw: Draw, centres: Matrix, options: PlantedDataOptions
  ) -> PlantedFactors {
    /// Spread of the members of a group around its centre.
    let spread = 0.6
    let shared = Matrix(rows: count, columns: options.sharedFactors)
    let behaviour = Matrix(rows: count, columns: options.behaviourFactors)
    let text = Matrix(rows: count, columns: options.textFactors)
    let groups = [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      nonisolated(unsafe) let target = buffer
      parallelRanges(count, blockSize: 4096) { nodes in
        for node in nodes {
          var stream = stream(options.seed, draw, node)
          let group = stream.below(options.groups)
          target.initializeElement(at: node, to: Int32(group))
          let scale = 1 / (Double(shared.columns) * (1 + spread * spread)).squareRoot()
          for column in 0..<shared.columns {
            let value = Double(centres.pointer[group * shared.columns + column]) + spread * stream.normal()
            shared.pointer[node * shared.columns + column] = Float(value * scale)
          }
          for matrix in [behaviour, text] {
            let scale = 1 / Double(max(1, matrix.columns)).squareRoot()
            for column in 0..<matrix.columns {
              matrix.pointer[node * matrix.columns + column] = Float(stream.normal() * scale)
            }
          }
        }
      }
    }
    return PlantedFactors(shared: shared, behaviour: behaviour, text: text, groups: groups)
  }

  /// Text embeddings of some nodes: t = M' [shared, text] + noise, L2-normalised; `[nodes.count, textDimension]`.
  func embeddings(of factors: PlantedFactors, nodes: Range<Int>, draw: Draw) -> Matrix {
    let result = Matrix(rows: nodes.count, columns: options.textDimension)
    let dimension = options.textDimension
    // A signal entry has variance 2 / dimension: one part of each kind of factor.
    let deviation = options.noise * (2 / Double(dimension)).squareRoot()
    parallelRanges(nodes.count, blockSize: 256) { rows in
      var sum = [Double](repeating: 0, count: dimension)
      for row in rows {
        let node = nodes.lowerBound + row
        var stream = Self.stream(options.seed, draw, node)
        for column in 0..<dimension { sum[column] = deviation * stream.normal() }
        for (matrix, offset) in [(factors.shared, 0), (factors.text, factors.shared.columns)] {
          for factor in 0..<matrix.columns {
            let value = Double(matrix.pointer[node * matrix.columns + factor])
            let direction = textMap.pointer + (offset + factor) * dimension
            for column in 0..<dimension { sum[column] += value * Double(direction[column]) }
          }
        }
        let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let target = result.pointer + row * dimension
        for column in 0..<dimension { target[column] = norm > 0 ? Float(sum[column] / norm) : 0 }
      }
    }
    return result
  }
}
