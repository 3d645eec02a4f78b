// Every seed's value as a point, one strip a system.

/// A strip plot: points of several seeds and a line at their mean.
struct SeedStrips {
  /// What is shown.
  var title: String
  /// Name, values and mean of every strip.
  var rows: [(name: String, values: [Double], mean: Double)]

  private static let width = 360.0
  private static let left = 8.0
  private static let right = 348.0

  /// The chart as a figure.
  ///
  /// The axis does not start at zero: seeds differ by little, and points, unlike bars, need no zero.
  var markup: Markup {
    let scale = AxisScale(rows.flatMap { $0.values + [$0.mean] })
    func x(_ value: Double) -> Double {
      Self.left + (Self.right - Self.left) * min(1, max(0, scale.place(value)))
    }
    var parts: [Markup] = []
    var y = 2.0
    for row in rows {
      parts.append(Figure.label(row.name, x: Self.left, y: y + 12))
      parts.append(Figure.label(number(row.mean, 4), x: Self.right, y: y + 12, anchor: "end", kind: "value"))
      y += 17
      if row.mean.isFinite { parts.append(Figure.line(x(row.mean), y, x(row.mean), y + 11, kind: "axis")) }
      for value in row.values where value.isFinite {
        parts.append(
          .element(
            "g", ["class": "mark see \(Palette.colour(0))"],
            [
              Palette.mark(
                .disc, x: x(value), y: y + 5.5, radius: 3.5, [.element("title", "\(row.name): \(number(value, 4))")])
            ]))
      }
      y += 17
    }
    var grid: [Markup] = []
    for tick in scale.ticks {
      let place = x(tick.value)
      grid.append(Figure.line(place, 0, place, y, kind: "rule"))
      let anchor = place > Self.right - 14 ? "end" : place < Self.left + 14 ? "start" : "middle"
      grid.append(Figure.label(tick.label, x: place, y: y + 14, anchor: anchor))
    }
    return Figure.figure(
      title: title, note: "points: seeds; line: mean",
      drawing: Figure.drawing(width: Self.width, height: y + 20, label: title, grid + parts))
  }
}
