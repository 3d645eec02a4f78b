// Language beside behaviour in the score. Guide: Docs/Method.md, "The fused score".

import Evaluation
import Numerics

/// Parts of language that rank beside the base model's vectors.
///
/// score(u, i) = e_u · e_i + Σ_b ω_b h_u^b · l_i^b, with l_i^b the unit vector of item i in part b, and for the user the
/// sum over the past items j, h_u^b = Σ_{j ∈ N(u)} (d_u d_j)^-1/2 l_j^b: what the texts of the history say. Every past
/// item therefore carries an exact term of the score, for every base model. The weights are chosen by validation
/// Recall@20 after training; a part that does not help is left out. Nothing here is trained to rank: text that is bent
/// towards behaviour repeats what behaviour knows already (Docs/Benchmarks/alignment-probes.md).
package struct LanguageFusion {
  /// One part of the language side.
  package struct Part {
    /// Its name in the bundle, such as `language_specific`.
    package let name: String
    /// Item vectors, scaled by the root of the weight, `[items, w]`.
    package let items: Matrix
    /// User vectors, scaled alike, `[users, w]`.
    package let users: Matrix
    /// ω, relative to the spread of the scores: the deviation of this part's scores over that of the base model's.
    package let weight: Double
  }

  /// The parts that help, in the order of the columns.
  package let parts: [Part]
  /// Items without training interactions, and their vectors as their text predicts them, `[those items, d]`.
  ///
  /// Nil when there is no such item or too little to predict from.
  private let predicted: (items: [Int32], vectors: Matrix)?

  /// Weights tried, relative to the spread of the scores.
  private static let weights = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1]
  /// The weight where no validation split can choose one.
  private static let weightWithoutValidation = 0.1

  /// Chooses the weights.
  /// - Parameters:
  ///   - base: the base model's vectors, `[users, d]` and `[items, d]`.
  ///   - text: unit or zero rows of the items, `[items, text width]`.
  ///   - shared: the language side's shared part of the items, `[items, p]`; nil to take the text as one part.
  ///   - training: `[users, items]`.
  ///   - validation: where weights are chosen; nil to take a fixed one.
  package init(
    base: (users: Matrix, items: Matrix), text: Matrix, shared: Matrix?, training: CSRMatrix, validation: FullRanking?
  ) {
    // The buffers of training steps are done with, and each stage here has sizes of its own: kept for reuse, they would add
    // up to twice what is needed at any time.
    BufferPool.shared.trim()
    let whitened = LanguageVectors.whitened(text)
    BufferPool.shared.trim()
    predicted = Self.predictions(of: base.items, from: whitened, training: training)
    BufferPool.shared.trim()
    let start = Self.replaced(base.items, by: predicted)
    let history = Self.history(training)
    var candidates: [(name: String, items: Matrix)] = []
    if let shared {
      candidates = [
        ("language_specific", LanguageVectors.rest(of: whitened, without: shared)),
        ("language_shared", LanguageVectors.shared(shared, of: whitened)),
      ]
    } else {
      candidates = [("language", whitened)]
    }
    let baseSpread = Self.spread(base.users, start)
    let prepared = candidates.map { candidate -> (name: String, users: Matrix, items: Matrix, unit: Double) in
      let users = Matrix.uninitialized(rows: training.rows, columns: candidate.items.columns)
      sparseTimesDense(history, candidate.items, into: users)
      let spread = Self.spread(users, candidate.items)
      return (candidate.name, users, candidate.items, spread > 0 && baseSpread > 0 ? baseSpread / spread : 0)
    }
    BufferPool.shared.trim()
    // Scales where the parts lie: nothing asks for them unscaled afterwards.
    func parts(_ weights: [Double]) -> [Part] {
      zip(prepared, weights).compactMap { part, weight in
        guard weight > 0, part.unit > 0 else { return nil }
        let factor = Float((weight * part.unit).squareRoot())
        part.users.scale(by: factor)
        part.items.scale(by: factor)
        return Part(name: part.name, items: part.items, users: part.users, weight: weight)
      }
    }
    var chosen = [Double](repeating: Self.weightWithoutValidation, count: prepared.count)
    if let validation, !validation.evaluatedUsers.isEmpty {
      let scorers =
        [InnerProductScorer(users: base.users, items: start)]
        + prepared.map { InnerProductScorer(users: $0.users, items: $0.items) }
      func values(_ trials: [[Double]]) -> [Double] {
        let weightings = trials.map { trial in
          [1] + zip(trial, prepared).map { weight, part in Float(weight * part.unit) }
        }
        return validation.lists(mixing: scorers, weightings: weightings).map { lists in
          validation.userMetrics(lists).mean(.recall, at: 20) ?? 0
        }
      }
      chosen = [Double](repeating: 0, count: prepared.count)
      // One part at a time; the first once more beside the others, and only where there are others.
      for part in Array(prepared.indices) + (prepared.count > 1 ? [0] : []) where prepared[part].unit > 0 {
        // What stands comes first: another weight must do better.
        let trials =
          [chosen]
          + ([0] + Self.weights).filter { $0 != chosen[part] }.map { weight in
            var trial = chosen
            trial[part] = weight
            return trial
          }
        let found = values(trials)
        var best = 0
        for position in trials.indices where found[position] > found[best] { best = position }
        chosen = trials[best]
      }
    }
    self.parts = parts(chosen)
  }

  /// The vectors that rank: the base model's, then the columns of each part.
  /// - Parameter base: `[users, d]` and `[items, d]`.
  package func vectors(_ base: (users: Matrix, items: Matrix)) -> (users: Matrix, items: Matrix) {
    Self.joined((base.users, Self.replaced(base.items, by: predicted)), parts)
  }

  private static func joined(
    _ base: (users: Matrix, items: Matrix), _ parts: [Part]
  ) -> (users: Matrix, items: Matrix) {
    guard !parts.isEmpty else { return base }
    return (
      Matrix.besideEachOther([base.users] + parts.map(\.users)),
      Matrix.besideEachOther([base.items] + parts.map(\.items))
    )
  }

  /// (d_u d_j)^-1/2 at every training interaction, `[users, items]`.
  private static func history(_ training: CSRMatrix) -> CSRMatrix {
    let degrees = training.columnDegrees()
    var values: [Float] = []
    values.reserveCapacity(training.entryCount)
    for user in 0..<training.rows {
      for item in training.row(user) {
        values.append(Float(1 / (Double(training.degree(user)) * Double(degrees[Int(item)])).squareRoot()))
      }
    }
    return CSRMatrix(
      rows: training.rows, columns: training.columns, rowStarts: training.rowStarts,
      columnIndices: training.columnIndices, values: values)
  }

  /// The standard deviation of all scores x_u · y_i, from the Gram matrices in O((users + items) d²).
  private static func spread(_ users: Matrix, _ items: Matrix) -> Double {
    let pairs = Double(users.rows) * Double(items.rows)
    guard pairs > 0 else { return 0 }
    let squares = zip(doubleGram(users, users), doubleGram(items, items)).reduce(0.0) { $0 + $1.0 * $1.1 }
    let total = zip(users.columnSums(), items.columnSums()).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    return max(0, squares / pairs - (total / pairs) * (total / pairs)).squareRoot()
  }

  // MARK: - Items that nobody has touched

  /// What their text predicts of the vectors of items without training interactions, whose own vectors mean nothing.
  private static func predictions(
    of items: Matrix, from text: Matrix, training: CSRMatrix
  ) -> (items: [Int32], vectors: Matrix)? {
    let degrees = training.columnDegrees()
    let cold = (0..<Int32(items.rows)).filter { degrees[Int($0)] == 0 }
    guard !cold.isEmpty else { return nil }
    let warm = (0..<Int32(items.rows)).filter { degrees[Int($0)] > 0 }
    guard let probe = RidgeProbe(text: text, vectors: items, degrees: degrees.map { Int32($0) }) else { return nil }
    let map = RidgeMap(from: text.gatherRows(warm), to: items.gatherRows(warm))
    return (cold, map.predict(text.gatherRows(cold), ridge: probe.relativeRidge))
  }

  private static func replaced(_ items: Matrix, by predicted: (items: [Int32], vectors: Matrix)?) -> Matrix {
    guard let predicted else { return items }
    let result = items.copy()
    for (position, item) in predicted.items.enumerated() {
      result.row(Int(item)).update(from: predicted.vectors.row(position), count: result.columns)
    }
    return result
  }
}
