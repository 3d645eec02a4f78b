// The sum of several variables and the product of a graph with one.

import Numerics

extension Tape {
  /// The sum of variables of one shape, `[n, d]`.
  /// - Precondition: there is at least one variable.
  package func sum(_ variables: [Variable]) -> Variable {
    precondition(!variables.isEmpty, "a sum needs a first variable")
    let value = variables[0].value.copy()
    for variable in variables.dropFirst() { value.add(variable.value) }
    return record(value: value, inputs: variables) { gradient in
      for variable in variables {
        variable.accumulate { target, adds in
          if adds { target.add(gradient) } else { target.assign(from: gradient) }
        }
      }
    }
  }

  /// A x, one propagation without the starting vectors, `[n, d]`.
  ///
  /// Gradient: Aᵀ g.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - graph: A, `[n, n]`.
  package func convolve(_ x: Variable, over graph: PropagationGraph) -> Variable {
    let value = Matrix.uninitialized(rows: x.value.rows, columns: x.value.columns)
    sparseTimesDense(graph.matrix, x.value, into: value)
    return record(value: value, inputs: [x]) { gradient in
      x.accumulate { target, adds in
        sparseTimesDense(graph.transpose, gradient, into: target, accumulate: adds)
      }
    }
  }
}
