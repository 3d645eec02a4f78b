// Maps of a model's spaces, with the same nodes on each.

import ModelFile
import Numerics

/// Users and items chosen for the maps, and how they are named and coloured.
struct MappedNodes {
  /// Users shown, ascending.
  let users: [Int32]
  /// Items shown, ascending.
  let items: [Int32]
  /// Text of every shown item, in that order.
  let titles: [String]

  /// Chooses nodes: three quarters items, or more where there are fewer users; a fixed sample.
  /// - Parameters:
  ///   - bundle: the model.
  ///   - limit: nodes in all.
  init(_ bundle: Bundle, limit: Int) {
    let users = min(bundle.userCount, max(limit / 4, limit - bundle.itemCount))
    let items = min(bundle.itemCount, limit - users)
    var stream = RandomStream(seed: 0, purpose: .mapLayout, step: 2)
    self.users = stream.sample(users, of: bundle.userCount)
    self.items = stream.sample(items, of: bundle.itemCount)
    titles = self.items.map { bundle.itemName(Int($0)) }
  }

  /// Rows of all shown nodes, users first, in a matrix over all nodes.
  func rows(userCount: Int) -> [Int32] { users + items.map { $0 + Int32(userCount) } }

  /// Points of a map of all shown nodes.
  /// - Parameters:
  ///   - map: `[users + items, 2]`.
  ///   - group: the group of a row of the map.
  func points(_ map: PlanarMap, group: (Int) -> Int?) -> [ScatterMap.Point] {
    (0..<map.coordinates.rows).map { row in
      ScatterMap.Point(
        x: Double(map.coordinates[row, 0]), y: Double(map.coordinates[row, 1]), group: group(row),
        title: row < users.count ? nil : titles[row - users.count])
    }
  }
}

/// The maps of one model.
enum SpaceMaps {
  /// Maps of shared and specific parts on both sides, or of the final item vectors and the text where a model has no
  /// parts.
  /// - Parameters:
  ///   - bundle: the model.
  ///   - centres: its preference centres in the order in which they are shown.
  ///   - method: how maps are made.
  ///   - limit: points of a map.
  static func figures(_ bundle: Bundle, centres: [CentreSummary], method: MapMethod, limit: Int) -> [Markup] {
    let nodes = MappedNodes(bundle, limit: limit)
    guard let parts = bundle.components else { return plain(bundle, nodes, method) }
    let rows = nodes.rows(userCount: bundle.userCount)
    // A language centre has the colour of the collaborative centre it is matched with.
    var languageStyle: [Int32: Int] = [:]
    var collaborativeStyle: [Int32: Int] = [:]
    for (style, centre) in centres.enumerated() {
      collaborativeStyle[Int32(centre.collaborative)] = style
      languageStyle[Int32(centre.language)] = languageStyle[Int32(centre.language)] ?? style
    }
    func figure(
      _ title: String, _ map: PlanarMap, _ labels: [Int32]?, _ styles: [Int32: Int], _ name: (CentreSummary) -> Int
    ) -> Markup {
      var result = ScatterMap(
        title: title,
        points: nodes.points(map) { row in labels.flatMap { styles[$0[Int(rows[row])]] } })
      result.note = note(method, map)
      result.groups = centres.enumerated().prefix(Palette.groups).map { style, centre in
        (group: style, style: style, label: "\(name(centre) + 1)")
      }
      return result.markup
    }
    var figures: [Markup] = []
    for (space, collaborative, language) in [
      ("Shared", parts.collaborativeShared, parts.languageShared),
      ("Specific", parts.collaborativeSpecific, parts.languageSpecific),
    ] {
      let first = PlanarMap(collaborative.gatherRows(rows), method: method)
      let second = PlanarMap(language.gatherRows(rows), method: method).turned(to: first)
      figures.append(
        figure(
          "\(space) part, behaviour", first, bundle.centres?.collaborativeLabels, collaborativeStyle, \.collaborative))
      figures.append(
        figure("\(space) part, language", second, bundle.centres?.languageLabels, languageStyle, \.language))
    }
    return figures
  }

  /// The final item vectors, and the text vectors beside them.
  private static func plain(_ bundle: Bundle, _ nodes: MappedNodes, _ method: MapMethod) -> [Markup] {
    func figure(_ title: String, _ map: PlanarMap) -> Markup {
      let points = nodes.titles.indices.map { row in
        ScatterMap.Point(
          x: Double(map.coordinates[row, 0]), y: Double(map.coordinates[row, 1]), group: 0, title: nodes.titles[row])
      }
      var result = ScatterMap(title: title, points: points)
      result.groups = [(group: 0, style: 0, label: "")]
      result.note = note(method, map)
      return result.markup
    }
    let final = PlanarMap(bundle.finalItems.gatherRows(nodes.items), method: method)
    var figures = [figure("Items as they are ranked", final)]
    if let text = bundle.itemText {
      figures.append(
        figure(
          "Items by their text", PlanarMap(text.gatherRows(nodes.items), method: method).turned(to: final)))
    }
    return figures
  }

  private static func note(_ method: MapMethod, _ map: PlanarMap) -> String {
    method.name + (map.explained.map { ", \(percent($0)) of the variance" } ?? "")
  }
}

extension Bundle {
  /// The title of an item, or its id where it has none, cut to a length that fits a page.
  func itemName(_ index: Int) -> String {
    let title = titles.map { $0[index] } ?? ""
    let name = title.isEmpty ? items[index] : title
    return name.count > 100 ? name.prefix(99) + "…" : name
  }
}
