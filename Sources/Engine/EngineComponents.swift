// What of a user or an item is shared between behaviour and language, and what belongs to one of them.

import Files
import ModelFile
import Numerics

/// How the two parts of one node look on one side.
struct SideParts {
  var sharedNorm: Double
  var specificNorm: Double
  /// The cosine of the shared and the specific part: near 0 when they are disentangled.
  var cosine: Double
}

/// How far the collaborative and the language vectors of a node place it alike.
///
/// The two sides are aligned in structure only, so their coordinates cannot be compared: both measures do not change
/// when either side is rotated.
struct StructureAgreement {
  /// Jaccard index of the ten nearest of the same kind on both sides.
  var neighbourOverlap: Double
  /// How many of the ten nearest are the same.
  var common: Int
  /// Pearson correlation, over a fixed sample of nodes, of the node's cosines on the two sides; nil when one side's do
  /// not vary.
  var correlation: Double?
}

extension Engine {
  /// Neighbours compared between the sides.
  private static let comparedNeighbours = 10
  /// Neighbours listed for each space.
  private static let listedNeighbours = 5
  /// Nodes that similarities are correlated over.
  private static let sampledNodes = 512

  /// Shared and specific parts of one user or item on both sides.
  package func components(kind: EntityKind, id: String) throws(QueryError) -> Answer {
    let index = try index(of: kind, id)
    let quiet = Cancellation()
    let sides = try Side.allCases.map { (side) throws(QueryError) in try parts(kind, index, side) }
    var nearby: [(view: SpaceView, found: [ScoredIndex])] = []
    for view in SpaceView.all where view.space == .shared || view.space == .specific {
      let vectors = try requiredVectors(kind, view)
      let found = try nearest(to: index, in: vectors, top: Self.comparedNeighbours, cancellation: quiet)
      nearby.append((view, found))
    }
    let shared = try agreement(kind, index, .shared, nearby: nearby)
    let specific = try agreement(kind, index, .specific, nearby: nearby)
    let neighbours = nearby.map { (view: $0.view, found: Array($0.found.prefix(Self.listedNeighbours))) }
    let centre = centre(kind, index)
    var record: [JSONValue.Member] = [
      .init("schema", "darec/components/1"), .init("type", "components"), .init("model", modelRecord),
      .init("kind", .string(kind.rawValue)), .init(kind.rawValue, .object(identity(of: kind, index))),
    ]
    for (side, parts) in zip(Side.allCases, sides) {
      record.append(
        .init(
          side.rawValue,
          [
            "shared_norm": .number(parts.sharedNorm), "specific_norm": .number(parts.specificNorm),
            "cosine": .number(parts.cosine),
          ]))
    }
    record.append(.init("shared", Self.record(of: shared)))
    record.append(.init("specific", Self.record(of: specific)))
    if let centre { record.append(.init("centre", centre.record)) }
    record.append(.init("neighbours", .array(neighbours.map { neighbourRecord($0.view, $0.found, kind) })))
    return Answer(
      kind: "components", records: [.object(record)],
      sentences: sentences(kind, index, sides: sides, shared: shared, specific: specific, centre: centre),
      tables: [
        partsTable(sides: sides, shared: shared, specific: specific), neighbourTable(neighbours, kind: kind),
      ])
  }

  private func parts(_ kind: EntityKind, _ index: Int, _ side: Side) throws(QueryError) -> SideParts {
    let shared = try requiredVectors(kind, SpaceView(space: .shared, side: side))
    let specific = try requiredVectors(kind, SpaceView(space: .specific, side: side))
    return SideParts(
      sharedNorm: shared.norm(index), specificNorm: specific.norm(index),
      cosine: cosine(shared.row(index), specific.row(index), shared.width))
  }

  /// Compares where the two sides place a node in one space.
  private func agreement(
    _ kind: EntityKind, _ index: Int, _ space: Space, nearby: [(view: SpaceView, found: [ScoredIndex])]
  ) throws(QueryError) -> StructureAgreement {
    let collaborative = SpaceView(space: space, side: .collaborative)
    let language = SpaceView(space: space, side: .language)
    let nearestSets = [collaborative, language].map { view in
      Set(nearby.filter { $0.view == view }.flatMap { $0.found.map(\.index) })
    }
    let common = nearestSets[0].intersection(nearestSets[1]).count
    let union = nearestSets[0].union(nearestSets[1]).count
    let first = try sampledCosines(kind, index, collaborative)
    let second = try sampledCosines(kind, index, language)
    return StructureAgreement(
      neighbourOverlap: union > 0 ? Double(common) / Double(union) : 0, common: common,
      correlation: pearson(first, second))
  }

  /// Cosines of a node to nodes evenly spaced over all users and items: the same sample for every query.
  private func sampledCosines(_ kind: EntityKind, _ index: Int, _ view: SpaceView) throws(QueryError) -> [Double] {
    let vectors = try requiredVectors(kind, view)
    let node = vectors.offset + index
    let nodes = vectors.matrix.rows
    let wanted = min(nodes, Self.sampledNodes)
    var result: [Double] = []
    for position in 0..<wanted {
      let other = position * nodes / wanted
      if other != node { result.append(cosine(vectors.row(index), vectors.matrix.row(other), vectors.width)) }
    }
    return result
  }

  // MARK: - Centres

  /// The preference centres a node belongs to.
  struct CentreMembership {
    var collaborative: Int
    var language: Int
    /// The language centre that the collaborative centre is matched with.
    var matched: Int
    /// True when the node's own language centre is that one.
    var agrees: Bool { matched == language }

    var record: JSONValue {
      [
        "collaborative": .integer(collaborative), "language": .integer(language),
        "matched_language": .integer(matched), "agrees": .bool(agrees),
      ]
    }
  }

  /// The centres of a node, counted from 1; nil when the model has none.
  func centre(_ kind: EntityKind, _ index: Int) -> CentreMembership? {
    guard let centres = bundle.centres else { return nil }
    let node = kind == .user ? index : bundle.userCount + index
    let collaborative = Int(centres.collaborativeLabels[node])
    return CentreMembership(
      collaborative: collaborative + 1, language: Int(centres.languageLabels[node]) + 1,
      matched: Int(centres.matching[collaborative]) + 1)
  }

  // MARK: - Presentation

  private static func record(of agreement: StructureAgreement) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("neighbour_overlap", .number(agreement.neighbourOverlap)),
      .init("common_neighbours", .integer(agreement.common)),
    ]
    if let correlation = agreement.correlation { members.append(.init("structure_correlation", .number(correlation))) }
    return .object(members)
  }

  private func neighbourRecord(_ view: SpaceView, _ found: [ScoredIndex], _ kind: EntityKind) -> JSONValue {
    var members: [JSONValue.Member] = [.init("space", .string(view.space.rawValue))]
    if let side = view.side { members.append(.init("side", .string(side.rawValue))) }
    let nearest = found.map { result -> JSONValue in
      .object(identity(of: kind, Int(result.index)) + [.init("similarity", .float(result.score))])
    }
    members.append(.init("nearest", .array(nearest)))
    return .object(members)
  }

  private func sentences(
    _ kind: EntityKind, _ index: Int, sides: [SideParts], shared: StructureAgreement, specific: StructureAgreement,
    centre: CentreMembership?
  ) -> [String] {
    let name = name(of: kind, index)
    let strength = shared.correlation ?? 0
    let verdict =
      strength >= 0.7
      ? "agree about \(name)" : strength >= 0.3 ? "partly agree about \(name)" : "see \(name) differently"
    var result = [
      "Behaviour and language \(verdict): the two shared parts order others "
        + "\(strength >= 0.3 ? "alike" : "in their own ways")"
        + " (correlation \(shared.correlation.map { decimal($0, places: 2) } ?? "undefined"), "
        + "\(shared.common) of the \(Self.comparedNeighbours) nearest \(kind.rawValue)s are the same)."
    ]
    let apart = (specific.correlation ?? 0).magnitude < 0.3
    result.append(
      "The specific parts \(apart ? "keep apart what only one side knows" : "still have much in common")"
        + " (correlation \(specific.correlation.map { decimal($0, places: 2) } ?? "undefined"), "
        + "\(specific.common) of \(Self.comparedNeighbours) nearest the same).")
    let largest = sides.map(\.cosine.magnitude).max() ?? 0
    result.append(
      "Shared and specific parts are \(largest < 0.2 ? "nearly orthogonal" : "not orthogonal"): cosine "
        + "\(decimal(sides[0].cosine, places: 2)) from behaviour, \(decimal(sides[1].cosine, places: 2)) from language."
    )
    if let centre {
      result.append(
        centre.agrees
          ? "Both sides put it into the same preference centre "
            + "(\(centre.collaborative), matched with \(centre.matched))."
          : "Behaviour puts it into preference centre \(centre.collaborative), matched with \(centre.matched) of "
            + "language; language puts it into \(centre.language).")
    }
    return result
  }

  /// Names are shorter than the record's, so that the five columns fit a screen of 80 cells.
  private func partsTable(
    sides: [SideParts], shared: StructureAgreement, specific: StructureAgreement
  ) -> AnswerTable {
    func cell(_ value: Double?) -> AnswerCell { value.map { .number($0) } ?? .missing }
    return AnswerTable(
      title: "Parts",
      columns: [
        .init("part", .word), .init("collaborative_norm", .number), .init("language_norm", .number),
        .init("correlation", .number), .init("overlap", .number),
      ],
      rows: [
        [
          .text("shared"), .number(sides[0].sharedNorm), .number(sides[1].sharedNorm), cell(shared.correlation),
          .number(shared.neighbourOverlap),
        ],
        [
          .text("specific"), .number(sides[0].specificNorm), .number(sides[1].specificNorm),
          cell(specific.correlation), .number(specific.neighbourOverlap),
        ],
      ])
  }

  private func neighbourTable(
    _ neighbours: [(view: SpaceView, found: [ScoredIndex])], kind: EntityKind
  ) -> AnswerTable {
    var columns: [AnswerColumn] = [.init("space", .word), .init("side", .word), .init(kind.rawValue, .identifier)]
    if kind == .item { columns.append(.init("title", .title)) }
    columns.append(.init("similarity", .bar))
    var rows: [[AnswerCell]] = []
    for (view, found) in neighbours {
      for result in found {
        var row: [AnswerCell] = [
          .text(view.space.rawValue), view.side.map { .text($0.rawValue) } ?? .missing,
          .text(id(of: kind, Int(result.index))),
        ]
        if kind == .item { row.append(titleCell(of: .item, Int(result.index))) }
        row.append(.number(Double(result.score)))
        rows.append(row)
      }
    }
    return AnswerTable(title: "Nearest in each space", columns: columns, rows: rows)
  }
}

/// Pearson's correlation of two equally long lists; nil when one of them does not vary.
func pearson(_ first: [Double], _ second: [Double]) -> Double? {
  guard first.count == second.count, first.count > 1 else { return nil }
  let firstMean = first.reduce(0, +) / Double(first.count)
  let secondMean = second.reduce(0, +) / Double(second.count)
  var product = 0.0
  var firstSquares = 0.0
  var secondSquares = 0.0
  for (x, y) in zip(first, second) {
    product += (x - firstMean) * (y - secondMean)
    firstSquares += (x - firstMean) * (x - firstMean)
    secondSquares += (y - secondMean) * (y - secondMean)
  }
  let norm = (firstSquares * secondSquares).squareRoot()
  return norm > 0 ? min(1, max(-1, product / norm)) : nil
}
