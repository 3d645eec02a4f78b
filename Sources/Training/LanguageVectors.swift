// Item vectors in which text ranks: what a language model knows, in the form that adds most to what behaviour knows.
// Guide: Docs/Method.md, "The fused score".

import Autodiff
import Numerics

/// The text of the items as vectors that may rank.
///
/// Whitened: directions that all texts share (a genre, a language, a style of writing) count no more than those that tell
/// two items apart. In the linear case this is what uniformity (Docs/Method.md) drives at, in closed form.
package enum LanguageVectors {
  /// Directions kept of a wide text: the ones of largest variance.
  private static let widest = 384
  /// The ridge, as a share of the mean variance of the text's columns: it keeps noise from being blown up.
  private static let relativeRidge = 0.3

  /// Unit rows of (z - z̄) V (Λ + ρ I)^-1/2, `[items, min(text width, 384)]`.
  ///
  /// V, Λ: principal directions and variances of the texts that are there; ρ is 0.3 of the mean variance. An item without
  /// text keeps zeros.
  /// - Parameter text: z, unit or zero rows, `[items, text width]`.
  package static func whitened(_ text: Matrix) -> Matrix {
    let known = (0..<Int32(text.rows)).filter { kernels.sumOfSquares(text.row(Int($0)), text.columns) > 0 }
    let texts = known.count == text.rows ? text : text.gatherRows(known)
    let components = PrincipalComponents(of: texts, count: widest, tolerance: 1e-3)
    let ridge = relativeRidge * components.totalVariance / Double(max(1, text.columns))
    let coordinates = components.project(texts)
    let factors = components.variances.map { variance -> Float in
      let total = variance + ridge
      return total > 0 ? Float(1 / total.squareRoot()) : 0
    }
    for row in 0..<coordinates.rows {
      let values = coordinates.row(row)
      for (column, factor) in factors.enumerated() { values[column] *= factor }
    }
    return scattered(UnitRows(coordinates).value, to: known, of: text.rows)
  }

  /// Unit rows of what a linear map from `shared` cannot tell of `vectors`: least squares leaves a rest that is
  /// orthogonal, over the items, to every column of the shared part.
  /// - Parameters:
  ///   - vectors: `[items, w]`; zero rows stay zero.
  ///   - shared: `[items, p]`.
  package static func rest(of vectors: Matrix, without shared: Matrix) -> Matrix {
    let known = (0..<Int32(vectors.rows)).filter { kernels.sumOfSquares(vectors.row(Int($0)), vectors.columns) > 0 }
    let own = vectors.gatherRows(known)
    if let common = uncorrelated(shared.gatherRows(known)) {
      own.add(RidgeMap(from: common, to: own).predict(common, ridge: 1e-6), scaled: -1)
    }
    // What is all but told by the shared part leaves rounding, which must not be blown up to length one.
    for row in 0..<own.rows {
      let before = kernels.sumOfSquares(vectors.row(Int(known[row])), own.columns)
      if kernels.sumOfSquares(own.row(row), own.columns) < 1e-6 * before {
        own.row(row).update(repeating: 0, count: own.columns)
      }
    }
    return scattered(UnitRows(own).value, to: known, of: vectors.rows)
  }

  /// The directions in which rows differ, each scaled to unit variance, `[n, at most p]`; nil when they do not differ.
  ///
  /// Weight decay may have left a weakly weighted projector three directions of thirty-two: least squares over the others
  /// would fit rounding. Directions below a thousandth of the largest deviation are none.
  private static func uncorrelated(_ x: Matrix) -> Matrix? {
    let components = PrincipalComponents(of: x, count: x.columns)
    let largest = components.variances.first ?? 0
    let kept = components.variances.prefix { $0 > 1e-6 * largest }
    guard largest > 0, largest.isFinite, !kept.isEmpty else { return nil }
    let coordinates = components.project(x)
    let result = Matrix.uninitialized(rows: x.rows, columns: kept.count)
    for row in 0..<x.rows {
      for (column, variance) in kept.enumerated() {
        result.row(row)[column] = Float(Double(coordinates.row(row)[column]) / variance.squareRoot())
      }
    }
    return result
  }

  /// Unit rows of the centred shared part, `[items, p]`.
  ///
  /// A projector makes something of no text as well: items without text get zeros here too.
  /// - Parameters:
  ///   - shared: `[items, p]`.
  ///   - vectors: the whitened text, whose zero rows are the items without.
  package static func shared(_ shared: Matrix, of vectors: Matrix) -> Matrix {
    let result = shared.columnCentred().normalizedRows().matrix
    for row in 0..<result.rows where kernels.sumOfSquares(vectors.row(row), vectors.columns) == 0 {
      result.row(row).update(repeating: 0, count: result.columns)
    }
    return result
  }

  private static func scattered(_ rows: Matrix, to places: [Int32], of count: Int) -> Matrix {
    guard places.count != count else { return rows }
    let result = Matrix(rows: count, columns: rows.columns)
    for (position, place) in places.enumerated() {
      result.row(Int(place)).update(from: rows.row(position), count: rows.columns)
    }
    return result
  }
}
