// How far each side's step moves what both sides share, and a coordinator of step sizes. Guide: Docs/Balance.md.

import Autodiff
import Numerics

/// The balance of a run so far; part of a checkpoint.
package struct BalanceState: Sendable, Equatable {
  /// b, the running mean of log κ: b ← 0.9 b + 0.1 log κ, from 0.
  package var smoothed = 0.0
  /// Measurements taken.
  package var count = 0
  /// Sum of b over the measurements.
  package var smoothedSum = 0.0
  /// Measurements at which b changed its sign while |log κ| > log 2.
  package var signChanges = 0
  /// Measurements of the current epoch.
  package var epochCount = 0
  /// Sum of log κ over them.
  package var epochSum = 0.0
  /// Sum of the log ratio of relative updates over them.
  package var epochUpdateSum = 0.0

  /// Nothing measured.
  package init() {}

  /// The running numbers in a fixed order, for a checkpoint.
  package var values: [Double] {
    [smoothed, Double(count), smoothedSum, Double(signChanges), Double(epochCount), epochSum, epochUpdateSum]
  }

  /// Takes back what `values` returned; nil when it cannot be.
  package init?(values: [Double]) {
    guard values.count == 7, values.allSatisfy({ $0.isFinite && abs($0) < 1e15 }) else { return nil }
    smoothed = values[0]
    count = Int(values[1])
    smoothedSum = values[2]
    signChanges = Int(values[3])
    epochCount = Int(values[4])
    epochSum = values[5]
    epochUpdateSum = values[6]
  }

  /// Takes a measurement in.
  package mutating func add(logKappa: Double, logUpdateRatio: Double) {
    let next = 0.9 * smoothed + 0.1 * logKappa
    if count > 0, next * smoothed < 0, abs(logKappa) > logarithm(2) { signChanges += 1 }
    smoothed = next
    count += 1
    smoothedSum += next
    epochCount += 1
    epochSum += logKappa
    epochUpdateSum += logUpdateRatio
  }

  /// The step-size factors of the coordinator, each between a quarter and four.
  ///
  /// The side that moves the shared distribution less is sped up, the other slowed down.
  /// - Parameter gamma: γ; 0 leaves both at 1.
  package func factors(gamma: Double) -> (collaborative: Double, language: Double) {
    guard gamma > 0 else { return (1, 1) }
    let exponent = min(max(gamma * smoothed / 2, -logarithm(4)), logarithm(4))
    return (exponential(exponent), exponential(-exponent))
  }

  /// The mean of b is beyond log 4: one side did most of the moving all along.
  package var isBiased: Bool { count > 0 && abs(smoothedSum / Double(count)) > logarithm(4) }
  /// b changed its sign in more than 40 % of the measurements.
  package var oscillates: Bool { count > 4 && Double(signChanges) > 0.4 * Double(count) }
}

/// The balance of one epoch, as logged.
package struct EpochBalance: Sendable {
  /// Geometric mean of κ over the epoch's measurements.
  package var kappa: Double
  /// b after the epoch.
  package var smoothed: Double
  /// exp of the mean log ratio of the sides' relative updates, (|ΔL| / |L|) / (|ΔC| / |C|).
  package var updateRatio: Double
}

/// Measures κ = δ_L / δ_C: how far the language side's step alone moves the alignment distribution, over how far the
/// collaborative side's does.
///
/// For probe nodes a, b: q_ab = softmax_b(cos(C_a, L_b) / τ) with τ = 0.1; δ_L = mean_a KL(q_a(C, L') ‖ q_a(C, L)) and
/// δ_C = mean_a KL(q_a(C', L) ‖ q_a(C, L)), where a prime is the state after the step. Inspired by the balance
/// coefficient of CoMMIT (arXiv 2407.20454), which compares a feature encoder and a language model; not that paper's.
package enum BalanceProbe {
  /// Nodes compared.
  package static let size = 256
  /// Steps between two measurements in a long epoch; the first step of every epoch is always measured.
  package static let interval = 50
  private static let temperature = 0.1
  private static let floor = 1e-30

  /// The vectors of the probe's nodes on both sides.
  package typealias Views = (collaborative: Matrix, language: Matrix)

  /// The probe's nodes, ascending; the same in the whole run.
  package static func nodes(count: Int, seed: UInt64) -> [Int32] {
    var stream = RandomStream(seed: seed, purpose: .balanceProbe)
    return stream.sample(size, of: count)
  }

  /// log κ of one step; 0 when neither side moved.
  package static func logKappa(before: Views, after: Views) -> Double {
    let reference = logShares(before.collaborative, before.language)
    let language = divergence(logShares(before.collaborative, after.language), reference)
    let collaborative = divergence(logShares(after.collaborative, before.language), reference)
    return logarithm(language + floor) - logarithm(collaborative + floor)
  }

  /// log q, row by row.
  package static func logShares(_ left: Matrix, _ right: Matrix) -> [[Double]] {
    let similarity = Matrix.uninitialized(rows: left.rows, columns: right.rows)
    gemm(UnitRows(left).value, UnitRows(right).value, transposeB: true, into: similarity)
    return (0..<similarity.rows).map { row in
      let logits = (0..<similarity.columns).map { Double(similarity.row(row)[$0]) / temperature }
      let largest = logits.max() ?? 0
      let total = logits.reduce(0.0) { $0 + exponential($1 - largest) }
      return logits.map { $0 - largest - logarithm(total) }
    }
  }

  /// mean_a KL(p_a ‖ q_a) from logarithms; never negative.
  package static func divergence(_ p: [[Double]], _ q: [[Double]]) -> Double {
    guard !p.isEmpty else { return 0 }
    var sum = 0.0
    for (left, right) in zip(p, q) {
      for (logP, logQ) in zip(left, right) { sum += exponential(logP) * (logP - logQ) }
    }
    return max(0, sum / Double(p.count))
  }

  /// The log ratio of the sides' relative updates: log((|ΔL| / |L|) / (|ΔC| / |C|)).
  package static func logUpdateRatio(parameters: [Parameter], before: [Matrix]) -> Double {
    func relative(_ side: ParameterSide) -> Double {
      var moved = 0.0
      var size = 0.0
      for (parameter, old) in zip(parameters, before) where parameter.side == side {
        let difference = parameter.value.copy()
        difference.add(old, scaled: -1)
        moved += difference.sumOfSquares()
        size += old.sumOfSquares()
      }
      return (moved / max(size, floor)).squareRoot()
    }
    return logarithm(relative(.language) + floor) - logarithm(relative(.collaborative) + floor)
  }
}
