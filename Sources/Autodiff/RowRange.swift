// A run of consecutive rows of a variable.

import Numerics

extension Tape {
  /// Rows `range` of `source`, `[range.count, columns]`: all users or all items of a table of nodes.
  /// - Parameters:
  ///   - source: `[n, d]`.
  ///   - range: rows inside `0 ..< n`.
  package func rows(_ source: Variable, _ range: Range<Int>) -> Variable {
    record(value: source.value.rows(range), inputs: [source]) { gradient in
      source.accumulateSparsely { target in
        let start = target.row(range.lowerBound)
        parallelRanges(gradient.count, blockSize: 32_768) { part in
          kernels.axpy(1, gradient.pointer + part.lowerBound, start + part.lowerBound, part.count)
        }
      }
    }
  }
}
