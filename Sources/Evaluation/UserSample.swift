// Users drawn to stand for all of them where ranking everything for everybody takes too long.

import Numerics

/// A number of users, drawn once for a run.
///
/// Ranking takes users x items x width operations, an epoch of training only interactions x width: with a million of each,
/// a validation over everybody takes longer than the training it watches over. In 95 of 100 draws the mean over n users
/// lies within 2 σ / √n of the mean over all.
package struct UserSample: Sendable, Equatable {
  /// Most users taken.
  package let count: Int
  private let seed: UInt64

  /// - Parameters:
  ///   - count: users to take; nil where it is 0: all of them.
  ///   - seed: the run's seed.
  package init?(count: Int, seed: UInt64) {
    guard count > 0 else { return nil }
    self.count = count
    self.seed = seed
  }

  /// `count` of the given users in their order, the same at every call; all of them where there are not more.
  package func chosen(from users: [Int32]) -> [Int32] {
    guard count < users.count else { return users }
    var stream = RandomStream(seed: seed, purpose: .evaluation, epoch: 0, step: 0)
    return stream.sample(count, of: users.count).map { users[Int($0)] }
  }
}
