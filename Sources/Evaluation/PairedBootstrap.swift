// Confidence intervals and paired differences by resampling users. Guide: Docs/Evaluation.md, "Significance".

import Files
import Numerics

/// A mean over users with its bootstrap interval.
package struct BootstrapInterval: Sendable, Equatable {
  /// The mean of the sample itself.
  package let mean: Double
  /// Lower end of the percentile interval.
  package let lower: Double
  /// Upper end of the percentile interval.
  package let upper: Double
  /// Standard deviation of the resampled means.
  package let standardError: Double
  /// Number of users.
  package let users: Int

  /// `mean`, `lower`, `upper`, `standard_error`, `users`.
  package var json: JSONValue {
    .object([
      .init("mean", .finite(mean)), .init("lower", .finite(lower)), .init("upper", .finite(upper)),
      .init("standard_error", .finite(standardError)), .init("users", .integer(users)),
    ])
  }
}

/// How much one system is better than another on the same users.
package struct PairedDifference: Sendable, Equatable {
  /// First minus second.
  package let interval: BootstrapInterval
  /// Two-sided p-value of the bootstrap, in (0, 1].
  package let pValue: Double
  /// Two-sided p-value of the sign-flip test, in (0, 1].
  package let signFlipPValue: Double
  /// The mean difference of each seed; empty where the systems have different numbers of seeds.
  package let seedMeans: [Double]

  /// The interval's members, then `p`, `p_sign_flip`, `seed_means`.
  package var json: JSONValue {
    guard case .object(let members) = interval.json else { return .null }
    return .object(
      members + [
        .init("p", .finite(pValue)), .init("p_sign_flip", .finite(signFlipPValue)),
        .init("seed_means", .array(seedMeans.map { .finite($0) })),
      ])
  }
}

/// The paired bootstrap over users, seeds pooled.
///
/// Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", sections 13.3 (percentile interval) and 15.
///
/// A user's value is the mean over the training seeds, so the unit that is resampled is the user; how much seeds differ
/// is seen in `seedMeans`. With B resamples of n users drawn with replacement and their means in ascending order
/// θ_1 ... θ_B:
///
///     interval = [θ_j, θ_(B+1-j)],  j = max(1, floor(B (1 - confidence) / 2))
///     p = min(1, 2 (1 + min(#{θ_b <= 0}, #{θ_b >= 0})) / (B + 1))
///
/// p is never 0, and with the defaults p < 0.05 exactly where the interval excludes 0. Exchanging the systems changes
/// the sign of every number exactly; a system against itself gives [0, 0] and p = 1. A function of the values and the
/// seed only, never of the number of threads.
package struct PairedBootstrap: Sendable {
  /// Number of resamples, B.
  package let resamples: Int
  /// Nominal coverage of the interval, such as 0.95.
  package let confidence: Double
  private let seed: UInt64

  /// Prepares a bootstrap.
  package init(resamples: Int = 10_000, confidence: Double = 0.95, seed: UInt64 = 0) {
    precondition(resamples > 0, "at least one resample is needed")
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
    self.resamples = resamples
    self.confidence = confidence
    self.seed = seed
  }

  /// The interval of one system's mean.
  /// - Parameter values: `[seeds, users]`.
  /// - Returns: nil where there is no seed or no user.
  package func interval(_ values: [[Double]]) -> BootstrapInterval? {
    guard let pooled = Self.pooled(values), !pooled.isEmpty else { return nil }
    return summarized([pooled]).first?.interval
  }

  /// The difference of two systems, first minus second.
  /// - Parameters:
  ///   - first: `[seeds, users]`.
  ///   - second: `[seeds, users]` over the same users; the number of seeds may differ.
  /// - Returns: nil where there is no seed or no user.
  package func difference(first: [[Double]], second: [[Double]]) -> PairedDifference? {
    differences([(first: first, second: second)]).first.flatMap { $0 }
  }

  /// The differences of two systems on every metric; all metrics share their resamples.
  /// - Parameters:
  ///   - first: one `UserMetrics` for each seed.
  ///   - second: the other system's; the number of seeds may differ.
  /// - Throws: `EvaluationError` where users or metrics are not the same everywhere, or there is none.
  package func differences(
    first: [UserMetrics], second: [UserMetrics]
  ) throws(EvaluationError) -> [(name: MetricName, difference: PairedDifference)] {
    guard let reference = first.first, !second.isEmpty else { throw .noSeeds }
    for metrics in first + second {
      if metrics.users != reference.users { throw .differentUsers(reference.users.count, metrics.users.count) }
      if metrics.names != reference.names { throw .differentMetrics }
    }
    guard !reference.users.isEmpty else { throw .noUsers }
    let pairs = reference.names.indices.map { row in
      (first: first.map { $0.values[row] }, second: second.map { $0.values[row] })
    }
    return zip(reference.names, differences(pairs)).compactMap { name, difference in
      difference.map { (name: name, difference: $0) }
    }
  }

  /// Differences that share their resamples; all over the same number of users.
  private func differences(_ pairs: [(first: [[Double]], second: [[Double]])]) -> [PairedDifference?] {
    var series: [[Double]] = []
    for pair in pairs {
      guard let first = Self.pooled(pair.first), let second = Self.pooled(pair.second), !first.isEmpty else {
        return pairs.map { _ in nil }
      }
      precondition(first.count == second.count, "the systems have different users")
      series.append(zip(first, second).map { $0 - $1 })
    }
    let flips = SignFlipTest(resamples: resamples, seed: seed).pValues(series)
    return zip(pairs, zip(flips, summarized(series))).map { pair, result in
      let (signFlipPValue, (interval, means)) = result
      let notAbove = means.count { $0 <= 0 }
      let notBelow = means.count { $0 >= 0 }
      let tail = Double(1 + min(notAbove, notBelow))
      return PairedDifference(
        interval: interval, pValue: min(1, 2 * tail / Double(resamples + 1)), signFlipPValue: signFlipPValue,
        seedMeans: pair.first.count == pair.second.count
          ? zip(pair.first, pair.second).map { first, second in
            zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) } / Double(first.count)
          } : [])
    }
  }

  /// Each user's mean over the seeds, `[users]`; nil without a seed.
  private static func pooled(_ values: [[Double]]) -> [Double]? {
    guard let first = values.first else { return nil }
    precondition(values.allSatisfy { $0.count == first.count }, "the seeds have different users")
    return first.indices.map { user in values.reduce(0) { $0 + $1[user] } / Double(values.count) }
  }

  /// Intervals of some series, each with its resampled means, ascending.
  private func summarized(_ series: [[Double]]) -> [(interval: BootstrapInterval, means: [Double])] {
    let tail = max(1, Int((Double(resamples) * (1 - confidence) / 2 + 1e-9).rounded(.down)))
    return zip(series, resampledMeans(series)).map { values, means in
      let ordered = means.sorted()
      let centre = means.reduce(0, +) / Double(resamples)
      let squares = means.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
      let interval = BootstrapInterval(
        mean: values.reduce(0, +) / Double(values.count), lower: ordered[tail - 1], upper: ordered[resamples - tail],
        standardError: (squares / Double(max(1, resamples - 1))).squareRoot(), users: values.count)
      return (interval, ordered)
    }
  }

  /// The means of resampled users, `[series, resamples]`; every series sees the same users.
  private func resampledMeans(_ series: [[Double]]) -> [[Double]] {
    let users = series.first?.count ?? 0
    let width = series.count
    // Side by side, the values of a user are one vector that its count multiplies.
    var byUser = [Double](repeating: 0, count: users * width)
    for (column, values) in series.enumerated() {
      for user in 0..<users { byUser[user * width + column] = values[user] }
    }
    var means = [Double](repeating: 0, count: width * resamples)
    means.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      byUser.withUnsafeBufferPointer { buffer in
        guard let values = buffer.baseAddress else { return }
        parallelRanges(resamples, blockSize: 16) { range in
          // Draws are counted first, so that the values are read in order and all series of a user together.
          var counts = [Double](repeating: 0, count: users)
          var sums = [Double](repeating: 0, count: width)
          for resample in range {
            drawCounts(resample, &counts)
            sums.withUnsafeMutableBufferPointer { sums in
              sums.update(repeating: 0)
              for user in 0..<users where counts[user] != 0 {
                let count = counts[user]
                let row = values + user * width
                for column in 0..<width { sums[column] += count * row[column] }
              }
            }
            for column in 0..<width { target[column * resamples + resample] = sums[column] / Double(users) }
          }
        }
      }
    }
    return (0..<width).map { Array(means[$0 * resamples..<($0 + 1) * resamples]) }
  }

  /// How often each user is drawn in a resample.
  ///
  /// Lemire's method as `RandomStream.below`, four words at a time: a word that would bias the draw is passed over.
  private func drawCounts(_ resample: Int, _ counts: inout [Double]) {
    let stream = RandomStream(seed: seed, purpose: .bootstrap, step: resample)
    let bound = UInt32(counts.count)
    let threshold = (0 &- bound) % bound
    counts.withUnsafeMutableBufferPointer { counts in
      counts.update(repeating: 0)
      var position: UInt64 = 0
      var left = counts.count
      while left > 0 {
        let words = stream.words(at: position)
        position += 1
        for lane in 0..<4 where left > 0 {
          let product = UInt64(words[lane]) &* UInt64(bound)
          if UInt32(truncatingIfNeeded: product) < threshold { continue }
          counts[Int(product >> 32)] += 1
          left -= 1
        }
      }
    }
  }
}
