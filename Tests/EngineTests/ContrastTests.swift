// Why-not, paths, comparisons, steering and centres against brute force.

import Engine
import Files
import ModelFile
import Numerics
import Testing

@Suite struct ContrastTests {
  private func ask(_ engine: Engine, _ query: Query) throws -> JSONValue {
    try #require(try engine.answer(query, cancellation: Cancellation()).records.first)
  }

  private func index(_ value: JSONValue?) throws -> Int {
    let text = try #require(value?["id"]?.string)
    return try #require(Int(text.split(separator: "-").last ?? ""))
  }

  // MARK: - Why not

  @Test(arguments: ["propagation", "representation"])
  func leadsAreTheSumsOfTheirDifferences(attribution: String) throws {
    let model = ExampleModel(attribution: attribution)
    let engine = try model.engine()
    let order = try engine.recommendedItems(user: "user-2", top: 40)
    for place in [0, 1, 4, order.count - 1] {
      var request = WhyNotRequest(user: "user-2", item: order[place])
      request.top = 5
      let record = try ask(engine, .whyNot(request))
      #expect(record["rank"]?.int == place + 1)
      let rivals = record["outranked_by"]?.array ?? []
      #expect(rivals.compactMap { $0["id"]?.string } == Array(order.prefix(min(5, place))))
      func terms(_ item: String) throws -> [String: Double] {
        let explained = try engine.explain(
          ExplainRequest(user: "user-2", item: item), cancellation: Cancellation()
        ).records.first
        return Dictionary(
          uniqueKeysWithValues: (explained?["contributions"]?.array ?? []).map {
            ($0["id"]?.string ?? "self", $0["value"]?.double ?? .nan)
          })
      }
      let own = try terms(order[place])
      for rival in rivals {
        let theirs = try terms(rival["id"]?.string ?? "")
        let lead = try #require(rival["lead"]?.double)
        #expect(((theirs.values.reduce(0, +) - own.values.reduce(0, +)) - lead).magnitude < 1e-5)
        var rest = lead
        for difference in rival["differences"]?.array ?? [] {
          let key = difference["id"]?.string ?? "self"
          let value = try #require(difference["value"]?.double)
          #expect((value - ((theirs[key] ?? .nan) - (own[key] ?? .nan))).magnitude < 1e-9)
          rest -= value
        }
        #expect(((rival["residual"]?.double ?? .nan) - rest).magnitude < 1e-9)
      }
    }
  }

  // MARK: - Paths

  /// Walks u - j - v with three layers: what is left at v is its layer 0 and what one more step brings.
  @Test func pathsAreWhatTheLayersCarry() throws {
    let model = ExampleModel()
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    guard case .propagation(let own, _) = bundle.attribution else { return }
    let graph = DenseGraph(bundle.interactions)
    let layers = graph.layers(
      DenseGraph.vectors(own) + DenseGraph.vectors(try #require(bundle.propagation?.items)), 3)
    for (user, item) in [(0, 20), (4, 1), (17, 12)] {
      var request = PathRequest(user: "user-\(user)", item: "item-\(item)")
      request.top = 100_000
      let record = try ask(engine, .path(request))
      let target = DenseGraph.vectors(bundle.finalItems)[item]
      var expected = 0
      for past in bundle.interactions.row(user).map(Int.init) where past != item {
        for other in 0..<model.users
        where other != user && bundle.interactions.contains(row: other, column: Int32(past))
          && bundle.interactions.contains(row: other, column: Int32(item))
        { expected += 1 }
      }
      let paths = record["paths"]?.array ?? []
      #expect(paths.count == expected && record["paths_in_all"]?.int == expected)
      for path in paths {
        let past = try index(path["item"])
        let other = try index(path["user"])
        let weight = graph.matrix[user][model.users + past] * graph.matrix[model.users + past][other]
        let value = weight * (dot(layers[0][other], target) + dot(layers[1][other], target))
        #expect(((path["value"]?.double ?? .nan) - value).magnitude < 1e-6)
      }
      let values = numbers(record, "paths", "value")
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
      #expect(((record["sum"]?.double ?? .nan) - values.reduce(0, +)).magnitude < 1e-9)
    }
  }

  /// The same with self-loops: the number of walks that stay a while is in the weights.
  @Test func pathsWithSelfLoopsAreWhatTheLayersCarry() throws {
    let model = ExampleModel(attribution: "none", isConcatenated: true, layers: 3)
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    let graph = DenseGraph(bundle.interactions, hasSelfLoops: true)
    let all = graph.layers(
      DenseGraph.vectors(bundle.finalUsers, columns: model.dimension)
        + DenseGraph.vectors(bundle.finalItems, columns: model.dimension), 3)
    var request = PathRequest(user: "user-4", item: "item-1")
    request.top = 100_000
    let record = try ask(engine, .path(request))
    #expect((record["paths"]?.array ?? []).count > 10)
    for path in record["paths"]?.array ?? [] {
      let past = model.users + (try index(path["item"]))
      let other = try index(path["user"])
      // The message of v reaches j, stays there or not, then the user, and stays there or not: layer by layer.
      var atItem = [Double](repeating: 0, count: model.dimension)
      var atUser = atItem
      var expected = 0.0
      for layer in 1...3 {
        let arrived = atItem
        atUser = zip(atUser, arrived).map { graph.matrix[4][4] * $0 + graph.matrix[4][past] * $1 }
        atItem = zip(arrived, all[layer - 1][other]).map {
          graph.matrix[past][past] * $0 + graph.matrix[past][other] * $1
        }
        expected += dot(atUser, all[layer][model.users + 1])
      }
      #expect(((path["value"]?.double ?? .nan) - expected).magnitude < 1e-6)
    }
  }

  @Test func modelsWithoutAGraphHaveNoPaths() throws {
    let engine = try ExampleModel(attribution: "representation").engine()
    #expect(throws: QueryError.self) {
      try engine.answer(.path(PathRequest(user: "user-1", item: "item-1")), cancellation: Cancellation())
    }
    let older = try ExampleModel(hasRecipe: false).engine()
    #expect(try ask(older, .path(PathRequest(user: "user-1", item: "item-1")))["reason"]?.string == "no_recipe")
  }

  // MARK: - Comparisons

  @Test func placesAreThoseOfSimilar() throws {
    let engine = try ExampleModel(userTextDerived: false).engine()
    for kind in EntityKind.allCases {
      let (first, second) = ("\(kind.rawValue)-3", "\(kind.rawValue)-11")
      let record = try ask(engine, .compare(CompareRequest(kind: kind, first: first, second: second)))
      #expect(record["spaces"]?.array?.count == 6)
      for space in record["spaces"]?.array ?? [] {
        var request = SimilarRequest(kind: kind, id: first)
        request.space = try #require(Space(rawValue: space["space"]?.string ?? ""))
        request.side = space["side"]?.string.flatMap { Side(rawValue: $0) } ?? .collaborative
        request.top = 100
        let near = try engine.similar(request, cancellation: Cancellation()).records.first
        let entry = near?["neighbours"]?.array?.first { $0["id"]?.string == second }
        #expect(space["place"]?.int == entry?["rank"]?.int)
        #expect(((space["cosine"]?.double ?? .nan) - (entry?["similarity"]?.double ?? 0)).magnitude < 1e-6)
      }
    }
    #expect(throws: QueryError.self) {
      try engine.answer(
        .compare(CompareRequest(kind: .item, first: "item-1", second: "item-1")), cancellation: Cancellation())
    }
  }

  // MARK: - Steering

  @Test func steeredScoresAreTheMixtureAndAddUp() throws {
    let model = ExampleModel()
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    for isTowards in [true, false] {
      var request = SteerRequest(user: "user-1", item: "item-30", isTowards: isTowards)
      request.strength = 0.4
      request.top = 40
      let record = try ask(engine, .steer(request))
      let user = DenseGraph.vectors(bundle.finalUsers)[1]
      let items = DenseGraph.vectors(bundle.finalItems)
      let length = (dot(user, user) / dot(items[30], items[30])).squareRoot()
      for entry in record["items"]?.array ?? [] {
        let item = try index(entry)
        #expect(item != 30 && !bundle.interactions.contains(row: 1, column: Int32(item)))
        let expected = 0.6 * dot(user, items[item]) + (isTowards ? 0.4 : -0.4) * length * dot(items[30], items[item])
        #expect(((entry["score"]?.double ?? .nan) - expected).magnitude < 1e-5)
      }
      let scores = numbers(record, "items", "score")
      #expect(zip(scores, scores.dropFirst()).allSatisfy { $0 >= $1 })
      let explained = try #require(record["explained"])
      #expect(explained["exact"]?.bool == true && (explained["residual"]?.double ?? .nan).magnitude < 1e-5)
      #expect(texts(explained, "contributions", "kind").contains("steering"))
    }
  }

  // MARK: - New people

  @Test(arguments: [ExampleModel(), ExampleModel(attribution: "representation"), ExampleModel(attribution: "none")])
  func aNewPersonIsToldWhy(model: ExampleModel) throws {
    let engine = try model.engine()
    var request = RecommendRequest(user: nil)
    request.items = ["item-3", "item-11", "item-24"]
    let record = try engine.recommend(request, cancellation: Cancellation()).records.first
    let explained = try #require(record?["explained"])
    #expect(explained["item"]?["id"]?.string == record?["items"]?.array?.first?["id"]?.string)
    #expect(Set(texts(explained, "contributions", "id")) == ["item-3", "item-11", "item-24"])
    #expect((explained["residual"]?.double ?? .nan).magnitude < 1e-5)
    // One item alone carries the whole score.
    request.items = ["item-11"]
    let alone = try engine.recommend(request, cancellation: Cancellation()).records.first
    let values = numbers(alone?["explained"], "contributions", "value")
    let value = try #require(values.first)
    #expect((value - (alone?["items"]?.array?.first?["score"]?.double ?? .nan)).magnitude < 1e-5)
  }

  // MARK: - Centres

  @Test func centresCountWhatBothSidesPutThere() throws {
    let model = ExampleModel()
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    let centres = try #require(bundle.centres)
    let record = try ask(engine, .centres(number: nil))
    #expect(record["centres"]?.array?.count == 3)
    for (row, entry) in (record["centres"]?.array ?? []).enumerated() {
      let matched = Int(centres.matching[row])
      #expect(entry["centre"]?.int == row + 1 && entry["matched_language"]?.int == matched + 1)
      let nodes = 0..<model.users + model.items
      let behaviour = Set(nodes.filter { Int(centres.collaborativeLabels[$0]) == row })
      let language = Set(nodes.filter { Int(centres.languageLabels[$0]) == matched })
      #expect(entry["collaborative"]?["users"]?.int == behaviour.count { $0 < model.users })
      #expect(entry["collaborative"]?["items"]?.int == behaviour.count { $0 >= model.users })
      #expect(entry["language"]?["items"]?.int == language.count { $0 >= model.users })
      let both = behaviour.intersection(language).count
      #expect((entry["both"]?["users"]?.int ?? 0) + (entry["both"]?["items"]?.int ?? 0) == both)
      let union = behaviour.union(language).count
      #expect(((entry["agreement"]?.double ?? .nan) - (union > 0 ? Double(both) / Double(union) : 0)).magnitude < 1e-12)
      let opened = try ask(engine, .centres(number: row + 1))
      let closest = opened["closest_by_collaborative"]?.array ?? []
      #expect(closest.count == min(10, behaviour.count { $0 >= model.users }))
      #expect(try closest.allSatisfy { behaviour.contains(model.users + (try index($0))) })
    }
    #expect(throws: QueryError.self) { try engine.answer(.centres(number: 4), cancellation: Cancellation()) }
    #expect(throws: QueryError.self) { try engine.answer(.centres(number: 0), cancellation: Cancellation()) }
    let bare = try ExampleModel(hasParts: false).engine()
    #expect(throws: QueryError.self) { try bare.answer(.centres(number: nil), cancellation: Cancellation()) }
  }

  // MARK: - Cancelling

  @Test func cancelledQuestionsStop() throws {
    let engine = try ExampleModel().engine()
    let cancellation = Cancellation()
    cancellation.cancel()
    for query in [
      Query.whyNot(WhyNotRequest(user: "user-1", item: "item-30")), .path(PathRequest(user: "user-1", item: "item-1")),
      .whatIf(WhatIfRequest(user: "user-1", added: ["item-38"], removed: [])),
      .steer(SteerRequest(user: "user-1", item: "item-30", isTowards: true)),
    ] {
      #expect(throws: QueryError.self) { try engine.answer(query, cancellation: cancellation) }
    }
  }
}
