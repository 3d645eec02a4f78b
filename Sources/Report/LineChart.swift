// Curves over a number: training terms, validation, sensitivity.

/// A chart of one or several curves, with confidence bands where there are any.
package struct LineChart: Sendable {
  /// A point of a curve and, optionally, its interval.
  package struct Point: Sendable {
    package var x: Double
    package var y: Double
    /// Lower and upper end of the interval of y.
    package var interval: ClosedRange<Double>?

    /// A point.
    package init(_ x: Double, _ y: Double, interval: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.interval = interval
    }
  }

  /// A curve.
  package struct Series: Sendable {
    package var name: String
    package var points: [Point]
    /// Which colour and dashes it has.
    package var style: Int

    /// A curve; points that are not finite are gaps.
    package init(_ name: String, _ points: [Point], style: Int) {
      self.name = name
      self.points = points
      self.style = style
    }
  }

  /// What is shown.
  package var title: String
  /// How to read it.
  package var note = ""
  /// Name of the horizontal axis.
  package var xLabel: String
  /// Name of the vertical axis, shown above it; may be empty.
  package var yLabel = ""
  /// Spread of the horizontal axis.
  package var xKind = AxisScale.Kind.linear
  /// Spread of the vertical axis.
  package var yKind = AxisScale.Kind.linear
  /// The curves.
  package var series: [Series]
  /// A place on the horizontal axis that is marked, such as the epoch that was kept.
  package var marker: (x: Double, label: String)?

  /// A chart.
  package init(title: String, xLabel: String, series: [Series]) {
    self.title = title
    self.xLabel = xLabel
    self.series = series
  }

  private static let width = 360.0
  private static let height = 214.0
  private static let left = 50.0
  private static let right = 352.0
  private static let top = 16.0
  private static let bottom = 176.0
  /// Points a curve is drawn with at most; more are thinned, keeping the extremes.
  private static let pointLimit = 400
  /// Points up to which each has a mark to hover over.
  private static let markLimit = 12

  /// The chart as a figure.
  package var markup: Markup {
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    let xScale = AxisScale(points.map(\.x), kind: xKind, rounded: false)
    let yScale = AxisScale(
      points.flatMap { point in [point.y] + (point.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) },
      kind: yKind)
    func x(_ value: Double) -> Double { Self.left + (Self.right - Self.left) * min(1, max(0, xScale.place(value))) }
    func y(_ value: Double) -> Double {
      Self.bottom - (Self.bottom - Self.top) * min(1, max(0, yScale.place(value)))
    }
    var parts: [Markup] = []
    for tick in yScale.ticks {
      parts.append(Figure.line(Self.left, y(tick.value), Self.right, y(tick.value), kind: "rule"))
      parts.append(Figure.label(tick.label, x: Self.left - 5, y: y(tick.value) + 4, anchor: "end"))
    }
    for tick in xScale.ticks {
      let place = x(tick.value)
      parts.append(Figure.line(place, Self.bottom, place, Self.bottom + 4, kind: "axis"))
      // A text at the right edge would be cut: it ends there instead.
      parts.append(
        Figure.label(
          tick.label, x: place > Self.right - 12 ? Self.right + 6 : place, y: Self.bottom + 16,
          anchor: place > Self.right - 12 ? "end" : "middle"))
    }
    parts.append(Figure.line(Self.left, Self.bottom, Self.right, Self.bottom, kind: "axis"))
    parts.append(
      Figure.label(xLabel, x: (Self.left + Self.right) / 2, y: Self.height - 5, anchor: "middle", kind: "name"))
    if let marker, marker.x.isFinite {
      let place = x(marker.x)
      parts.append(Figure.line(place, Self.top - 4, place, Self.bottom, kind: "marker"))
      let isRight = place > (Self.left + Self.right) / 2
      parts.append(
        Figure.label(
          marker.label, x: place + (isRight ? -4 : 4), y: Self.top - 4, anchor: isRight ? "end" : "start", kind: "name")
      )
    }
    for curve in series { parts += draw(curve, x, y) }
    let isLogarithmic = yScale.kind == .logarithmic
    let scaleNote = [yLabel, isLogarithmic ? "logarithmic scale" : ""].filter { !$0.isEmpty }.joined(separator: ", ")
    return Figure.figure(
      title: title, note: [scaleNote, note].filter { !$0.isEmpty }.joined(separator: "; "),
      legend: series.map { Figure.LegendEntry(name: $0.name, index: $0.style, isLine: true) },
      drawing: Figure.drawing(
        width: Self.width, height: Self.height, label: "\(title): \(series.map(\.name).joined(separator: ", "))", parts)
    )
  }

  private func draw(_ curve: Series, _ x: (Double) -> Double, _ y: (Double) -> Double) -> [Markup] {
    let shown = Self.thinned(curve.points.filter { $0.x.isFinite })
    var result: [Markup] = []
    let banded = shown.filter { $0.interval != nil && $0.y.isFinite }
    if banded.count > 1 {
      let upper = banded.map { "\(coordinate(x($0.x))) \(coordinate(y($0.interval?.upperBound ?? $0.y)))" }
      let lower = banded.reversed().map { "\(coordinate(x($0.x))) \(coordinate(y($0.interval?.lowerBound ?? $0.y)))" }
      result.append(
        .element(
          "path",
          ["class": "band \(Palette.colour(curve.style))", "d": "M" + (upper + lower).joined(separator: "L") + "z"], [])
      )
    }
    var path = ""
    var isOpen = false
    for point in shown {
      guard point.y.isFinite else {
        isOpen = false
        continue
      }
      path += (isOpen ? "L" : "M") + "\(coordinate(x(point.x))) \(coordinate(y(point.y)))"
      isOpen = true
    }
    if !path.isEmpty {
      result.append(
        .element("path", ["class": "line \(Palette.line(curve.style))", "d": path], [.element("title", curve.name)]))
    }
    if shown.count <= Self.markLimit {
      for point in shown where point.y.isFinite {
        var text = "\(curve.name): \(number(point.y, 4)) at \(xLabel) \(Self.plain(point.x))"
        if let interval = point.interval {
          text += " (\(number(interval.lowerBound, 4)) to \(number(interval.upperBound, 4)))"
          result.append(
            Figure.line(
              x(point.x), y(interval.lowerBound), x(point.x), y(interval.upperBound),
              kind: "whisker \(Palette.colour(curve.style))"))
        }
        result.append(
          .element(
            "g", ["class": "mark \(Palette.colour(curve.style))"],
            [Palette.mark(.disc, x: x(point.x), y: y(point.y), radius: 3.2, [.element("title", text)])]))
      }
    }
    return result
  }

  /// A number of a sentence without needless decimals.
  private static func plain(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e9 ? number(value, 0) : number(value, 4)
  }

  /// Fewer points that look the same: of every run of them its first, lowest, highest and last.
  static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > pointLimit else { return points }
    let run = (points.count * 4 + pointLimit - 1) / pointLimit
    var result: [Point] = []
    for start in stride(from: 0, to: points.count, by: run) {
      let end = min(points.count, start + run)
      var keep = [start, end - 1]
      if let lowest = (start..<end).min(by: { points[$0].y < points[$1].y }) { keep.append(lowest) }
      if let highest = (start..<end).max(by: { points[$0].y < points[$1].y }) { keep.append(highest) }
      keep.sort()
      for (position, index) in keep.enumerated() where position == 0 || keep[position - 1] != index {
        result.append(points[index])
      }
    }
    return result
  }
}
