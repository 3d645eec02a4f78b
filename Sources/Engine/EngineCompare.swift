// Two users or two items beside each other: what they share and what sets them apart.

import Files
import ModelFile
import Numerics

extension Engine {
  /// How near two of a kind are in one space.
  private struct Nearness {
    var view: SpaceView
    var cosine: Double
    /// The second's place among all neighbours of the first, from 1; cosines of different spaces cannot be compared,
    /// places can.
    var place: Int
    var neighbours: Int
  }

  /// Compares two users or two items in every space.
  func compare(_ request: CompareRequest) throws(QueryError) -> Answer {
    let kind = request.kind
    let first = try index(of: kind, request.first)
    let second = try index(of: kind, request.second)
    guard first != second else {
      throw .invalid("'\(request.first)' and '\(request.second)' are the same \(kind.rawValue)")
    }
    let spaces = SpaceView.all.compactMap { view in
      vectors(kind, view).map { nearness(first, second, view: view, in: $0) }
    }
    let matrix = kind == .user ? bundle.interactions : itemUsers
    let sizes = (first: matrix.degree(first), second: matrix.degree(second))
    let common = overlap(kind, first, second)
    let union = sizes.first + sizes.second - common
    let jaccard = union > 0 ? Double(common) / Double(union) : 0
    let centres = (first: centre(kind, first), second: centre(kind, second))
    var record: [JSONValue.Member] = [
      .init("schema", "darec/comparison/1"), .init("type", "comparison"), .init("model", modelRecord),
      .init("kind", .string(kind.rawValue)), .init("first", .object(identity(of: kind, first))),
      .init("second", .object(identity(of: kind, second))),
      .init(
        "interactions",
        [
          "first": .integer(sizes.first), "second": .integer(sizes.second), "common": .integer(common),
          "jaccard": .number(jaccard),
        ]),
      .init(
        "spaces",
        .array(
          spaces.map { nearness -> JSONValue in
            var members: [JSONValue.Member] = [.init("space", .string(nearness.view.space.rawValue))]
            if let side = nearness.view.side { members.append(.init("side", .string(side.rawValue))) }
            members += [
              .init("cosine", .number(nearness.cosine)), .init("place", .integer(nearness.place)),
              .init("neighbours", .integer(nearness.neighbours)),
            ]
            return .object(members)
          })),
    ]
    if let one = centres.first, let other = centres.second {
      record.append(.init("centres", ["first": one.record, "second": other.record]))
    }
    return Answer(
      kind: "comparison", records: [.object(record)],
      sentences: sentences(kind, first, second, spaces: spaces, sizes: sizes, common: common, centres: centres),
      tables: [
        AnswerTable(
          title: "Nearness in each space",
          columns: [
            .init("space", .word), .init("side", .word), .init("cosine", .bar), .init("place", .number),
            .init("of", .number),
          ],
          rows: spaces.map { nearness in
            [
              .text(nearness.view.space.rawValue), nearness.view.side.map { .text($0.rawValue) } ?? .missing,
              .number(nearness.cosine), .integer(nearness.place), .integer(nearness.neighbours),
            ]
          })
      ])
  }

  private func nearness(_ first: Int, _ second: Int, view: SpaceView, in vectors: VectorSet) -> Nearness {
    let query = vectors.row(first)
    let squares = kernels.sumOfSquares(query, vectors.width)
    func cosineToFirst(_ other: Int) -> Double {
      cosine(query, vectors.row(other), vectors.width, firstSquares: squares)
    }
    let own = cosineToFirst(second)
    var place = 1
    for other in 0..<vectors.count where other != first && other != second {
      let value = cosineToFirst(other)
      if value > own || (value == own && other < second) { place += 1 }
    }
    return Nearness(view: view, cosine: own, place: place, neighbours: vectors.count - 1)
  }

  /// The mean place of both sides as a share of all: near 0 when each of the sides puts them next to each other.
  private func meanPlace(_ space: Space, _ spaces: [Nearness]) -> Double? {
    let places = spaces.filter { $0.view.space == space }.map { Double($0.place) / Double(max(1, $0.neighbours)) }
    return places.isEmpty ? nil : places.reduce(0, +) / Double(places.count)
  }

  private func sentences(
    _ kind: EntityKind, _ first: Int, _ second: Int, spaces: [Nearness], sizes: (first: Int, second: Int), common: Int,
    centres: (first: CentreMembership?, second: CentreMembership?)
  ) -> [String] {
    let noun = kind == .user ? "item" : "user"
    var result = [
      "\(capitalized(name(of: kind, first))) and \(name(of: kind, second)) have \(count(common, noun)) in common, of "
        + "\(grouped(sizes.first)) and \(grouped(sizes.second))."
    ]
    if let shared = meanPlace(.shared, spaces), let specific = meanPlace(.specific, spaces) {
      func near(_ place: Double) -> String {
        "\(wholePercent(1 - place)) of the other \(kind.rawValue)s are farther"
      }
      let (sharedNear, specificNear) = (shared < Self.nearShare, specific < Self.nearShare)
      let verdict: String
      switch (sharedNear, specificNear) {
      case (true, true): verdict = "They are alike in what behaviour and text share and in what each keeps to itself"
      case (true, false):
        verdict = "They are alike in what behaviour and text share, and differ in what each keeps to itself"
      case (false, true):
        verdict = "They are alike in what one side keeps to itself, and differ in what behaviour and text share"
      case (false, false): verdict = "They are alike neither in what behaviour and text share nor in what each keeps"
      }
      result.append("\(verdict): shared, \(near(shared)); specific, \(near(specific)) (mean of the two sides).")
    }
    if let one = centres.first, let other = centres.second {
      result.append(
        one.collaborative == other.collaborative
          ? "Behaviour puts both into preference centre \(one.collaborative)."
          : "Behaviour puts them into preference centres \(one.collaborative) and \(other.collaborative).")
    }
    return result
  }

  /// Two of a kind are called alike in a space when their mean place is within this share of all.
  private static let nearShare = 0.1
}
