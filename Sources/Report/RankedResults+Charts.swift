// Charts of rankings: whom a model serves well, and how far it is from another one.

import Engine
import Evaluation
import ModelFile

/// How much better the model is than the one beside it.
struct ResultDifference {
  /// Mean difference over users, model minus base.
  let mean: Double
  /// Its 95 % interval by the paired bootstrap over users.
  let interval: ClosedRange<Double>
  let pValue: Double

  /// In words whether the interval leaves out zero.
  var verdict: String {
    if interval.lowerBound > 0 { return "better beyond what chance over users explains" }
    if interval.upperBound < 0 { return "worse beyond what chance over users explains" }
    return "no difference that chance over users would not explain"
  }
}

extension RankedResults {
  /// The paired difference to the base model on a metric at the cut-off of figures; nil without a base.
  func difference(_ metric: RankingMetric) -> ResultDifference? {
    guard let own = metrics.values(metric, at: Self.cutoff), let other = baseMetrics?.values(metric, at: Self.cutoff),
      let found = PairedBootstrap().difference(first: [own], second: [other])
    else { return nil }
    return ResultDifference(
      mean: found.interval.mean, interval: found.interval.lower...found.interval.upper, pValue: found.pValue)
  }

  /// Recall by how much is known of a user and by how popular an item is; and, beside a base model, differences.
  /// - Parameters:
  ///   - bundle: whose training interactions define the strata.
  ///   - name: the model's name.
  ///   - baseName: the base model's.
  func charts(degreesOf bundle: Bundle, name: String, baseName: String) -> [Markup] {
    var charts: [Markup] = []
    if let baseMetrics {
      let bars = RankingMetric.allCases.compactMap { metric -> IntervalBars.Bar? in
        difference(metric).map {
          IntervalBars.Bar("\(metric.title)@\(Self.cutoff)", $0.mean, interval: $0.interval, style: 0)
        }
      }
      var chart = IntervalBars(title: "\(name) minus \(baseName), \(split)", groups: [IntervalBars.Group("", bars)])
      chart.isDifference = true
      chart.note = "95 % intervals, paired bootstrap over \(grouped(baseMetrics.users.count)) users"
      charts.append(chart.markup)
    }
    let users = UserDegreeStrata.strata(of: metrics, training: ranking.training)
    let baseUsers = baseMetrics.map { UserDegreeStrata.strata(of: $0, training: ranking.training) }
    charts.append(
      chart(
        "Recall@20 by training items of the user", users, baseUsers, name, baseName,
        size: { "\(Self.degrees($0.name)) items: \(grouped($0.metrics.users.count)) users" }))
    let strata = ItemPopularityStrata(training: ranking.training)
    charts.append(
      chart(
        "Recall@20 by popularity of the item", strata.strata(of: lists, ranking),
        baseLists.map { strata.strata(of: $0, ranking) }, name, baseName,
        size: { stratum in
          let share = stratum.placeShare.map { ", \(percent($0)) of lists" } ?? ""
          return "\(Self.popularity(stratum.name)): \(grouped(stratum.items ?? 0)) items\(share)"
        }))
    return charts
  }

  private func chart(
    _ title: String, _ strata: [Stratum], _ other: [Stratum]?, _ name: String, _ baseName: String,
    size: (Stratum) -> String
  ) -> Markup {
    func bar(_ name: String, _ stratum: Stratum, _ style: Int) -> IntervalBars.Bar? {
      guard let values = stratum.metrics.values(.recall, at: Self.cutoff),
        let interval = PairedBootstrap(resamples: 2_000).interval([values])
      else { return nil }
      return IntervalBars.Bar(name, interval.mean, interval: interval.lower...interval.upper, style: style)
    }
    let groups = strata.enumerated().compactMap { index, stratum -> IntervalBars.Group? in
      guard !stratum.metrics.users.isEmpty else { return nil }
      var bars = [bar(name, stratum, 0)]
      if let other, other.indices.contains(index) { bars.append(bar(baseName, other[index], 1)) }
      return IntervalBars.Group(size(stratum), bars.compactMap { $0 })
    }
    var chart = IntervalBars(title: title, groups: groups)
    chart.note = "95 % intervals, bootstrap over users"
    chart.hasLegend = true
    chart.decimals = 3
    return chart.markup
  }

  /// A range of training items in print: `≤ 5`, `6–10`.
  private static func degrees(_ name: String) -> String {
    name.replacing("<=", with: "≤\u{A0}").replacing(">", with: "more than ").replacing("-", with: "–")
  }

  private static func popularity(_ name: String) -> String {
    switch name {
    case "head": "Most popular third"
    case "mid": "Middle third"
    case "tail": "Least popular third"
    case "cold": "Without training users"
    default: name
    }
  }
}
