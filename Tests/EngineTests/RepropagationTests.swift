// What the engine says of an edited history is what propagating the whole edited graph gives.

import Engine
import Files
import ModelFile
import Numerics
import Testing

@Suite struct RepropagationTests {
  /// The scores of all items for a user after propagating the whole edited graph, by the dense oracle.
  static func oracle(_ model: ExampleModel, _ bundle: Bundle, user: Int, history: [Int]) throws -> [Double] {
    let graph = DenseGraph(
      edited(bundle.interactions, user: user, history: history), hasSelfLoops: model.isConcatenated)
    let start: [[Double]]
    if model.isConcatenated {
      start =
        DenseGraph.vectors(bundle.finalUsers, columns: model.dimension)
        + DenseGraph.vectors(bundle.finalItems, columns: model.dimension)
    } else {
      guard case .propagation(let own, _) = bundle.attribution else { return [] }
      start = DenseGraph.vectors(own) + DenseGraph.vectors(try #require(bundle.propagation?.items))
    }
    let layers = graph.layers(start, model.layers)
    let nodes = start.count
    let final: [[Double]] = (0..<nodes).map { node in
      if model.isConcatenated { return layers.flatMap { $0[node] } }
      return layers.dropFirst().reduce(layers[0][node]) { sum, layer in zip(sum, layer[node]).map { $0 + $1 } }
    }
    // A language part is the sum over the new history, with the new degrees.
    let width = bundle.dimension - bundle.modelDimension
    let language = DenseGraph.vectors(bundle.finalItems).map { Array($0.suffix(width)) }
    var sum = [Double](repeating: 0, count: width)
    let plain = width > 0 ? DenseGraph(edited(bundle.interactions, user: user, history: history)) : nil
    for past in history {
      let weight = plain?.matrix[user][model.users + past] ?? 0
      for column in 0..<width { sum[column] += weight * language[past][column] }
    }
    return (0..<model.items).map { dot(final[user], final[model.users + $0]) + dot(sum, language[$0]) }
  }

  static let models = [
    ExampleModel(), ExampleModel(seed: 2, layers: 2), ExampleModel(seed: 3, layers: 0),
    ExampleModel(attribution: "none", isConcatenated: true, layers: 2),
    ExampleModel(dimension: 5, seed: 4, attribution: "none", isConcatenated: true, layers: 3),
    ExampleModel(seed: 6, isHalved: true, languageWidth: 4),
  ]

  @Test(arguments: models.indices) func anEditedHistoryIsScoredAsTheEditedGraph(position: Int) throws {
    let model = Self.models[position]
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    var stream = RandomStream(seed: 7, purpose: .test)
    for user in [0, 3, 8, 9, 21] {
      let past = bundle.interactions.row(user).map(Int.init)
      for _ in 0..<4 {
        let removed = past.filter { _ in stream.uniform() < 0.4 }
        let unseen = (0..<model.items).filter { !past.contains($0) }
        var added = unseen.filter { _ in stream.uniform() < 0.1 }
        if removed.isEmpty && added.isEmpty { added = [unseen[0]] }
        var request = WhatIfRequest(
          user: "user-\(user)", added: added.map { "item-\($0)" }, removed: removed.map { "item-\($0)" })
        request.top = model.items
        let record = try #require(try engine.answer(.whatIf(request), cancellation: Cancellation()).records.first)
        #expect(record["method"]?.string == "repropagation")
        let history = (past.filter { !removed.contains($0) } + added).sorted()
        let expected = try Self.oracle(model, bundle, user: user, history: history)
        let before = try Self.oracle(model, bundle, user: user, history: past)
        let offered = (0..<model.items).filter { !past.contains($0) && !added.contains($0) }
        #expect(record["items"]?.array?.count == offered.count)
        for entry in record["items"]?.array ?? [] {
          let item = try #require(Int((entry["id"]?.string ?? "").dropFirst(5)))
          // Vectors of items that nobody has are taken as they are stored, in Float.
          #expect(((entry["score"]?.double ?? .nan) - expected[item]).magnitude < 1e-7)
          #expect(((entry["score_before"]?.double ?? .nan) - before[item]).magnitude < 1e-7)
          let place = 1 + offered.count { before[$0] > before[item] + 1e-12 }
          #expect(((entry["rank_before"]?.int ?? 0) - place).magnitude <= 1)
        }
        // The terms of the first item are the score on the edited graph.
        let explained = try #require(record["explained"])
        let sum = numbers(explained, "contributions", "value").reduce(0, +)
        #expect((sum - (explained["score"]?.double ?? .nan)).magnitude < 1e-9)
        #expect(explained["exact"]?.bool == true)
      }
    }
  }

  /// With self-loops a user's layer is a sum of its own and of its items' layers; each message is followed alone.
  @Test(arguments: [2, 3]) func termsWithSelfLoopsAreTheMessagesOfTheItems(layers: Int) throws {
    let model = ExampleModel(attribution: "none", isConcatenated: true, layers: layers)
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    let graph = DenseGraph(bundle.interactions, hasSelfLoops: true)
    let all = graph.layers(
      DenseGraph.vectors(bundle.finalUsers, columns: model.dimension)
        + DenseGraph.vectors(bundle.finalItems, columns: model.dimension), layers)
    for (user, item) in [(0, 20), (4, 1), (17, 39)] {
      let record = try engine.explain(
        ExplainRequest(user: "user-\(user)", item: "item-\(item)"), cancellation: Cancellation()
      ).records.first
      #expect(record?["exact"]?.bool == true)
      for term in record?["contributions"]?.array ?? [] {
        let past = term["id"]?.string.flatMap { Int($0.dropFirst(5)) }
        var message = past == nil ? all[0][user] : [Double](repeating: 0, count: model.dimension)
        var expected = dot(message, all[0][model.users + item])
        for layer in 1...layers {
          message = message.map { $0 * graph.matrix[user][user] }
          if let past {
            let weight = graph.matrix[user][model.users + past]
            for column in message.indices { message[column] += weight * all[layer - 1][model.users + past][column] }
          }
          expected += dot(message, all[layer][model.users + item])
        }
        #expect(((term["value"]?.double ?? .nan) - expected).magnitude < 1e-6)
      }
    }
  }

  // MARK: - Counterfactuals

  /// The place of an item among what the user has not in the original history, by scores of the oracle.
  private static func rank(_ item: Int, _ scores: [Double], past: [Int]) -> Int {
    1 + scores.indices.count { $0 != item && !past.contains($0) && (scores[$0], item) > (scores[item], $0) }
  }

  @Test(arguments: [0, 1, 3, 5]) func theCounterfactualDropsTheItemAndCannotBeSmallerByOne(position: Int) throws {
    let model = Self.models[position]
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    var found = 0
    for user in 0..<model.users where bundle.interactions.degree(user) > 2 {
      let past = bundle.interactions.row(user).map(Int.init)
      for item in try engine.recommendedItems(user: "user-\(user)", top: 3) {
        var request = ExplainRequest(user: "user-\(user)", item: item)
        request.top = 3
        let record = try engine.explain(request, cancellation: Cancellation()).records.first
        let test = try #require(record?["counterfactual_test"])
        let index = try #require(Int(item.dropFirst(5)))
        let removed = texts(record, "counterfactual", "id").compactMap { Int($0.dropFirst(5)) }
        #expect(test["found"]?.bool == !removed.isEmpty)
        #expect(removed.allSatisfy { past.contains($0) })
        let kept = removed.isEmpty ? [] : past.filter { !removed.contains($0) }
        let scores = try Self.oracle(model, bundle, user: user, history: kept)
        #expect(test["rank"]?.int == Self.rank(index, scores, past: past))
        #expect(((test["score"]?.double ?? .nan) - scores[index]).magnitude < 1e-7)
        if removed.isEmpty { continue }
        found += 1
        #expect(Self.rank(index, scores, past: past) > 3)
        for back in removed where removed.count > 1 {
          let more = (kept + [back]).sorted()
          let scores = try Self.oracle(model, bundle, user: user, history: more)
          #expect(Self.rank(index, scores, past: past) <= 3)
        }
      }
    }
    #expect(found > 10)
  }

  /// Sizes of the sets found and of the smallest there are, for the first recommendations of users with short histories.
  private static func sizes(of model: ExampleModel) throws -> [(found: Int, smallest: Int)] {
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    var sizes: [(found: Int, smallest: Int)] = []
    for user in 0..<model.users where (3...8).contains(bundle.interactions.degree(user)) {
      let past = bundle.interactions.row(user).map(Int.init)
      let item = try #require(try engine.recommendedItems(user: "user-\(user)", top: 1).first)
      let index = try #require(Int(item.dropFirst(5)))
      var request = ExplainRequest(user: "user-\(user)", item: item)
      request.top = 3
      let record = try engine.explain(request, cancellation: Cancellation()).records.first
      let found = texts(record, "counterfactual", "id").count
      var smallest = 0
      for subset in (1..<(1 << past.count)).sorted(by: { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }) {
        let kept = past.indices.filter { subset & (1 << $0) == 0 }.map { past[$0] }
        if Self.rank(index, try Self.oracle(model, bundle, user: user, history: kept), past: past) > 3 {
          smallest = subset.nonzeroBitCount
          break
        }
      }
      #expect((found == 0) == (smallest == 0))
      if found > 0 { sizes.append((found, smallest)) }
    }
    return sizes
  }

  /// Against all subsets of short histories: hardly ever one item more than needed, never two.
  @Test func theCounterfactualIsNearlyTheSmallest() throws {
    var sizes: [(found: Int, smallest: Int)] = []
    for seed in [5, 6, 7] as [UInt64] {
      sizes += try Self.sizes(of: ExampleModel(users: 40, items: 24, dimension: 6, seed: seed, layers: 2))
    }
    #expect(sizes.count >= 10)
    #expect(sizes.allSatisfy { $0.found <= $0.smallest + 1 })
    #expect(sizes.count { $0.found == $0.smallest } * 10 >= sizes.count * 8)
  }

  /// Places do not fall steadily as items go: where all items together leave the item in the list, a few may not.
  @Test func noSetIsFoundOnlyWhereThereIsNone() throws {
    var missing = 0
    for seed in 8...11 as ClosedRange<UInt64> {
      let model = ExampleModel(users: 40, items: 24, dimension: 6, seed: seed, layers: 2)
      let bundle = try model.bundle()
      let engine = Engine(bundle: bundle)
      for user in 0..<model.users where (2...7).contains(bundle.interactions.degree(user)) {
        let past = bundle.interactions.row(user).map(Int.init)
        for item in try engine.recommendedItems(user: "user-\(user)", top: 4) {
          var request = ExplainRequest(user: "user-\(user)", item: item)
          request.top = 4
          let record = try engine.explain(request, cancellation: Cancellation()).records.first
          guard record?["counterfactual_test"]?["found"]?.bool == false else { continue }
          missing += 1
          let index = try #require(Int(item.dropFirst(5)))
          for subset in 1..<(1 << past.count) {
            let kept = past.indices.filter { subset & (1 << $0) == 0 }.map { past[$0] }
            let scores = try Self.oracle(model, bundle, user: user, history: kept)
            #expect(Self.rank(index, scores, past: past) <= 4)
          }
        }
      }
    }
    #expect(missing > 3)
  }

  @Test func anItemOutsideTheListHasNoCounterfactual() throws {
    let engine = try ExampleModel().engine()
    let items = try engine.recommendedItems(user: "user-1", top: 12)
    let record = try engine.explain(
      ExplainRequest(user: "user-1", item: items[11]), cancellation: Cancellation()
    ).records.first
    #expect(record?["counterfactual"] == nil && record?["counterfactual_test"] == nil)
  }

  @Test(arguments: [("propagation", false, "closed_form"), ("representation", true, "refit")])
  func otherModelsSayHowTheyWereAsked(attribution: String, hasRecipe: Bool, method: String) throws {
    let engine = try ExampleModel(attribution: attribution, hasRecipe: hasRecipe).engine()
    let item = try #require(try engine.recommendedItems(user: "user-1", top: 1).first)
    let record = try engine.explain(
      ExplainRequest(user: "user-1", item: item), cancellation: Cancellation()
    ).records.first
    #expect(record?["counterfactual_test"]?["method"]?.string == method)
  }

  /// A refit of the unchanged history is the user's vector: taking nothing away changes nothing.
  @Test func aRefitMovesOnlyWithTheHistory() throws {
    let model = ExampleModel(attribution: "representation")
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    var request = WhatIfRequest(user: "user-2", added: ["item-37"], removed: [])
    request.top = model.items
    let record = try #require(try engine.answer(.whatIf(request), cancellation: Cancellation()).records.first)
    #expect(record["method"]?.string == "refit")
    for entry in record["items"]?.array ?? [] {
      let item = try #require(Int((entry["id"]?.string ?? "").dropFirst(5)))
      let expected = (0..<bundle.dimension).reduce(0.0) {
        $0 + Double(bundle.finalUsers[2, $1]) * Double(bundle.finalItems[item, $1])
      }
      #expect(((entry["score_before"]?.double ?? .nan) - expected).magnitude < 1e-6)
    }
    let explained = try #require(record["explained"])
    #expect(explained["exact"]?.bool == true)
    #expect(texts(explained, "contributions", "id").contains("item-37"))
    #expect((explained["residual"]?.double ?? .nan).magnitude < 1e-6)
  }

  @Test func editsThatMeanNothingAreRefused() throws {
    let engine = try ExampleModel().engine()
    func fails(_ added: [String], _ removed: [String]) {
      #expect(throws: QueryError.self) {
        try engine.answer(
          .whatIf(WhatIfRequest(user: "user-0", added: added, removed: removed)), cancellation: Cancellation())
      }
    }
    fails([], [])
    fails(["item-0"], ["item-0"])
    fails([], ["item-39"])
    fails(["nothing"], [])
  }

  @Test func evidenceIsTheShortestBeginning() throws {
    let engine = try ExampleModel().engine()
    for user in 0..<20 {
      guard let item = try engine.recommendedItems(user: "user-\(user)", top: 1).first else { continue }
      let record = try engine.explain(
        ExplainRequest(user: "user-\(user)", item: item), cancellation: Cancellation()
      ).records.first
      let score = try #require(record?["score"]?["value"]?.double)
      let values = numbers(record, "contributions", "value")
      let count = record?["evidence"]?["terms"]?.int
      guard score > 0 else {
        #expect(count == nil)
        continue
      }
      let length = try #require(count)
      #expect(values.prefix(length).reduce(0, +) >= 0.8 * score - 1e-6)
      for shorter in 0..<length { #expect(values.prefix(shorter).reduce(0, +) < 0.8 * score) }
    }
  }
}
