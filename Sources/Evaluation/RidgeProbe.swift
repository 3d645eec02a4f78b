// How much of the behavioural space a linear map can read off the text.

import Numerics

/// A ridge regression from text vectors to collaborative vectors, fitted on half of the items and judged on the rest.
///
///     W = (X^T X + r I)^-1 X^T Y
///
/// with X the text of the fit half `[n/2, dL]` and Y its collaborative vectors `[n/2, d]`, both centred.
///
/// A high R^2 on the other half says that text already holds what behaviour knows; a low one that the two complement
/// each other, or that the map is not linear. Source: the diagnostics of Docs/Report.md, "Complementarity".
///
/// The halves come from a `RandomStream`. The ridge r is the best of five multiples of the mean eigenvalue of X^T X, by
/// the error on a fifth of the fit half; then the map is fitted on the whole half. Items without training interactions
/// take no part: their collaborative vectors mean nothing. Gram matrices in Float over blocks, added up in Double; the
/// systems are solved in Double. Bit-identical at every thread count.
package struct RidgeProbe: Sendable {
  /// Items the map was judged on.
  package let heldOutItems: Int
  /// Those of them in the lower third by training interactions.
  package let tailItems: Int
  /// The chosen ridge as a multiple of the mean eigenvalue.
  package let relativeRidge: Double
  /// 1 - Σ |y - ŷ|^2 / Σ |y - ȳ|^2 over the held-out items; below 0 when the mean would do better.
  package let determination: Double
  /// Mean share of the ten nearest of a held-out item, among the held-out ones, that the predicted vectors find.
  package let neighbourOverlap: Double
  /// R^2 over the tail items alone, with their own mean; nil without two of them.
  package let tailDetermination: Double?
  /// Neighbour overlap of the tail items, candidates being all held-out items; nil without any.
  package let tailNeighbourOverlap: Double?
  /// The overlap that unrelated vectors would reach.
  package let chanceOverlap: Double

  /// Fewest items with training interactions that a probe is fitted on.
  package static let fewestItems = 40
  /// Widest text taken: the system needs 8 dL^2 bytes.
  package static let widestText = 4_096
  /// Ridges tried, as multiples of the mean eigenvalue.
  private static let candidates = [0.001, 0.01, 0.1, 1, 10]

  /// Fits and judges a probe.
  /// - Parameters:
  ///   - text: `[n, dL]`.
  ///   - vectors: `[n, d]`.
  ///   - degrees: training interactions of each item, `[n]`.
  ///   - seed: of the halves.
  /// - Returns: nil with fewer than `fewestItems` usable items or text wider than `widestText`.
  /// - Complexity: O(n dL^2 + dL^3) time.
  package init?(text: Matrix, vectors: Matrix, degrees: [Int32], seed: UInt64 = 0) {
    precondition(text.rows == vectors.rows && degrees.count == text.rows, "one row is needed for each item")
    var usable = degrees.indices.filter { degrees[$0] > 0 }.map { Int32($0) }
    guard usable.count >= Self.fewestItems, text.columns <= Self.widestText, text.columns > 0 else { return nil }
    // Tail: the lower third by degree, ties by index.
    let byDegree = usable.sorted { (degrees[Int($0)], $0) < (degrees[Int($1)], $1) }
    var isTail = [Bool](repeating: false, count: degrees.count)
    for item in byDegree.prefix(usable.count / 3) { isTail[Int(item)] = true }
    var stream = RandomStream(seed: seed, purpose: .probe)
    stream.shuffle(&usable)
    let fit = Array(usable.prefix(usable.count / 2))
    let held = usable.dropFirst(fit.count).sorted()
    let inner = Array(fit.prefix(fit.count * 4 / 5))
    let check = Array(fit.dropFirst(inner.count))

    let trial = RidgeMap(from: text.gatherRows(inner), to: vectors.gatherRows(inner))
    let (checkText, checkVectors) = (text.gatherRows(check), vectors.gatherRows(check))
    var best = (error: Double.infinity, ridge: Self.candidates[0])
    for ridge in Self.candidates {
      let error = Self.squaredError(trial.predict(checkText, ridge: ridge), checkVectors)
      if error < best.error { best = (error, ridge) }
    }
    relativeRidge = best.ridge

    let truth = vectors.gatherRows(held)
    let predicted = RidgeMap(from: text.gatherRows(fit), to: vectors.gatherRows(fit)).predict(
      text.gatherRows(held), ridge: best.ridge)
    let positions = held.indices.map { Int32($0) }
    let tail = positions.filter { isTail[Int(held[Int($0)])] }
    heldOutItems = held.count
    tailItems = tail.count
    determination = Self.determination(predicted, truth) ?? 0
    tailDetermination =
      tail.count >= 2 ? Self.determination(predicted.gatherRows(tail), truth.gatherRows(tail)) : nil
    let overlap = NeighbourOverlap(truth, predicted, rows: positions)
    neighbourOverlap = overlap.mean
    chanceOverlap = overlap.chance
    tailNeighbourOverlap = tail.isEmpty ? nil : NeighbourOverlap(truth, predicted, rows: tail).mean
  }

  /// R^2 over all columns together; nil when the truth does not vary.
  private static func determination(_ predicted: Matrix, _ truth: Matrix) -> Double? {
    let total = truth.columnCentred().sumOfSquares()
    return total > 0 ? 1 - squaredError(predicted, truth) / total : nil
  }

  private static func squaredError(_ predicted: Matrix, _ truth: Matrix) -> Double {
    let difference = predicted.copy()
    difference.add(truth, scaled: -1)
    return difference.sumOfSquares()
  }
}
