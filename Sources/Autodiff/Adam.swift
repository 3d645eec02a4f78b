// The Adam optimiser.

import Numerics

/// Adam (Kingma and Ba 2015, algorithm 1): m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g²,
/// x ← x - η (m / (1-β₁ᵗ)) / (sqrt(v / (1-β₂ᵗ)) + ε), with ε outside the root.
package final class Adam {
  /// Step size η.
  package var learningRate: Double
  private let beta1 = 0.9
  private let beta2 = 0.999
  private let epsilon = 1e-8
  /// Number of steps taken, t.
  package private(set) var stepCount = 0
  /// What is optimised.
  package let parameters: [Parameter]
  /// First moments m, one matrix a parameter.
  package let firstMoments: [Matrix]
  /// Second moments v, one matrix a parameter.
  package let secondMoments: [Matrix]

  /// An optimiser with zero moments.
  package init(parameters: [Parameter], learningRate: Double) {
    self.parameters = parameters
    self.learningRate = learningRate
    firstMoments = parameters.map { Matrix(rows: $0.value.rows, columns: $0.value.columns) }
    secondMoments = parameters.map { Matrix(rows: $0.value.rows, columns: $0.value.columns) }
  }

  /// Sets every gradient to zero; called before a step's tape is built.
  package func zeroGradients() {
    for parameter in parameters { parameter.gradient.fill(0) }
  }

  /// Restores the step count of a checkpoint; the moments are assigned by the caller.
  package func restore(stepCount: Int) { self.stepCount = stepCount }

  /// Moves every parameter by one step along its gradient.
  package func step() {
    stepCount += 1
    let correction1 = 1 - power(beta1, stepCount)
    let correction2 = 1 - power(beta2, stepCount)
    for (index, parameter) in parameters.enumerated() {
      adamStep(
        parameter.value, gradient: parameter.gradient, firstMoment: firstMoments[index],
        secondMoment: secondMoments[index], learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        correction1: correction1, correction2: correction2)
    }
  }
}
