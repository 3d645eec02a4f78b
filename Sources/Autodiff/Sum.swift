// The sum of several variables.

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
}
