// The best single weight between two recommenders: the honest form of an oracle. Guide: Docs/Evaluation.md.

import Files
import Numerics

/// score(u, i) = w z_A(u, i) + (1 - w) z_B(u, i): two recommenders with one weight for all users.
///
/// z is a side's score standardised within the user: less its mean and divided by its standard deviation (of the
/// population) over the items the user does not have in training and that have a finite score; 0 where all are equal.
/// Weight 1 ranks by A's own scores and weight 0 by B's, so that rounding cannot reorder them; between, an item that
/// one side never recommends (-infinity or NaN) is not recommended.
package struct ScoreFusion: Sendable {
  /// The weights that are tried, from 0 to 1 in steps of a tenth.
  package static let weights = (0...10).map { Double($0) / 10 }

  private let first: any ItemScorer
  private let second: any ItemScorer

  /// Joins two recommenders of the same users and items.
  package init(_ first: any ItemScorer, _ second: any ItemScorer) {
    precondition(first.itemCount == second.itemCount, "the recommenders have different items")
    self.first = first
    self.second = second
  }

  /// The ranked lists of each weight, `[weights, evaluated users]`.
  /// - Parameters:
  ///   - ranking: whose users are ranked for.
  ///   - weights: of the first recommender, each in 0...1.
  ///   - depth: items wanted in a list; by default the largest cut-off.
  package func lists(_ ranking: FullRanking, weights: [Double] = Self.weights, depth: Int? = nil) -> [[[Int32]]] {
    precondition(weights.allSatisfy { $0 >= 0 && $0 <= 1 }, "a weight lies between 0 and 1")
    let depth = depth ?? ranking.depth
    let items = ranking.training.columns
    var result = [[[Int32]]](repeating: [], count: weights.count)
    forEachScoreBlock(of: ranking.evaluatedUsers, items: items, by: [first, second]) { users, scores in
      var lists = [[Int32]](repeating: [], count: weights.count * users.count)
      lists.withUnsafeMutableBufferPointer { buffer in
        let target = buffer
        parallelRanges(users.count, blockSize: 4) { range in
          let fused = Matrix.uninitialized(rows: 1, columns: items)
          for row in range {
            let seen = ranking.training.row(Int(users[users.startIndex + row]))
            Self.rank(scores.map { $0.row(row) }, items, seen, weights, depth, fused) { position, list in
              target[position * users.count + row] = list
            }
          }
        }
      }
      for position in weights.indices {
        result[position] += lists[position * users.count..<(position + 1) * users.count]
      }
    }
    return result
  }

  /// The lists of one user, whose scores are standardised where they are.
  /// - Parameters:
  ///   - sides: `items` scores of each side.
  ///   - items: number of items.
  ///   - seen: the user's training items, ascending.
  ///   - weights: of the first side.
  ///   - depth: most items of a list.
  ///   - fused: `[1, items]`, written.
  ///   - body: called with the position of each weight and its list.
  private static func rank(
    _ sides: [UnsafeMutablePointer<Float>], _ items: Int, _ seen: ArraySlice<Int32>, _ weights: [Double], _ depth: Int,
    _ fused: Matrix, _ body: (Int, [Int32]) -> Void
  ) {
    let (first, second) = (sides[0], sides[1])
    func list(_ scores: UnsafePointer<Float>) -> [Int32] {
      topK(of: scores, count: items, k: depth, excluding: seen).map(\.index)
    }
    // The ends first, by the scores as they are.
    for (position, weight) in weights.enumerated() where weight == 0 || weight == 1 {
      body(position, list(weight == 1 ? first : second))
    }
    guard weights.contains(where: { $0 > 0 && $0 < 1 }) else { return }
    standardize(first, count: items, seen: seen)
    standardize(second, count: items, seen: seen)
    let target = fused.pointer
    for (position, weight) in weights.enumerated() where weight > 0 && weight < 1 {
      let (left, right) = (Float(weight), Float(1 - weight))
      for item in 0..<items { target[item] = left * first[item] + right * second[item] }
      body(position, list(target))
    }
  }

  /// Chooses the weight on one split and reports it on another.
  /// - Parameters:
  ///   - validation: where the weight is chosen, by `criterion`.
  ///   - test: where it is reported, once.
  ///   - criterion: among equals the larger weight is taken; its cut-off is at most the lists' depth of `validation`.
  /// - Returns: nil where validation has no user or does not compute the criterion.
  package func bestWeight(
    validation: FullRanking, test: FullRanking, criterion: MetricName = MetricName(.recall, 20)
  ) -> FusionResult? {
    var cells: [(weight: Double, value: Double)] = []
    for (weight, lists) in zip(Self.weights, lists(validation)) {
      guard let value = validation.userMetrics(lists).mean(criterion.metric, at: criterion.cutoff) else { return nil }
      cells.append((weight: weight, value: value))
    }
    guard var best = cells.last else { return nil }
    for cell in cells.reversed() where cell.value > best.value { best = cell }
    let chosen = lists(test, weights: [best.weight]).first ?? []
    return FusionResult(criterion: criterion, validation: cells, weight: best.weight, test: test.userMetrics(chosen))
  }

  /// Standardises one user's scores where they are.
  /// - Parameters:
  ///   - scores: `count` floats; those of `seen` and those that are not finite do not count.
  ///   - count: number of items.
  ///   - seen: ascending.
  private static func standardize(_ scores: UnsafeMutablePointer<Float>, count: Int, seen: ArraySlice<Int32>) {
    func forEachCandidate(_ body: (Double) -> Void) {
      var start = 0
      for end in seen.map({ Int($0) }) + [count] {
        for item in start..<max(start, end) where scores[item].isFinite { body(Double(scores[item])) }
        start = end + 1
      }
    }
    var number = 0.0
    var sum = 0.0
    forEachCandidate { score in
      number += 1
      sum += score
    }
    let mean = sum / max(1, number)
    var squares = 0.0
    forEachCandidate { score in squares += (score - mean) * (score - mean) }
    let deviation = (squares / max(1, number)).squareRoot()
    for item in 0..<count where scores[item].isFinite {
      scores[item] = deviation > 0 ? Float((Double(scores[item]) - mean) / deviation) : 0
    }
  }
}

/// What the best single weight gives.
package struct FusionResult: Sendable {
  /// What the weight was chosen by.
  package let criterion: MetricName
  /// The criterion of each weight on validation, weights ascending.
  package let validation: [(weight: Double, value: Double)]
  /// The chosen weight of the first recommender.
  package let weight: Double
  /// Metrics of the chosen weight on the other split.
  package let test: UserMetrics

  /// `weight`, `criterion`, `validation` (weight and value of every cell) and `test` (means).
  package var json: JSONValue {
    .object([
      .init("weight", .number(weight)), .init("criterion", .string(criterion.text)),
      .init(
        "validation",
        .array(validation.map { .object([.init("weight", .number($0.weight)), .init("value", .finite($0.value))]) })),
      .init("test", test.json),
    ])
  }
}
