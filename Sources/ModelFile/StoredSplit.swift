// The interactions of a split as they lie in the file.

import Files
import Numerics

/// The interactions of a split over the file's own columns: enough to ask for one user's, without a list of all.
struct StoredSplit: Sendable {
  let users: Int
  let items: Int
  /// `[users + 1]` offsets into `columns`, ascending from 0.
  let rowStarts: [Int]
  /// Items, ascending in each row.
  let columns: SharedBuffer<Int32>
  /// Values; nil where all are 1.
  let values: [Float]?

  /// The items of a user, ascending.
  func row(_ user: Int) -> [Int32] {
    columns.withUnsafeBufferPointer { Array($0[rowStarts[user]..<rowStarts[user + 1]]) }
  }

  /// The split as a matrix of its own, `[users, items]`.
  var matrix: CSRMatrix {
    CSRMatrix(
      rows: users, columns: items, rowStarts: rowStarts, columnIndices: columns.array,
      values: values ?? [Float](repeating: 1, count: columns.count))
  }
}
