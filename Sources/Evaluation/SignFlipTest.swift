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
  package func pValue(_ differences: [Double]) -> Double {
    // A flip leaves a zero as it is, and most users of a close comparison are zeros.
    let values = differences.filter { $0 != 0 }
    let bound = abs(values.reduce(0, +)) * (1 - 1e-12)
    let reached = parallelSum(resamples, blockSize: 64) { range in
      var count = 0.0
      for resample in range {
        // The bootstrap draws at epoch 0; these draws are not its.
        let stream = RandomStream(seed: seed, purpose: .bootstrap, epoch: 1, step: resample)
        var sum = 0.0
        var bits = SIMD4<UInt32>()
        for (position, value) in values.enumerated() {
          if position & 127 == 0 { bits = stream.words(at: UInt64(position >> 7)) }
          let word = bits[(position >> 5) & 3]
          sum += (word >> UInt32(position & 31)) & 1 == 0 ? value : -value
        }
        if abs(sum) >= bound { count += 1 }
      }
      return count
    }
    return (1 + reached) / Double(resamples + 1)
  }
}
