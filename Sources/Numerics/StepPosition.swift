// Where in a training run something happens; opens the random streams that belong there.

/// One mini-batch of a training run, named by its epoch and its index in the epoch.
package struct StepPosition: Sendable {
  /// The run's seed.
  package var seed: UInt64
  /// Zero-based epoch.
  package var epoch: Int
  /// Zero-based step in the epoch.
  package var step: Int

  /// Names a step.
  package init(seed: UInt64, epoch: Int, step: Int) {
    self.seed = seed
    self.epoch = epoch
    self.step = step
  }

  /// The random stream of one consumer at this step; the same whoever else draws, and however often it is opened.
  package func stream(_ purpose: RandomPurpose) -> RandomStream {
    RandomStream(seed: seed, purpose: purpose, epoch: epoch, step: step)
  }
}
