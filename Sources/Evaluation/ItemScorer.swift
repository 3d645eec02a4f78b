// Models as evaluation sees them: something that scores every item for a user.

import Numerics

/// A recommender that gives every item a score for a user; higher is better.
///
/// A score of -infinity or NaN says that the item is never to be recommended.
package protocol ItemScorer: Sendable {
  /// Number of items, the columns of a block of scores.
  var itemCount: Int { get }

  /// Scores all items for a block of users.
  ///
  /// Called for one block after the other, not from several threads: an implementation is free to be parallel inside.
  /// - Parameters:
  ///   - users: indices of the users; each within the model's range.
  ///   - scores: `[>= users.count, itemCount]`; row r is written with the scores of the r-th user of the block, the
  ///     rows beyond are left alone.
  func score(_ users: ArraySlice<Int32>, into scores: Matrix)
}

/// score(u, i) = the inner product of two vectors.
package struct InnerProductScorer: ItemScorer {
  private let users: Matrix
  private let items: Matrix

  /// Creates a scorer.
  /// - Parameters:
  ///   - users: `[users, d]`.
  ///   - items: `[items, d]`.
  package init(users: Matrix, items: Matrix) {
    precondition(users.columns == items.columns, "users and items have different widths")
    self.users = users
    self.items = items
  }

  package var itemCount: Int { items.rows }

  package func score(_ users: ArraySlice<Int32>, into scores: Matrix) {
    let block = product(self.users.gatherRows(Array(users)), items, transposeB: true)
    scores.pointer.update(from: block.pointer, count: block.count)
  }
}

/// Shape of the work; a function of the data only.
private enum ScoreBlocking {
  /// Most users of a block.
  static let users = 256
  /// Most scores of a block, 16 MiB.
  static let scores = 4 << 20
}

/// Scores users block by block.
/// - Parameters:
///   - users: indices of the users.
///   - items: number of items of every scorer.
///   - scorers: the models.
///   - body: called for each block in order with its users and, for each scorer, `[>= users.count, items]` scores that
///     are reused for the next block.
func forEachScoreBlock(
  of users: [Int32], items: Int, by scorers: [any ItemScorer], _ body: (ArraySlice<Int32>, [Matrix]) -> Void
) {
  precondition(scorers.allSatisfy { $0.itemCount == items }, "a scorer has another number of items than the splits")
  let rows = min(users.count, max(1, min(ScoreBlocking.users, ScoreBlocking.scores / max(1, items))))
  let scores = scorers.map { _ in Matrix(rows: rows, columns: items) }
  for start in stride(from: 0, to: users.count, by: max(1, rows)) {
    let block = users[start..<min(users.count, start + rows)]
    for (scorer, matrix) in zip(scorers, scores) { scorer.score(block, into: matrix) }
    body(block, scores)
  }
}
