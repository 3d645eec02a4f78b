// The L2 penalty on whole parameters.

import Numerics

extension Tape {
  /// weight · Σ_p |p|_F² over all given parameters (no factor 1/2).
  ///
  /// Source: RLMRec, which penalises whole tables in every step. The reported value is Σ_p |p|_F², summed in
  /// Double. Gradient: 2 weight p, kept as a multiple of the value (`Parameter`).
  package func squaredNorm(of parameters: [Parameter], weight: Float, name: String = "l2") -> LossTerm {
    var value = 0.0
    if weight != 0 { for parameter in parameters { value += parameter.value.sumOfSquares() } }
    return recordLoss(name: name, value: value, weight: weight) { seed in
      for parameter in parameters { parameter.accumulate(multipleOfValue: 2 * seed) }
    }
  }
}
