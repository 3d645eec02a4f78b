// Charts: ticks are round, drawings are finite and inside their frame whatever the numbers are.

import Numerics
import Report
import TestSupport
import Testing

@Suite struct ChartTests {
  /// All numbers of path and coordinate attributes of a drawing.
  private func numbers(_ html: String) -> [Double] {
    var result: [Double] = []
    for attribute in [" d=\"", " x=\"", " y=\"", " cx=\"", " cy=\"", " r=\"", " width=\"", " height=\""] {
      var rest = html[...]
      while let start = rest.firstRange(of: attribute) {
        rest = rest[start.upperBound...]
        guard let end = rest.firstIndex(of: "\"") else { break }
        let text = rest[..<end].map { $0.isLetter ? " " : $0 }
        for (index, piece) in String(text).replacing("-", with: " -").split(separator: " ").enumerated() {
          guard let value = Double(piece) else {
            result.append(.nan)
            continue
          }
          _ = index
          result.append(value)
        }
      }
    }
    return result
  }

  private func expectDrawable(_ html: String, _ comment: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let values = numbers(html)
    #expect(!html.contains("nan") && !html.contains("inf"), "\(comment)", sourceLocation: sourceLocation)
    #expect(values.allSatisfy { $0.isFinite && $0 > -500 && $0 < 5_000 }, "\(comment)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    (0.0, 1.0), (0.17, 0.3021), (-3.8, -2.4), (1e-7, 3e-7), (0, 10_432), (-1, 1), (5, 5), (0, 0), (1e8, 2e12),
    (99.999, 100.001),
  ])
  func linearTicksAreRoundAscendingAndInside(low: Double, high: Double) {
    let scale = AxisScale([low, high, .nan, .infinity])
    let ticks = scale.ticks
    #expect((2...8).contains(ticks.count), "\(ticks)")
    #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value && $0.label != $1.label }, "\(ticks)")
    let margin = (scale.high - scale.low) * 1e-6
    #expect(ticks.allSatisfy { $0.value >= scale.low - margin && $0.value <= scale.high + margin })
    #expect(scale.low <= low && scale.high >= high)
  }

  @Test(arguments: [(0.001, 1_000.0), (2.0, 90.0), (1e-9, 1e9), (4.0, 5.0), (0.25, 128.0)])
  func logarithmicTicksArePositiveAndInside(low: Double, high: Double) {
    let scale = AxisScale([low, high, -3, 0], kind: .logarithmic)
    #expect(scale.kind == .logarithmic && scale.ticks.count >= 2)
    #expect(scale.ticks.allSatisfy { $0.value > 0 && $0.value >= low * 0.99 && $0.value <= high * 1.01 })
    #expect(scale.place(low).magnitude < 1e-9 && (scale.place(high) - 1).magnitude < 1e-9)
    #expect((scale.place((low * high).squareRoot()) - 0.5).magnitude < 1e-9)
  }

  @Test func axesWithoutUsableValuesStillHaveTicks() {
    #expect(AxisScale([Double]()).ticks.count >= 2)
    #expect(AxisScale([.nan, -1, 0], kind: .logarithmic).ticks.count >= 2)
    #expect(AxisScale([.nan]).ticks.count >= 2)
  }

  @Test func chartsOfAnyNumbersAreDrawable() {
    var draws = SplitMix(state: 5)
    let odd: [Double] = [0, -0.0, 1, -1, .nan, .infinity, -.infinity, 1e-300, 1e300, -1e300, 5e-7, 0.3]
    for round in 0..<200 {
      func value() -> Double {
        draws.below(3) == 0 ? odd[draws.below(odd.count)] : Double(draws.below(2_000)) / 100 - 8
      }
      func interval(_ middle: Double) -> ClosedRange<Double>? {
        guard middle.isFinite, draws.below(2) == 0 else { return nil }
        return (middle - 1)...(middle + 2)
      }
      let points = (0..<draws.below(40)).map { _ in
        let y = value()
        return LineChart.Point(value(), y, interval: interval(y))
      }
      var line = LineChart(title: "t", xLabel: "x", series: [LineChart.Series("s", points, style: round)])
      line.yKind = round % 2 == 0 ? .linear : .logarithmic
      line.xKind = round % 3 == 0 ? .linear : .logarithmic
      line.marker = (x: value(), label: "m")
      expectDrawable(line.markup.html, "line \(points)")
      var bars = IntervalBars(
        title: "b",
        groups: (0..<draws.below(4)).map { group in
          IntervalBars.Group(
            "g\(group)",
            (0..<draws.below(4)).map { bar in
              let mean = value()
              return IntervalBars.Bar("b\(bar)", mean, interval: interval(mean), style: bar)
            })
        })
      bars.isDifference = round % 2 == 0
      bars.hasLegend = round % 3 == 0
      expectDrawable(bars.markup.html, "bars \(bars.groups)")
      var map = ScatterMap(
        title: "m",
        points: (0..<draws.below(30)).map { _ in
          ScatterMap.Point(
            x: value(), y: value(), group: draws.below(4) == 0 ? nil : draws.below(40),
            title: draws.below(2) == 0 ? "p" : nil)
        })
      map.groups = (0..<30).map { (group: $0, style: $0, label: "\($0)") }
      expectDrawable(map.markup.html, "map")
    }
  }

  @Test func manyPointsAreThinnedButExtremesStay() {
    var points = (0..<5_000).map { LineChart.Point(Double($0), 1) }
    points[3_777].y = 50
    points[1_234].y = -7
    let html = LineChart(title: "t", xLabel: "x", series: [LineChart.Series("s", points, style: 0)]).markup.html
    #expect(html.utf8.count < 20_000)
    // The outliers are drawn: the line reaches up to the one and down to the other.
    #expect(html.contains("L"))
    let heights = html.split(separator: "L").compactMap { piece in
      piece.split(separator: " ").dropFirst().first.flatMap { Double($0.prefix { $0.isNumber || $0 == "." }) }
    }
    #expect((heights.min() ?? 99) < 60 && (heights.max() ?? 0) > 130)
  }

  @Test func everyPointOfAMapHasItsTitle() {
    let points = (0..<50).map {
      ScatterMap.Point(x: Double($0 % 7), y: Double($0 % 5), group: $0 % 3, title: "<t\($0)>")
    }
    var map = ScatterMap(title: "m", points: points)
    map.groups = [
      (group: 0, style: 0, label: "1"), (group: 1, style: 8, label: "2"), (group: 2, style: 15, label: "3"),
    ]
    let html = map.markup.html
    for index in 0..<50 { #expect(html.contains("<title>&lt;t\(index)&gt;</title>")) }
    #expect(html.contains("<rect") && html.contains("<circle") && html.contains("z\">"))
  }
}
