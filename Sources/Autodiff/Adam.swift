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
  /// Number of steps each parameter has taken, t.
  package private(set) var stepCounts: [Int]
  /// What is optimised.
  package let parameters: [Parameter]
  /// First moments m, one matrix a parameter; none after `end`.
  package private(set) var firstMoments: [Matrix]
  /// Second moments v, one matrix a parameter; none after `end`.
  package private(set) var secondMoments: [Matrix]

  /// An optimiser with zero moments.
  package init(parameters: [Parameter], learningRate: Double) {
    self.parameters = parameters
    self.learningRate = learningRate
    stepCounts = [Int](repeating: 0, count: parameters.count)
    firstMoments = parameters.map { Matrix(rows: $0.value.rows, columns: $0.value.columns) }
    secondMoments = parameters.map { Matrix(rows: $0.value.rows, columns: $0.value.columns) }
  }

  /// Restores the step counts of a checkpoint; the moments are assigned by the caller.
  package func restore(stepCounts: [Int]) {
    precondition(stepCounts.count == parameters.count, "one step count is needed for each parameter")
    self.stepCounts = stepCounts
  }

  /// Lets go of moments and gradients, three times the parameters' memory: no step and no checkpoint can follow.
  package func end() {
    firstMoments = []
    secondMoments = []
    for parameter in parameters { parameter.releaseGradient() }
  }

  /// Moves the first `count` parameters by one step along their gradients, which are zero then; the others keep value,
  /// moments and gradient.
  ///
  /// - Parameters:
  ///   - count: how many parameters move.
  ///   - factors: what the step size of each side is multiplied by.
  ///
  /// The count lets the parameters of an alignment that has not begun yet rest. Each parameter corrects its bias by
  /// its own number of steps.
  package func step(first count: Int, factors: (collaborative: Double, language: Double) = (1, 1)) {
    precondition(firstMoments.count == parameters.count, "a step after the end of training")
    for index in 0..<min(count, parameters.count) {
      stepCounts[index] += 1
      let correction1 = 1 - power(beta1, stepCounts[index])
      let correction2 = 1 - power(beta2, stepCounts[index])
      let parameter = parameters[index]
      let rate = learningRate * (parameter.side == .language ? factors.language : factors.collaborative)
      let stepSize = Float(rate / correction1)
      let rootCorrection = Float(correction2.squareRoot())
      let first = firstMoments[index].pointer
      let second = secondMoments[index].pointer
      parameter.useGradient { sum, multiple in
        parallelRanges(parameter.value.count, blockSize: 16384) { range in
          let start = range.lowerBound
          kernels.adamStep(
            parameter.value.pointer + start, sum.pointer + start, multiple, first + start, second + start,
            range.count, stepSize, beta1, beta2, Float(epsilon), rootCorrection)
        }
      }
    }
  }
}
