// Uniformity of the specific parts on the sphere.

import Autodiff
import Numerics

extension Tape {
  /// log mean_{i<j} exp(-2 |x_i - x_j|²) over unit rows, of one side.
  ///
  /// Source: DaRec, L_uni (on the specific representations), the form of Wang and Isola 2020, eq. 4 with t
  /// = 2, over distinct pairs.
  ///
  /// Range [-8, 0]; 0 when all rows are equal. Fewer than two rows have no pair: the term is 0.
  /// The squared distance of unit rows is 2 - 2⟨x_i, x_j⟩, computed in tiles that never leave the cache. Where the rows
  /// have nearly collapsed (value above -0.02) that difference loses its digits, and the distances are taken from the
  /// differences of the rows instead.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func uniformity(_ x: Variable, name: String, weight: Float) -> LossTerm {
    let unit = UnitRows(x.value)
    let rows = unit.value.rows
    let pairs = Double(rows) * Double(rows - 1)
    guard rows > 1 else { return recordLoss(name: name, value: 0, weight: weight) { _ in } }
    let needsGradient = x.requiresGradient && weight != 0
    let potential = PairPotential(unit.value, withGradient: needsGradient)
    guard logarithm(potential.sum / pairs) > -0.02 else {
      return recordLoss(name: name, value: logarithm(potential.sum / pairs), weight: weight) { seed in
        let gradient = potential.gradient ?? Matrix(rows: rows, columns: unit.value.columns)
        gradient.scale(by: Float(Double(seed) * 8 / potential.sum))
        x.accumulate { target, adds in unit.backward(gradient, into: target, adds: adds) }
      }
    }
    // Near collapse the mean is 1 minus a small number; its logarithm is taken of that difference.
    let difference = nearPotentialSum(unit.value)
    return recordLoss(name: name, value: logarithmOfOnePlus(difference), weight: weight) { seed in
      let gradient = Matrix(rows: rows, columns: unit.value.columns)
      addNearPotentialGradient(unit.value, factor: Double(seed) * 8 / (pairs * (1 + difference)), to: gradient)
      x.accumulate { target, adds in unit.backward(gradient, into: target, adds: adds) }
    }
  }
}

/// Σ_{i≠j} e_ij with e_ij = exp(4⟨x_i, x_j⟩ - 4) = exp(-2 |x_i - x_j|²), and the directions Σ_{j≠i} e_ij x_j.
///
/// Each pair of blocks is computed once and serves both its rows and its columns: half the products and half the
/// exponentials, and the gradient comes from the same tile while it is in the cache (only its scale depends on the
/// final sum). Every block is packed once for all its pairs. Pairs are visited in rounds in which no block occurs twice, so
/// the pairs of a round run in parallel and every row receives its additions in the order of the rounds, whatever the number
/// of threads.
private struct PairPotential {
  /// The sum over ordered pairs.
  let sum: Double
  /// Row i: Σ_{j≠i} e_ij x_j, `[n, d]` (its part along x_i is removed by the normalisation's own gradient); nil when
  /// it was not asked for.
  let gradient: Matrix?

  private static let blockRows = 192
  /// Rows of a tile whose exponentials are taken while its products lie in the first-level cache.
  private static let stripRows = 24

  init(_ x: Matrix, withGradient: Bool) {
    let blocks = PackedBlocks(x, blockRows: Self.blockRows, withGradient: withGradient)
    let gradient = withGradient ? Matrix(rows: x.rows, columns: x.columns) : nil
    var total = 0.0
    for round in Self.rounds(blocks.count) {
      var partial = [Double](repeating: 0, count: round.count)
      partial.withUnsafeMutableBufferPointer { buffer in
        let sums = buffer
        parallelFor(round.count) { index in sums[index] = Self.visit(blocks, round[index], gradient) }
      }
      total += partial.reduce(0, +)
    }
    sum = total
    self.gradient = gradient
  }

  /// All unordered pairs of blocks, the diagonal ones first, in rounds without a repeated block (the circle method of
  /// round-robin tournaments).
  private static func rounds(_ blocks: Int) -> [[(Int, Int)]] {
    var rounds = [(0..<blocks).map { ($0, $0) }]
    let seats = blocks + blocks % 2
    guard seats > 1 else { return rounds }
    for round in 0..<seats - 1 {
      var pairs: [(Int, Int)] = []
      for seat in 0..<seats / 2 {
        let first = seat == 0 ? seats - 1 : (round + seat) % (seats - 1)
        let second = (round + seats - 1 - seat) % (seats - 1)
        if first < blocks && second < blocks { pairs.append((min(first, second), max(first, second))) }
      }
      rounds.append(pairs)
    }
    return rounds
  }

  /// One pair of blocks: its part of the sum over ordered pairs; adds to the rows of both blocks.
  private static func visit(_ blocks: PackedBlocks, _ pair: (Int, Int), _ gradient: Matrix?) -> Double {
    let table = kernels
    let (left, right) = (blocks.range(pair.0), blocks.range(pair.1))
    let width = blocks.width
    let isDiagonal = pair.0 == pair.1
    let stride = blockRows + 16  // Not a power of two: rows of a tile must not share a cache set.
    let tile = Matrix.uninitialized(rows: gradient == nil ? stripRows : left.count, columns: stride)
    var sum = 0.0
    for start in Swift.stride(from: 0, to: left.count, by: stripRows) {
      let rows = min(stripRows, left.count - start)
      let strip = tile.row(gradient == nil ? 0 : start)
      table.gemmBlock(
        rows, right.count, width, blocks.left(pair.0, start), blocks.right(pair.1), 16 * width, strip, stride, 1, false)
      for row in 0..<rows {
        let values = strip + row * stride
        if isDiagonal { values[start + row] = -.infinity }
        sum += table.scaledExp(values, values, right.count, 4, -4)
      }
    }
    if let gradient {
      table.stridedBlock(
        left.count, width, right.count, tile.pointer, stride, 1, blocks.directions(pair.1),
        gradient.row(left.lowerBound), width, true)
      if !isDiagonal {
        table.stridedBlock(
          right.count, width, left.count, tile.pointer, 1, stride, blocks.directions(pair.0),
          gradient.row(right.lowerBound), width, true)
      }
    }
    return isDiagonal ? sum : 2 * sum
  }
}

/// Blocks of rows, each packed as a left and as a right operand of x xᵀ and, for gradients, as a right operand of e x.
private struct PackedBlocks {
  let width: Int
  let count: Int
  private let rows: Int
  private let blockRows: Int
  private let lefts: Matrix
  private let rights: Matrix
  private let rightsOfGradients: Matrix

  /// - Parameter blockRows: rows of a block; a multiple of 48.
  init(_ x: Matrix, blockRows: Int, withGradient: Bool) {
    rows = x.rows
    width = x.columns
    self.blockRows = blockRows
    count = (x.rows + blockRows - 1) / blockRows
    let panels = (x.columns + 15) / 16
    lefts = Matrix.uninitialized(rows: count, columns: blockRows * x.columns)
    rights = Matrix.uninitialized(rows: count, columns: blockRows * x.columns)
    rightsOfGradients = Matrix.uninitialized(rows: withGradient ? count : 0, columns: blockRows * 16 * panels)
    let table = kernels
    parallelFor(count) { block in
      let range = range(block)
      let source = x.row(range.lowerBound)
      table.packLeft(range.count, width, source, width, false, lefts.row(block))
      table.packRight(width, range.count, source, width, true, rights.row(block))
      if withGradient { table.packRight(range.count, width, source, width, false, rightsOfGradients.row(block)) }
    }
  }

  func range(_ block: Int) -> Range<Int> { block * blockRows..<min(rows, (block + 1) * blockRows) }
  /// From row `start` of a block on; a multiple of six.
  func left(_ block: Int, _ start: Int) -> UnsafePointer<Float> { UnsafePointer(lefts.row(block) + start * width) }
  func right(_ block: Int) -> UnsafePointer<Float> { UnsafePointer(rights.row(block)) }
  func directions(_ block: Int) -> UnsafePointer<Float> { UnsafePointer(rightsOfGradients.row(block)) }
}

/// mean_{i≠j} exp(-2 |x_i - x_j|²) - 1, from the differences of the rows, in Double.
private func nearPotentialSum(_ x: Matrix) -> Double {
  let width = x.columns
  let sum = parallelSum(x.rows, blockSize: 64) { range in
    var sum = 0.0
    for row in range {
      let a = x.row(row)
      for other in 0..<x.rows where other != row {
        let squared = squaredDistance(a, x.row(other), width)
        sum += exponentialMinusOne(-2 * squared)
      }
    }
    return sum
  }
  return sum / (Double(x.rows) * Double(x.rows - 1))
}

/// gradient_i += factor Σ_{j≠i} e_ij (x_j - x_i): the same direction as with x_j alone, without its cancellation.
private func addNearPotentialGradient(_ x: Matrix, factor: Double, to gradient: Matrix) {
  let width = x.columns
  parallelRanges(x.rows, blockSize: 64) { range in
    var sums = [Double](repeating: 0, count: width)
    for row in range {
      let a = x.row(row)
      for column in 0..<width { sums[column] = 0 }
      for other in 0..<x.rows where other != row {
        let b = x.row(other)
        let potential = exponential(-2 * squaredDistance(a, b, width))
        for column in 0..<width { sums[column] += potential * Double(b[column] - a[column]) }
      }
      let target = gradient.row(row)
      for column in 0..<width { target[column] += Float(factor * sums[column]) }
    }
  }
}

private func squaredDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sum = 0.0
  for column in 0..<count {
    let difference = Double(a[column] - b[column])
    sum += difference * difference
  }
  return sum
}
