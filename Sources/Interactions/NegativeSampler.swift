// Negative items and the order of interactions, drawn anew every epoch.

import Numerics

/// Draws one negative item for every training interaction of an epoch. Source: METHOD 5.
///
/// Uniform over items, rejected while the user has the item in training (items of other splits can be drawn). The draw
/// of interaction n in an epoch is a function of (seed, epoch, n) only, so it does not depend on threads, batches or
/// on where a run was resumed.
package struct NegativeSampler: Sendable {
  private let training: CSRMatrix
  private let seed: UInt64
  /// Tries before the sampler enumerates the user's free items instead.
  private static let attempts = 64

  /// A sampler.
  /// - Parameters:
  ///   - training: `[users, items]`.
  ///   - seed: the run's seed.
  package init(training: CSRMatrix, seed: UInt64) {
    self.training = training
    self.seed = seed
  }

  /// The order in which the interactions of an epoch are visited: a permutation of `0 ..< entries`.
  package func order(epoch: Int) -> [Int32] {
    var order = (0..<Int32(training.entryCount)).map { $0 }
    var stream = RandomStream(seed: seed, purpose: .shuffle, epoch: epoch)
    stream.shuffle(&order)
    return order
  }

  /// One negative item for each interaction, in the order of the matrix's entries.
  ///
  /// A user that has every item has no negative: for such a user the draw is any item, and the loss of that pair is a
  /// comparison of two positives, which carries no information but does no harm.
  package func negatives(epoch: Int) -> [Int32] {
    let items = training.columns
    var result = [Int32](repeating: 0, count: training.entryCount)
    guard items > 0 else { return result }
    let stream = RandomStream(seed: seed, purpose: .negatives, epoch: epoch)
    result.withUnsafeMutableBufferPointer { buffer in
      let negatives = buffer
      parallelRanges(training.rows, blockSize: 256) { users in
        for user in users {
          for entry in training.rowStarts[user]..<training.rowStarts[user + 1] {
            negatives[entry] = draw(user: user, entry: entry, items: items, stream: stream)
          }
        }
      }
    }
    return result
  }

  private func draw(user: Int, entry: Int, items: Int, stream: RandomStream) -> Int32 {
    for attempt in 0..<Self.attempts / 4 {
      // Each interaction owns 16 counter positions, four candidates each.
      let words = stream.words(at: UInt64(entry) << 4 | UInt64(attempt))
      for lane in 0..<4 {
        let candidate = Int32((UInt64(words[lane]) * UInt64(items)) >> 32)
        if !training.contains(row: user, column: candidate) { return candidate }
      }
    }
    // A user with nearly every item: count through the free ones instead of guessing on.
    let word = UInt64(stream.words(at: UInt64(entry) << 4 | 15)[0])
    let free = items - training.degree(user)
    guard free > 0 else { return Int32((word * UInt64(items)) >> 32) }
    var remaining = Int((word * UInt64(free)) >> 32)
    var owned = training.rowStarts[user]
    for item in 0..<Int32(items) {
      if owned < training.rowStarts[user + 1], training.columnIndices[owned] == item {
        owned += 1
        continue
      }
      if remaining == 0 { return item }
      remaining -= 1
    }
    return 0
  }
}
