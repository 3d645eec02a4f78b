// Orthogonality of the shared and the specific part.

import Autodiff
import Numerics

extension Tape {
  /// mean_i cos(sp_i, sh_i)² of one side.
  ///
  /// Source: DaRec, L_or (the method adds both sides).
  ///
  /// Range [0, 1]; 0 when every row is orthogonal to its partner. Rows shorter than 1e-12 count as orthogonal.
  /// - Parameters:
  ///   - specific: `[n, d]`.
  ///   - shared: `[n, d]`.
  ///   - name: the term's name in the log.
  ///   - weight: its weight in the total.
  package func orthogonality(specific: Variable, shared: Variable, name: String, weight: Float) -> LossTerm {
    let left = specific.value
    let right = shared.value
    precondition(left.rows == right.rows && left.columns == right.columns, "shapes differ")
    let rows = left.rows
    let columns = left.columns
    // cos, 1/|sp|², 1/|sh|² and 1/(|sp||sh|) of every row, kept for the gradient.
    let facts = Matrix.uninitialized(rows: rows, columns: 4)
    let table = kernels
    let sum = parallelSum(rows, blockSize: 256) { range in
      var sum = 0.0
      for row in range {
        let a = left.row(row)
        let b = right.row(row)
        let lengthA = max(table.dotInDouble(a, a, columns).squareRoot(), 1e-12)
        let lengthB = max(table.dotInDouble(b, b, columns).squareRoot(), 1e-12)
        let cosine = table.dotInDouble(a, b, columns) / (lengthA * lengthB)
        let fact = facts.row(row)
        fact[0] = Float(cosine)
        fact[1] = Float(1 / (lengthA * lengthA))
        fact[2] = Float(1 / (lengthB * lengthB))
        fact[3] = Float(1 / (lengthA * lengthB))
        sum += cosine * cosine
      }
      return sum
    }
    return recordLoss(name: name, value: sum / Double(max(1, rows)), weight: weight) { seed in
      let common = 2 * seed / Float(max(1, rows))
      // d cos / da = b / (|a||b|) - cos a / |a|²; the same with a and b exchanged.
      for (variable, own, other, inverse) in [(specific, left, right, 1), (shared, right, left, 2)] {
        variable.accumulate { target, adds in
          parallelRanges(rows, blockSize: 256) { range in
            for row in range {
              let fact = facts.row(row)
              let outer = common * fact[0]
              let alongOther = outer * fact[3]
              let alongOwn = -outer * fact[0] * fact[inverse]
              let x = own.row(row)
              let y = other.row(row)
              let gradient = target.row(row)
              for column in 0..<columns {
                let value = alongOther * y[column] + alongOwn * x[column]
                gradient[column] = adds ? gradient[column] + value : value
              }
            }
          }
        }
      }
    }
  }
}
