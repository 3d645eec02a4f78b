// A permutation test of paired differences that needs no distribution.

import Numerics

/// The sign-flip test: under "the two systems are exchangeable for every user" each difference is as likely as its
/// negative.
///
/// Source: Fisher 1935, "The Design of Experiments", section 21; Smucker, Allan and Carterette 2007 for retrieval.
/// With T = |Σ_u d_u| and T_b the same after flipping each sign with probability 1/2,
///
///     p = (1 + #{T_b >= T}) / (B + 1)
///
/// where sums that differ by less than 1e-12 of T count as equal, so that rounding decides nothing.
package struct SignFlipTest: Sendable {
  /// Number of random flips, B.
  package let resamples: Int
  private let seed: UInt64

  /// Prepares a test.
  package init(resamples: Int = 10_000, seed: UInt64 = 0) {
    precondition(resamples > 0, "at least one resample is needed")
    self.resamples = resamples
    self.seed = seed
  }

  /// The two-sided p-value of "the mean difference is zero", in (0, 1]; 1 without a user.
  /// - Parameter differences: one for each user.
  package func pValue(_ differences: [Double]) -> Double { pValues([differences]).first ?? 1 }

  /// The p-values of some series over the same users; every series sees the same flips.
  /// - Parameter differences: `[series, users]`.
  func pValues(_ differences: [[Double]]) -> [Double] {
    let users = differences.first?.count ?? 0
    let width = differences.count
    var byUser = [Double](repeating: 0, count: users * width)
    for (column, values) in differences.enumerated() {
      for user in 0..<users { byUser[user * width + column] = values[user] }
    }
    let bounds = differences.map { abs($0.reduce(0, +)) * (1 - 1e-12) }
    var reached = [Int](repeating: 0, count: width * resamples)
    reached.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      byUser.withUnsafeBufferPointer { values in
        parallelRanges(resamples, blockSize: 16) { range in
          var sums = [Double](repeating: 0, count: width)
          for resample in range {
            sums.withUnsafeMutableBufferPointer { sums in flippedSums(resample, values, users, sums) }
            for column in 0..<width {
              target[column * resamples + resample] = abs(sums[column]) >= bounds[column] ? 1 : 0
            }
          }
        }
      }
    }
    return (0..<width).map { column in
      let count = reached[column * resamples..<(column + 1) * resamples].reduce(0, +)
      return Double(1 + count) / Double(resamples + 1)
    }
  }

  /// The sums of all series under one random choice of signs, one bit for each user.
  private func flippedSums(
    _ resample: Int, _ values: UnsafeBufferPointer<Double>, _ users: Int, _ sums: UnsafeMutableBufferPointer<Double>
  ) {
    sums.update(repeating: 0)
    guard let base = values.baseAddress else { return }
    // The bootstrap draws at epoch 0; these draws are not its.
    let stream = RandomStream(seed: seed, purpose: .bootstrap, epoch: 1, step: resample)
    for start in stride(from: 0, to: users, by: 128) {
      let words = stream.words(at: UInt64(start >> 7))
      for lane in 0..<4 {
        var bits = words[lane]
        let first = start + 32 * lane
        for user in first..<max(first, min(users, first + 32)) {
          let sign: Double = bits & 1 == 0 ? 1 : -1
          bits >>= 1
          let row = base + user * sums.count
          for column in 0..<sums.count { sums[column] += sign * row[column] }
        }
      }
    }
  }
}
