// The L2 penalty on whole parameters.

import Numerics

extension Tape {
  /// weight · Σ_p |p|_F² over all given parameters (no factor 1/2).
  ///
  /// Source: RLMRec, which penalises whole tables in every step. The reported value is Σ_p |p|_F², summed in
  /// Double.
  package func squaredNorm(of parameters: [Parameter], weight: Float, name: String = "l2") -> LossTerm {
    var value = 0.0
    if weight != 0 { for parameter in parameters { value += parameter.value.sumOfSquares() } }
    let variables = parameters.map { variable($0) }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      for variable in variables {
        variable.accumulate { target, _ in target.add(variable.value, scaled: 2 * seed) }
      }
    }
  }
}
