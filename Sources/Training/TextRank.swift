// Text vectors rotated to their principal directions and cut off after R of them: less work for every projector.
// Guide: Docs/Alignments.md, "Fewer directions of the text".

import Numerics

/// The text in the coordinates of its R strongest directions.
///
/// A rotation keeps every inner product, so what a projector can learn from the rotated text is what it can learn from
/// the text itself; only what lies in the directions left out is lost. Unlike the rest of a run this changes the result:
/// the energy kept says by how much at most, and validation says whether it matters.
package struct TextRank: Equatable, Sendable {
  /// Width of the text before, d.
  package let width: Int
  /// Directions kept, R.
  package let rank: Int
  /// Σ |V z|² / Σ |z|² over all nodes, in [0, 1]: the share of the squared length that the kept directions hold.
  package let energy: Double

  /// Z Vᵀ with V the R directions of largest second moment, `[nodes, R]`, and what was kept.
  ///
  /// V: leading eigenvectors of Zᵀ Z, not centred, so that inner products (not only differences) survive. Every item and
  /// user is turned by the same V.
  /// - Parameters:
  ///   - text: Z, finite rows, `[nodes, d]`.
  ///   - rank: R; nothing changes, and nil is returned, when it is 0 or at least min(nodes, d).
  package static func truncated(_ text: Matrix, to rank: Int) -> (text: Matrix, TextRank)? {
    guard rank > 0, rank < min(text.rows, text.columns) else { return nil }
    let components = PrincipalComponents(of: text, count: rank, tolerance: 1e-3, isCentred: false)
    let coordinates = components.project(text)
    let all = text.sumOfSquares()
    let energy = all > 0 ? min(1, coordinates.sumOfSquares() / all) : 1
    return (coordinates, TextRank(width: text.columns, rank: rank, energy: energy))
  }
}
