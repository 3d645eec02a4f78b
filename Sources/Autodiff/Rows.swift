// Cutting and putting together rows of variables.

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

  /// a above b: `[n + m, d]` from a `[n, d]` and b `[m, d]`.
  package func stackRows(_ a: Variable, _ b: Variable) -> Variable {
    precondition(a.value.columns == b.value.columns, "widths differ")
    let value = Matrix.uninitialized(rows: a.value.rows + b.value.rows, columns: a.value.columns)
    value.pointer.update(from: a.value.pointer, count: a.value.count)
    (value.pointer + a.value.count).update(from: b.value.pointer, count: b.value.count)
    return record(value: value, inputs: [a, b]) { gradient in
      for (input, start) in [(a, 0), (b, a.value.rows)] {
        input.accumulate { target, adds in
          let part = gradient.rows(start..<start + target.rows)
          if adds { target.add(part) } else { target.assign(from: part) }
        }
      }
    }
  }

  /// `x` with the rows `indices` replaced by one row, `[n, d]`.
  ///
  /// The gradient of a replaced row goes to `token`, none to `x`. Source: the mask of RLMRec-Gen, Ren et al. 2024.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - indices: distinct rows of x.
  ///   - token: `[1, d]`.
  package func replaceRows(of x: Variable, at indices: [Int32], with token: Variable) -> Variable {
    let columns = x.value.columns
    let value = x.value.copy()
    for index in indices { value.row(Int(index)).update(from: token.value.pointer, count: columns) }
    return record(value: value, inputs: [x, token]) { gradient in
      token.accumulateSparsely { target in
        for index in indices { kernels.axpy(1, gradient.row(Int(index)), target.pointer, columns) }
      }
      x.accumulate { target, adds in
        let kept = gradient.copy()
        for index in indices { kept.row(Int(index)).update(repeating: 0, count: columns) }
        if adds { target.add(kept) } else { target.assign(from: kept) }
      }
    }
  }
}
