// Where a run stands: everything a checkpoint must hold besides parameters and moments.

import Numerics

/// Progress of a run.
///
/// With parameters, moments and the alignment's state it determines all that follows.
package struct TrainingState {
  /// The epoch being trained, zero-based.
  package var epoch = 0
  /// The next step of that epoch.
  package var step = 0
  /// Sums of the loss terms over the finished steps of this epoch, weighted by batch size, and the interactions of the
  /// steps in which a term was computed.
  package var lossSums: [(name: String, value: Double, interactions: Double)] = []
  /// Sum of the weighted totals.
  package var totalSum = 0.0
  /// Seconds already spent on this epoch.
  package var seconds = 0.0
  /// Best validation Recall@20 so far.
  package var bestValue = -1.0
  /// Zero-based epoch of the best validation.
  package var bestEpoch = -1
  /// Validations since the best that count towards stopping.
  package var badEvaluations = 0
  /// Parameter values at the best validation, in the order of the parameters; empty before the first.
  package var bestParameters: [Matrix] = []
  /// The base model's state at the best validation.
  package var bestModelState: [(name: String, value: Matrix)] = []
  /// The alignment's state at the best validation.
  package var bestAlignmentState: [(name: String, value: Matrix)] = []
  /// How the two sides of the alignment move it.
  package var balance = BalanceState()
  /// Lines of the training log so far, without line ends.
  package var log: [String] = []

  /// The state before the first step.
  package init() {}
}
