// Selecting rows of a variable.

import Numerics

extension Tape {
  /// Rows `indices` of `source`, `[indices.count, columns]`; the gradient is added to the rows it came from.
  /// - Parameters:
  ///   - source: `[n, d]`.
  ///   - indices: row numbers in `0 ..< n`, in any order. Repeated rows are allowed.
  package func gatherRows(_ source: Variable, _ indices: [Int32]) -> Variable {
    let value = source.value.gatherRows(indices)
    return record(value: value, inputs: [source]) { gradient in
      source.accumulateSparsely { target in
        let columns = gradient.columns
        // Serial on purpose: rows may repeat, and the order of additions must not depend on threads.
        for (position, index) in indices.enumerated() {
          kernels.axpy(1, gradient.row(position), target.row(Int(index)), columns)
        }
      }
    }
  }
}
