// The item-item matrix of co-occurrences and the limit of its size.

import Numerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Dense item-item matrices.
package enum ItemGramian {
  /// Most items a dense item-item matrix is made for: 40,000² floats are 6.4 GB.
  package static let largestItemCount = 40_000

  /// Refuses a number of items whose dense matrix exceeds the limit, or three quarters of this machine's memory.
  /// - Throws: `BaselineError.tooManyItems`.
  package static func check(items: Int, baseline: String) throws(BaselineError) {
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    let fitting = memory > 0 ? Int((0.75 * memory / 4).squareRoot()) : largestItemCount
    let limit = min(largestItemCount, fitting)
    guard items <= limit else { throw .tooManyItems(baseline: baseline, items: items, limit: limit) }
  }

  /// Xᵀ X + r I of the training interactions X, `[items, items]`: how many users two items share.
  ///
  /// Counts are exact in Float32 up to 2²⁴ users. Parallel over rows; Σ_u degree(u)² additions.
  /// - Parameters:
  ///   - training: X, `[users, items]`.
  ///   - regularization: r, added to the diagonal.
  package static func regularized(_ training: CSRMatrix, _ regularization: Double) -> Matrix {
    let items = training.columns
    let byItem = training.transposed().matrix
    let result = Matrix(rows: items, columns: items)
    parallelRanges(items, blockSize: 16) { range in
      for item in range {
        let line = result.row(item)
        for entry in byItem.rowStarts[item]..<byItem.rowStarts[item + 1] {
          let user = Int(byItem.columnIndices[entry])
          let value = byItem.values[entry]
          for position in training.rowStarts[user]..<training.rowStarts[user + 1] {
            line[Int(training.columnIndices[position])] += value * training.values[position]
          }
        }
        line[item] = Float(Double(line[item]) + regularization)
      }
    }
    return result
  }
}
