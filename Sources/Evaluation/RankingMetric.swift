// Ranking metrics with their definitions pinned. Guide: Docs/Method.md, "Metrics".

import Numerics

/// A metric of one user's ranked list. With T the user's relevant items and r_p = 1 where rank p holds one:
package enum RankingMetric: String, CaseIterable, Sendable {
  /// hits / |T| (not capped by k).
  case recall
  /// Σ r_p / log2(p + 1) over p ≤ k, divided by the same sum for the ideal list of min(k, |T|) hits.
  case ndcg
  /// hits / k, whatever the length of the list.
  case precision
  /// 1 where there is a hit.
  case hit
  /// 1 / rank of the first hit.
  case mrr
  /// Σ r_p · precision@p over p ≤ k, divided by min(k, |T|).
  case map

  /// The metric of one list.
  /// - Parameters:
  ///   - hits: r_1, r_2, ...: whether each rank holds a relevant item; may be shorter than k.
  ///   - k: the cut-off.
  ///   - relevant: |T| > 0.
  package func value(hits: [Bool], at k: Int, relevant: Int) -> Double {
    let top = hits.prefix(k)
    switch self {
    case .recall: return Double(top.count { $0 }) / Double(relevant)
    case .precision: return Double(top.count { $0 }) / Double(k)
    case .hit: return top.contains(true) ? 1 : 0
    case .mrr: return top.firstIndex(of: true).map { 1 / Double($0 + 1) } ?? 0
    case .ndcg:
      var gain = 0.0
      for (position, hit) in top.enumerated() where hit { gain += 1 / binaryLogarithm(Double(position + 2)) }
      var ideal = 0.0
      for position in 0..<min(k, relevant) { ideal += 1 / binaryLogarithm(Double(position + 2)) }
      return gain / ideal
    case .map:
      var found = 0.0
      var sum = 0.0
      for (position, hit) in top.enumerated() where hit {
        found += 1
        sum += found / Double(position + 1)
      }
      return sum / Double(min(k, relevant))
    }
  }
}

/// A metric at a cut-off, such as `recall@20`.
package struct MetricName: Sendable, Equatable {
  package let metric: RankingMetric
  package let cutoff: Int

  /// Names a metric.
  package init(_ metric: RankingMetric, _ cutoff: Int) {
    self.metric = metric
    self.cutoff = cutoff
  }

  /// As in reports: `recall@20`.
  package var text: String { "\(metric.rawValue)@\(cutoff)" }
}
