// Colours, dashes and shapes of series and groups.

/// Seven colours that stay apart for the common kinds of colour blindness, with dashes and shapes for more.
///
/// After Okabe and Ito 2008, darkened on white (contrast at least 3 to 1) and lightened on dark grey. The values are in
/// the style sheet as `--c0` to `--c6`; here are only class names, so that light and dark pages share their markup.
package enum Palette {
  /// Number of colours.
  package static let colours = 7
  /// Groups that can be told apart: colours times shapes.
  package static let groups = colours * Shape.allCases.count

  /// The class that colours a group; beyond the last colour they repeat.
  package static func colour(_ index: Int) -> String { "c\(((index % colours) + colours) % colours)" }

  /// The class of a line: its colour and its dashes.
  package static func line(_ index: Int) -> String { "\(colour(index)) d\(min(3, max(0, index) % 4))" }

  /// A mark of a map.
  package enum Shape: Int, CaseIterable, Sendable {
    case disc, square, triangle, diamond
  }

  /// The shape of a group: changes after every round of colours.
  package static func shape(_ index: Int) -> Shape {
    Shape(rawValue: (max(0, index) / colours) % Shape.allCases.count) ?? .disc
  }

  /// A mark around a point.
  static func mark(_ shape: Shape, x: Double, y: Double, radius r: Double, _ children: [Markup]) -> Markup {
    let (cx, cy) = (coordinate(x), coordinate(y))
    switch shape {
    case .disc: return .element("circle", ["cx": cx, "cy": cy, "r": coordinate(r)], children)
    case .square:
      let side = coordinate(1.8 * r)
      return .element(
        "rect", ["x": coordinate(x - 0.9 * r), "y": coordinate(y - 0.9 * r), "width": side, "height": side], children)
    case .triangle:
      return .element(
        "path",
        [
          "d":
            "M\(cx) \(coordinate(y - 1.2 * r))l\(coordinate(1.2 * r)) \(coordinate(2.1 * r))h\(coordinate(-2.4 * r))z"
        ],
        children)
    case .diamond:
      let d = coordinate(1.3 * r)
      return .element("path", ["d": "M\(cx) \(coordinate(y - 1.3 * r))l\(d) \(d)l-\(d) \(d)l-\(d) -\(d)z"], children)
    }
  }
}
