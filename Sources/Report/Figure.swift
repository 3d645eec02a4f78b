// What every chart has around its drawing: caption, legend, frame.

/// The frame of a chart.
///
/// Captions and legends are HTML, not part of the drawing, so that they keep the page's text size at every width.
enum Figure {
  /// An entry of a legend.
  struct LegendEntry {
    let name: String
    let index: Int
    let isLine: Bool
  }

  /// A figure with caption, legend and drawing.
  /// - Parameters:
  ///   - title: what is shown.
  ///   - note: how to read it; may be empty.
  ///   - legend: entries; fewer than two are not shown.
  ///   - kind: class of the figure, for its size.
  ///   - drawing: the SVG.
  static func figure(
    title: String, note: String = "", legend: [LegendEntry] = [], kind: String = "chart", drawing: Markup
  ) -> Markup {
    var caption: [Markup] = [.element("strong", title)]
    if !note.isEmpty { caption += [.text(" "), .element("span", ["class": "note"], note)] }
    var children: [Markup] = [.element("figcaption", caption)]
    if legend.count > 1 {
      children.append(.element("div", ["class": "legend"], legend.map(entry)))
    }
    return .element("figure", ["class": kind], children + [drawing])
  }

  private static func entry(_ entry: LegendEntry) -> Markup {
    let sample: Markup =
      entry.isLine
      ? .element("path", ["class": "line \(Palette.line(entry.index))", "d": "M1 6h26"], [])
      : .element(
        "rect", ["class": "bar \(Palette.colour(entry.index))", "x": "8", "y": "1", "width": "12", "height": "10"], [])
    return .element(
      "span", [.element("svg", ["viewBox": "0 0 28 12", "aria-hidden": "true"], [sample]), .text(entry.name)])
  }

  /// A drawing of the given size in its own units.
  static func drawing(width: Double, height: Double, label: String, _ children: [Markup]) -> Markup {
    .element(
      "svg", ["viewBox": "0 0 \(coordinate(width)) \(coordinate(height))", "role": "img", "aria-label": label], children
    )
  }

  /// A text of a drawing.
  static func label(_ text: String, x: Double, y: Double, anchor: String = "start", kind: String? = nil) -> Markup {
    .element(
      "text", ["x": coordinate(x), "y": coordinate(y), "text-anchor": anchor == "start" ? nil : anchor, "class": kind],
      text)
  }

  /// A straight line of a drawing.
  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, kind: String) -> Markup {
    .element(
      "path", ["class": kind, "d": "M\(coordinate(x1)) \(coordinate(y1))L\(coordinate(x2)) \(coordinate(y2))"], [])
  }

  /// A side-by-side arrangement that becomes one column on a narrow page.
  static func grid(_ figures: [Markup], kind: String = "grid") -> Markup {
    figures.isEmpty ? .empty : .element("div", ["class": kind], figures)
  }
}
