// An explanation adds up to the score, is what brute force gives, and its record is valid.

import Engine
import Files
import ModelFile
import Numerics
import TestSupport
import Testing

@Suite struct ExplainTests {
  /// Seeds 4 and 5 have a language part beside the model's.
  @Test(arguments: ["propagation", "representation"], [1, 2, 3, 4, 5] as [UInt64])
  func contributionsAndResidualAreTheScore(attribution: String, seed: UInt64) throws {
    var model = ExampleModel(dimension: 5 + Int(seed) * 3, seed: seed, attribution: attribution)
    model.languageWidth = max(0, Int(seed) - 3) * 7
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    var stream = RandomStream(seed: seed, purpose: .test, epoch: 9)
    for _ in 0..<100 {
      let user = stream.below(model.users)
      let item = stream.below(model.items)
      var request = ExplainRequest(user: "user-\(user)", item: "item-\(item)")
      request.neighbors = 1
      let record = try engine.explain(request, cancellation: Cancellation()).records.first
      let values = numbers(record, "contributions", "value")
      let residual = try #require(record?["residual"]?.double)
      let score = try #require(record?["score"]?["value"]?.double)
      // All terms are listed, so what is left is rounding alone.
      #expect((values.reduce(0, +) + residual - score).magnitude < 1e-9)
      #expect(residual.magnitude < 1e-5)
      #expect(record?["exact"]?.bool == true)
      var expected = 0.0
      for column in 0..<bundle.dimension {
        expected += Double(bundle.finalUsers[user, column]) * Double(bundle.finalItems[item, column])
      }
      #expect((score - expected).magnitude < 1e-5)
      #expect(values.count == bundle.interactions.degree(user) + 1)
      #expect(zip(values, values.dropFirst()).allSatisfy { $0.magnitude >= $1.magnitude })
    }
  }

  /// Parts add up to the value they divide, for the score and for every term; a language part has no own part.
  @Test(arguments: [
    ExampleModel(isHalved: true, languageWidth: 5), ExampleModel(attribution: "representation", isHalved: true),
    ExampleModel(attribution: "none", isConcatenated: true, layers: 2, isHalved: true, languageWidth: 3),
  ])
  func scoreAndTermsAreDividedIntoTheirParts(model: ExampleModel) throws {
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    for (user, item) in [(0, 20), (4, 3), (17, 39)] {
      let record = try engine.explain(
        ExplainRequest(user: "user-\(user)", item: "item-\(item)"), cancellation: Cancellation()
      ).records.first
      #expect(record?["exact"]?.bool == true)
      let score = try #require(record?["score"])
      #expect(texts(score, "parts", "name") == bundle.scoreParts.map(\.name))
      for (part, value) in zip(bundle.scoreParts, numbers(score, "parts", "value")) {
        let expected = part.columns.reduce(0.0) {
          $0 + Double(bundle.finalUsers[user, $1]) * Double(bundle.finalItems[item, $1])
        }
        #expect((value - expected).magnitude < 1e-9)
        // The part of the score is the sum of the terms' parts.
        let terms = (record?["contributions"]?.array ?? []).reduce(0.0) { sum, term in
          sum + (term["parts"]?.array?.first { $0["name"]?.string == part.name }?["value"]?.double ?? .nan)
        }
        #expect((terms - expected).magnitude < 1e-5)
      }
      for term in record?["contributions"]?.array ?? [] {
        #expect((numbers(term, "parts", "value").reduce(0, +) - (term["value"]?.double ?? .nan)).magnitude < 1e-9)
        if term["kind"]?.string == "self", model.languageWidth > 0 {
          #expect(numbers(term, "parts", "value").last == 0)
        }
      }
    }
  }

  @Test func aScoreOfOnePartIsNotDivided() throws {
    let record = try ExampleModel().engine().explain(
      ExplainRequest(user: "user-1", item: "item-20"), cancellation: Cancellation()
    ).records.first
    #expect(record?["score"]?["parts"] == nil)
  }

  /// A person described by a known user's items is given that user's language columns, and the sum of the graph's terms.
  @Test(arguments: ["propagation", "representation"])
  func aNewPersonGetsTheLanguageOfTheHistory(attribution: String) throws {
    var model = ExampleModel(attribution: attribution)
    model.languageWidth = 6
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    let user = 4
    let history = bundle.interactions.row(user).map { "item-\($0)" }
    var request = RecommendRequest(user: nil)
    request.items = history
    request.top = model.items
    let answer = try engine.recommend(request, cancellation: Cancellation())
    var known = RecommendRequest(user: "user-\(user)")
    known.top = model.items
    let found = try engine.recommend(known, cancellation: Cancellation())
    func scores(_ answer: Answer) -> [String: Double] {
      var result: [String: Double] = [:]
      for item in answer.records.first?["items"]?.array ?? [] {
        result[item["id"]?.string ?? ""] = item["score"]?.double
      }
      return result
    }
    let (folded, own) = (scores(answer), scores(found))
    #expect(folded.count == model.items - history.count && folded.count == own.count)
    guard case .propagation(let ownPart, _) = bundle.attribution else { return }
    // All that the fold-in cannot know is the user's own layer-0 part.
    for (id, score) in own {
      let item = try #require(Int(id.dropFirst(5)))
      var part = 0.0
      for column in 0..<model.dimension {
        part += Double(ownPart[user, column]) * Double(bundle.finalItems[item, column])
      }
      #expect(abs(score - part - (folded[id] ?? .nan)) < 1e-5)
    }
  }

  /// Removing the layer-0 and propagated part of one item from the user's vector removes exactly its contribution.
  @Test func propagationContributionsAreWhatTheGraphCarries() throws {
    let model = ExampleModel()
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    guard case .propagation(_, let partial) = bundle.attribution else { return }
    let degrees = bundle.interactions.transposed().matrix
    for user in [0, 4, 17] {
      for item in [1, 12, 39] {
        let request = ExplainRequest(user: "user-\(user)", item: "item-\(item)")
        let record = try engine.explain(request, cancellation: Cancellation()).records.first
        for term in record?["contributions"]?.array ?? [] where term["kind"]?.string == "history_item" {
          let past = try #require(Int((term["id"]?.string ?? "").dropFirst(5)))
          var expected = 0.0
          for column in 0..<bundle.dimension {
            expected += Double(partial[past, column]) * Double(bundle.finalItems[item, column])
          }
          expected /= Double(bundle.interactions.degree(user) * degrees.degree(past)).squareRoot()
          #expect(((term["value"]?.double ?? .nan) - expected).magnitude < 1e-9)
        }
      }
    }
  }

  /// The ridge representation by Gaussian elimination of the n x n system, the other side of the identity used.
  @Test func representationWeightsSolveTheHistorySystem() throws {
    let bundle = try ExampleModel(attribution: "representation").bundle()
    let engine = Engine(bundle: bundle)
    for user in [0, 5, 21] {
      let history = bundle.interactions.row(user).map(Int.init)
      let size = history.count
      func dot(_ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>) -> Double {
        (0..<bundle.dimension).reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) }
      }
      var system = history.map { first in
        history.map { second in
          dot(bundle.finalItems.row(first), bundle.finalItems.row(second)) + (first == second ? 0.05 : 0)
        } + [dot(bundle.finalItems.row(first), bundle.finalUsers.row(user))]
      }
      for pivot in 0..<size {
        for row in pivot + 1..<max(size, pivot + 1) {
          let factor = system[row][pivot] / system[pivot][pivot]
          for column in pivot...size { system[row][column] -= factor * system[pivot][column] }
        }
      }
      var weights = [Double](repeating: 0, count: size)
      for row in (0..<size).reversed() {
        let known = (row + 1..<max(size, row + 1)).reduce(0.0) { $0 + system[row][$1] * weights[$1] }
        weights[row] = (system[row][size] - known) / system[row][row]
      }
      let request = ExplainRequest(user: "user-\(user)", item: "item-20")
      let record = try engine.explain(request, cancellation: Cancellation()).records.first
      for term in record?["contributions"]?.array ?? [] where term["kind"]?.string == "history_item" {
        let past = try #require(Int((term["id"]?.string ?? "").dropFirst(5)))
        let position = try #require(history.firstIndex(of: past))
        let expected = weights[position] * dot(bundle.finalItems.row(past), bundle.finalItems.row(20))
        #expect(((term["value"]?.double ?? .nan) - expected).magnitude < 1e-8)
      }
    }
  }

  @Test func aLimitMovesTermsIntoTheResidual() throws {
    let engine = try ExampleModel().engine()
    var request = ExplainRequest(user: "user-1", item: "item-20")
    let all = try engine.explain(request, cancellation: Cancellation()).records.first
    request.contributions = 2
    let some = try engine.explain(request, cancellation: Cancellation()).records.first
    #expect(some?["contributions"]?.array?.count == 3)
    let allValues = numbers(all, "contributions", "value")
    let someValues = numbers(some, "contributions", "value")
    let moved = allValues.reduce(0, +) - someValues.reduce(0, +)
    #expect(((some?["residual"]?.double ?? .nan) - moved - (all?["residual"]?.double ?? .nan)).magnitude < 1e-9)
    #expect(some?["exact"]?.bool == true)
  }

  @Test func rankIsThatOfRecommend() throws {
    let engine = try ExampleModel().engine()
    var request = RecommendRequest(user: "user-2")
    request.top = 40
    let items = texts(try engine.recommend(request, cancellation: Cancellation()).records.first, "items", "id")
    for (position, item) in items.enumerated() {
      let record = try engine.explain(
        ExplainRequest(user: "user-2", item: item), cancellation: Cancellation()
      ).records.first
      #expect(record?["rank"]?.int == position + 1)
      #expect(record?["candidates"]?.int == items.count)
    }
  }

  @Test func anExplanationOfAnotherHistoryDiffers() throws {
    let engine = try ExampleModel().engine()
    func terms(_ user: String) throws -> [String] {
      let request = ExplainRequest(user: user, item: "item-20")
      return texts(try engine.explain(request, cancellation: Cancellation()).records.first, "contributions", "id")
    }
    #expect(try terms("user-1") != terms("user-2"))
  }

  @Test func aModelWithoutAttributionIsReadLinearlyAndSaysSo() throws {
    let engine = try ExampleModel(attribution: "none").engine()
    let record = try engine.explain(
      ExplainRequest(user: "user-1", item: "item-20"), cancellation: Cancellation()
    ).records.first
    #expect(record?["exact"]?.bool == false)
    let sum = numbers(record, "contributions", "value").reduce(0, +)
    let score = try #require(record?["score"]?["value"]?.double)
    #expect(((record?["residual"]?.double ?? .nan) - (score - sum)).magnitude < 1e-9)
    #expect(!texts(record, "contributions", "kind").contains("self"))
    #expect(texts(record, "warnings", "code").contains("linearised"))
  }

  @Test func coldItemsAndNewUsersCarryWarnings() throws {
    let engine = try ExampleModel().engine()
    let record = try engine.explain(
      ExplainRequest(user: "user-9", item: "item-39"), cancellation: Cancellation()
    ).records.first
    #expect(texts(record, "warnings", "code") == ["cold_item", "few_interactions"])
    #expect(record?["neighbours"]?["users"]?.array?.isEmpty == true)
  }

  @Test func neighboursAreTheNearestInEachSpace() throws {
    let model = ExampleModel(userTextDerived: false)
    let bundle = try model.bundle()
    let engine = Engine(bundle: bundle)
    let record = try engine.explain(
      ExplainRequest(user: "user-3", item: "item-20"), cancellation: Cancellation()
    ).records.first
    let parts = try #require(bundle.components)
    let listed = (record?["neighbours"]?["items"]?.array ?? []).filter {
      $0["space"]?.string == "specific" && $0["side"]?.string == "language"
    }
    func cosine(_ a: Int, _ b: Int) -> Double {
      var product = 0.0
      var first = 0.0
      var second = 0.0
      for column in 0..<6 {
        let x = Double(parts.languageSpecific[model.users + a, column])
        let y = Double(parts.languageSpecific[model.users + b, column])
        product += x * y
        first += x * x
        second += y * y
      }
      return product / (first * second).squareRoot()
    }
    let expected = bundle.interactions.row(3).map(Int.init).filter { $0 != 20 }
      .sorted { cosine(20, $0) > cosine(20, $1) }.prefix(5).map { "item-\($0)" }
    #expect(listed.compactMap { $0["id"]?.string } == expected)
    let spaces = Set((record?["neighbours"]?["users"]?.array ?? []).compactMap { $0["space"]?.string })
    #expect(spaces == ["final", "shared", "specific", "text"])
    #expect(record?["components"]?["ranks_higher"]?.string != nil)
  }
}
