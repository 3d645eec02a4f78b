// Maps of many points in the plane, coloured and shaped by group, with texts on hover.

/// A map of points.
package struct ScatterMap: Sendable {
  /// One point.
  package struct Point: Sendable {
    package var x: Double
    package var y: Double
    /// The group that colours it; nil for none.
    package var group: Int?
    /// What is shown on hover; a point without a text is drawn small and in the background.
    package var title: String?

    /// A point.
    package init(x: Double, y: Double, group: Int?, title: String?) {
      self.x = x
      self.y = y
      self.group = group
      self.title = title
    }
  }

  /// What is shown.
  package var title: String
  /// How to read it.
  package var note = ""
  /// The points.
  package var points: [Point]
  /// Which colour and shape a group has, and the text at its middle; groups that are not here are grey.
  package var groups: [(group: Int, style: Int, label: String)] = []

  /// A map.
  package init(title: String, points: [Point]) {
    self.title = title
    self.points = points
  }

  private static let size = 480.0
  private static let margin = 14.0

  /// The map as a figure.
  ///
  /// Both axes have the same unit; only nearness means something, so there are no ticks.
  package var markup: Markup {
    let shown = points.filter { $0.x.isFinite && $0.y.isFinite }
    let lowX = shown.map(\.x).min() ?? 0
    let lowY = shown.map(\.y).min() ?? 0
    let spanX = (shown.map(\.x).max() ?? 0) - lowX
    let spanY = (shown.map(\.y).max() ?? 0) - lowY
    let span = max(spanX, spanY)
    let unit = span > 0 ? (Self.size - 2 * Self.margin) / span : 0
    func x(_ value: Double) -> Double { Self.size / 2 + (value - lowX - spanX / 2) * unit }
    func y(_ value: Double) -> Double { Self.size / 2 - (value - lowY - spanY / 2) * unit }

    var parts: [Markup] = []
    let styles: [(group: Int?, style: Int?)] = [(nil, nil)] + groups.map { ($0.group, $0.style) }
    func isIn(_ point: Point, _ group: Int?) -> Bool {
      guard let group else { return !groups.contains { $0.group == point.group } }
      return point.group == group
    }
    for (group, style) in styles {
      // Many dots as one path of lines without length, whose round ends are the dots.
      let dots = shown.filter { $0.title == nil && isIn($0, group) }
        .map { "M\(coordinate(x($0.x))) \(coordinate(y($0.y)))h0" }.joined()
      if !dots.isEmpty {
        parts.append(.element("path", ["class": "dots \(Self.colour(style))", "d": dots], []))
      }
    }
    for (group, style) in styles {
      let shape = style.map(Palette.shape) ?? .disc
      let marks = shown.filter { $0.title != nil && isIn($0, group) }.map { point in
        Palette.mark(shape, x: x(point.x), y: y(point.y), radius: 3, [.element("title", point.title ?? "")])
      }
      if !marks.isEmpty { parts.append(.element("g", ["class": "points \(Self.colour(style))"], marks)) }
    }
    for (group, _, label) in groups {
      let members = shown.filter { $0.group == group }
      guard !members.isEmpty else { continue }
      let titled = members.filter { $0.title != nil }
      let middle = titled.isEmpty ? members : titled
      // The median stays inside a group that is torn in two unevenly.
      let centreX = middle.map { x($0.x) }.sorted()[middle.count / 2]
      let centreY = middle.map { y($0.y) }.sorted()[middle.count / 2]
      parts.append(Figure.label(label, x: centreX, y: centreY + 5, anchor: "middle", kind: "centre"))
    }
    return Figure.figure(
      title: title, note: note, kind: "map",
      drawing: Figure.drawing(width: Self.size, height: Self.size, label: "\(title): \(shown.count) points", parts))
  }

  private static func colour(_ style: Int?) -> String { style.map(Palette.colour) ?? "grey" }
}
