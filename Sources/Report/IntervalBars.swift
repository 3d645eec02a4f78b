// Bars with intervals, in groups: metrics of systems, of strata, differences from zero.

/// A chart of horizontal bars with whiskers.
///
/// Horizontal, with the name above each bar, because names of systems are longer than a phone is wide.
package struct IntervalBars: Sendable {
  /// One bar.
  package struct Bar: Sendable {
    package var name: String
    package var value: Double
    /// Lower and upper end of the interval of the value.
    package var interval: ClosedRange<Double>?
    /// Which colour it has.
    package var style: Int

    /// A bar.
    package init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil, style: Int = 0) {
      self.name = name
      self.value = value
      self.interval = interval
      self.style = style
    }
  }

  /// Bars under one heading.
  package struct Group: Sendable {
    package var name: String
    package var bars: [Bar]

    /// A group; an empty name has no heading.
    package init(_ name: String, _ bars: [Bar]) {
      self.name = name
      self.bars = bars
    }
  }

  /// What is shown.
  package var title: String
  /// How to read it.
  package var note = ""
  /// The bars.
  package var groups: [Group]
  /// Decimals of the values.
  package var decimals = 4
  /// Whether values are differences: drawn as points with a line at zero, written with their sign.
  package var isDifference = false
  /// Whether bars of the same colour mean the same in all groups, and are named in a legend instead of at the bar.
  package var hasLegend = false

  /// A chart.
  package init(title: String, groups: [Group]) {
    self.title = title
    self.groups = groups
  }

  private static let width = 360.0
  private static let left = 6.0
  private static let right = 350.0

  /// The chart as a figure.
  package var markup: Markup {
    let bars = groups.flatMap(\.bars)
    let scale = AxisScale(
      bars.flatMap { bar in [bar.value] + (bar.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) },
      includesZero: true)
    func x(_ value: Double) -> Double {
      Self.left + (Self.right - Self.left) * min(1, max(0, scale.place(value)))
    }
    var parts: [Markup] = []
    var y = 2.0
    for group in groups {
      if !group.name.isEmpty {
        parts.append(Figure.label(group.name, x: Self.left, y: y + 13, kind: "heading"))
        y += 19
      }
      for bar in group.bars {
        parts += draw(bar, &y, x)
      }
      y += hasLegend ? 8 : 3
    }
    let bottom = y + 2
    var grid: [Markup] = []
    for tick in scale.ticks {
      let place = x(tick.value)
      grid.append(Figure.line(place, 0, place, bottom, kind: tick.value == 0 ? "axis" : "rule"))
      let anchor = place > Self.right - 14 ? "end" : place < Self.left + 14 ? "start" : "middle"
      grid.append(Figure.label(tick.label, x: place, y: bottom + 14, anchor: anchor))
    }
    let legend = hasLegend ? legendEntries : []
    return Figure.figure(
      title: title, note: note, legend: legend,
      drawing: Figure.drawing(width: Self.width, height: bottom + 20, label: title, grid + parts))
  }

  private func draw(_ bar: Bar, _ y: inout Double, _ x: (Double) -> Double) -> [Markup] {
    var parts: [Markup] = []
    let text = bar.value.isFinite ? number(bar.value, decimals, plus: isDifference) : "\u{2013}"
    if !hasLegend {
      parts.append(Figure.label(bar.name, x: Self.left, y: y + 12))
      parts.append(Figure.label(text, x: Self.right, y: y + 12, anchor: "end", kind: "value"))
      y += 16
    }
    let height = 11.0
    var hover = "\(bar.name): \(text)"
    if let interval = bar.interval {
      hover +=
        " (\(number(interval.lowerBound, decimals, plus: isDifference)) to "
        + "\(number(interval.upperBound, decimals, plus: isDifference)))"
    }
    if bar.value.isFinite {
      let title = Markup.element("title", hover)
      let place = x(bar.value)
      if isDifference {
        parts.append(
          .element(
            "g", ["class": "mark \(Palette.colour(bar.style))"],
            [Palette.mark(.disc, x: place, y: y + height / 2, radius: 4.5, [title])]))
      } else {
        let start = min(x(0), place)
        parts.append(
          .element(
            "rect",
            [
              "class": "bar \(Palette.colour(bar.style))", "x": coordinate(start), "y": coordinate(y),
              "width": coordinate(max(0.5, (place - x(0)).magnitude)), "height": coordinate(height),
            ], [title]))
      }
      if let interval = bar.interval {
        let (low, high, middle) = (x(interval.lowerBound), x(interval.upperBound), y + height / 2)
        let kind = isDifference ? "whisker \(Palette.colour(bar.style))" : "whisker"
        parts.append(Figure.line(low, middle, high, middle, kind: kind))
        parts.append(Figure.line(low, middle - 3, low, middle + 3, kind: kind))
        parts.append(Figure.line(high, middle - 3, high, middle + 3, kind: kind))
      }
      if hasLegend {
        let end = max(place, bar.interval.map { x($0.upperBound) } ?? place)
        let isInside = end > Self.right - 46
        parts.append(
          Figure.label(
            text, x: isInside ? min(place, bar.interval.map { x($0.lowerBound) } ?? place) - 5 : end + 5, y: y + 10,
            anchor: isInside ? "end" : "start", kind: isInside && !isDifference ? "value inside" : "value"))
      }
    }
    y += height + (hasLegend ? 3 : 6)
    return parts
  }

  /// The names of the colours, in order of first use.
  private var legendEntries: [Figure.LegendEntry] {
    var result: [Figure.LegendEntry] = []
    for bar in groups.flatMap(\.bars) where !result.contains(where: { $0.index == bar.style && $0.name == bar.name }) {
      result.append(Figure.LegendEntry(name: bar.name, index: bar.style, isLine: false))
    }
    return result
  }
}
