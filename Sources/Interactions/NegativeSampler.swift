// The order of training interactions and one item that each user does not have, drawn anew every epoch.

import Numerics

/// Draws training triples: for each interaction (user, item) one item that is not in the user's training row.
///
/// Negatives are uniform over the known items outside the row, which is what drawing from all of them and rejecting
/// members gives (Docs/Method.md: one negative an interaction and epoch; held-out items can be drawn). Known is an item with
/// a training interaction: one that nobody could have touched says nothing about taste, and drawing it would teach
/// that nobody wants it. Here the r-th item outside the row is found by binary search, so one draw always suffices. A
/// draw is a function of (seed, epoch, interaction): it does not depend on threads or on the order of training.
package struct NegativeSampler: Sendable {
  /// Training interactions, `[users, items]`.
  package let training: CSRMatrix
  /// User of every training interaction, in the matrix's order; its items are `training.columnIndices`.
  package let users: [Int32]
  private let seed: UInt64
  /// The items with training interactions, ascending.
  private let known: [Int32]
  /// Place of every item in `known`; that of an unknown one is not used.
  private let placeInKnown: [Int32]

  /// Creates a sampler.
  /// - Precondition: the matrix has a column or no entry.
  package init(training: CSRMatrix, seed: UInt64) {
    self.training = training
    self.seed = seed
    let degrees = training.columnDegrees()
    known = (0..<Int32(training.columns)).filter { degrees[Int($0)] > 0 }
    var places = [Int32](repeating: 0, count: training.columns)
    for (place, item) in known.enumerated() { places[Int(item)] = Int32(place) }
    placeInKnown = places
    var users: [Int32] = []
    users.reserveCapacity(training.entryCount)
    for user in 0..<training.rows {
      users.append(contentsOf: repeatElement(Int32(user), count: training.degree(user)))
    }
    self.users = users
  }

  /// One negative item for every training interaction, in the matrix's order.
  ///
  /// A user who has every known item gets one uniform over these, which is then one of their own.
  /// - Parameter epoch: zero-based.
  package func negatives(epoch: Int) -> [Int32] {
    let stream = RandomStream(seed: seed, purpose: .negatives, epoch: epoch)
    let matrix = training
    let (known, placeInKnown) = (known, placeInKnown)
    return [Int32](unsafeUninitializedCapacity: users.count) { buffer, count in
      count = users.count
      nonisolated(unsafe) let target = buffer
      parallelRanges(users.count, blockSize: 8192) { range in
        for entry in range {
          let user = Int(users[entry])
          let start = matrix.rowStarts[user]
          let end = matrix.rowStarts[user + 1]
          let outside = known.count - (end - start)
          guard outside > 0 else {
            let draw = Self.draw(stream.words(at: UInt64(entry)), below: known.count)
            target.initializeElement(at: entry, to: known[draw])
            continue
          }
          let rank = Self.draw(stream.words(at: UInt64(entry)), below: outside)
          // Before the k-th item of the row lie (item - k) others; find how many of the row's items to step over.
          var low = start
          var high = end
          while low < high {
            let middle = low + (high - low) / 2
            let place = Int(placeInKnown[Int(matrix.columnIndices[middle])])
            if place - (middle - start) <= rank { low = middle + 1 } else { high = middle }
          }
          target.initializeElement(at: entry, to: known[rank + low - start])
        }
      }
    }
  }

  /// The order in which an epoch goes through the training interactions: a permutation of their positions.
  package func order(epoch: Int) -> [Int32] {
    var stream = RandomStream(seed: seed, purpose: .shuffle, epoch: epoch)
    var order = (0..<Int32(users.count)).map { $0 }
    stream.shuffle(&order)
    return order
  }

  /// Uniform in `0 ..< bound` (Lemire 2019) from the first of four words that is not rejected; that all four are has a
  /// chance below (bound / 2^32)^4, and the last is then taken.
  private static func draw(_ words: SIMD4<UInt32>, below bound: Int) -> Int {
    let limit = UInt32(bound)
    var product: UInt64 = 0
    for index in 0..<4 {
      product = UInt64(words[index]) &* UInt64(limit)
      let low = UInt32(truncatingIfNeeded: product)
      if low >= limit || low >= (0 &- limit) % limit { break }
    }
    return Int(product >> 32)
  }
}
