// Recommend, similar, components, find, stats and completion against brute force on small models.

import Engine
import Files
import ModelFile
import Numerics
import Testing

@Suite struct QueryTests {
  private let quiet = Cancellation()

  /// Scores in Double.
  private func scores(_ bundle: Bundle, user: Int) -> [Double] {
    (0..<bundle.itemCount).map { item in
      (0..<bundle.dimension).reduce(0.0) {
        $0 + Double(bundle.finalUsers[user, $1]) * Double(bundle.finalItems[item, $1])
      }
    }
  }

  @Test(arguments: [1, 5, 100], [false, true])
  func recommendIsTheSortedListOfScores(top: Int, includeSeen: Bool) throws {
    let bundle = try ExampleModel().bundle()
    let engine = Engine(bundle: bundle)
    for user in 0..<bundle.userCount {
      var request = RecommendRequest(user: "user-\(user)")
      request.top = top
      request.includeSeen = includeSeen
      let record = try engine.recommend(request, cancellation: quiet).records.first
      let scores = scores(bundle, user: user)
      let seen = Set(bundle.interactions.row(user).map(Int.init))
      let expected = (0..<bundle.itemCount).filter { includeSeen || !seen.contains($0) }
        .sorted { scores[$0] > scores[$1] }.prefix(top).map { "item-\($0)" }
      #expect(texts(record, "items", "id") == expected)
      #expect(numbers(record, "items", "rank") == (0..<expected.count).map { Double($0 + 1) })
      #expect(record?["filtered"]?["seen"]?.int == (includeSeen ? 0 : seen.count))
    }
  }

  /// The larger catalogue takes more than one stretch of rows, and is searched over rounded ones.
  @Test(arguments: [8, 70], [40, 9000]) func requestsTogetherAreAnsweredAsOneByOne(dimension: Int, items: Int) throws {
    var model = ExampleModel()
    model.dimension = dimension
    model.items = items
    let engine = try model.engine()
    var requests = (0..<30).map { RecommendRequest(user: "user-\($0)") }
    requests[3].top = 0
    requests[5] = RecommendRequest(user: "nobody")
    requests[7] = RecommendRequest(user: nil)
    requests[7].items = ["item-1", "item-4"]
    requests[8].includeSeen = true
    requests[9].excluded = ["item-0", "item-2"]
    requests[11].excluded = ["no such item"]
    requests[12].top = 3
    // More than a sixteenth of the smaller catalogue's items, and more than rounded rows are asked for of the larger one's.
    requests[13].top = 129
    requests[14].candidates = ["item-1", "item-9", "item-30"]
    requests[15].candidates = ["item-2"]
    requests[15].excluded = ["item-2"]
    func outcome(_ answer: () throws -> Answer) -> String {
      do {
        let answer = try answer()
        return answer.records.map { (try? $0.text()) ?? "?" }.joined() + answer.text.sentences.joined()
      } catch { return "\(error)" }
    }
    let together = engine.recommend(requests, cancellation: quiet)
    #expect(together.count == requests.count)
    for (request, answer) in zip(requests, together) {
      #expect(outcome { try answer.get() } == outcome { try engine.recommend(request, cancellation: quiet) })
    }
    let isRounded = items == 9000 && QuantizedPrecision.words.isSupported
    #expect(try together[0].get().method == (isRounded ? .roundedTogether : .plain))
    #expect(try together[13].get().method == .plain)
    let cancelled = Cancellation()
    cancelled.cancel()
    for answer in engine.recommend([requests[0], requests[1]], cancellation: cancelled) {
      #expect(outcome { try answer.get() } == "\(QueryError.interrupted)")
    }
    // What is wrong with a request is said all the same.
    #expect(
      outcome { try engine.recommend([requests[0], requests[3]], cancellation: cancelled)[1].get() }
        == outcome { try engine.recommend(requests[3], cancellation: quiet) })
  }

  /// Where rounding cannot tell items apart the rounded copy is given up, and answers stay what they are.
  @Test(.enabled(if: QuantizedPrecision.words.isSupported)) func aCopyThatRulesNothingOutIsGivenUp() throws {
    var model = ExampleModel()
    model.dimension = 20
    model.items = 1_000
    let engine = try model.engine()
    let items = engine.bundle.finalItems
    items.fill(1)
    for item in 0..<1_000 { items[item, item % 20] += Float(item % 7) * 0x1p-22 }
    let requests = (0..<24).map { RecommendRequest(user: "user-\($0)") }
    var methods: [SearchMethod?] = []
    for _ in 0..<3 {
      for (request, answer) in zip(requests, engine.recommend(requests, cancellation: quiet)) {
        let alone = try engine.recommend(request, cancellation: quiet)
        #expect(try answer.get().records == alone.records)
      }
      methods.append(try engine.recommend(requests, cancellation: quiet)[0].get().method)
    }
    #expect(methods == [.roundedTogether, .plain, .plain])
  }

  @Test func filtersNeverLetAnExcludedItemThrough() throws {
    let bundle = try ExampleModel().bundle()
    let engine = Engine(bundle: bundle)
    var stream = RandomStream(seed: 1, purpose: .test)
    for _ in 0..<200 {
      let user = stream.below(bundle.userCount)
      let candidates = stream.sample(stream.below(20), of: bundle.itemCount).map { "item-\($0)" }
      let excluded = stream.sample(stream.below(10), of: bundle.itemCount).map { "item-\($0)" }
      var request = RecommendRequest(user: "user-\(user)")
      request.candidates = candidates
      request.excluded = excluded
      request.top = 1 + stream.below(8)
      let record = try engine.recommend(request, cancellation: quiet).records.first
      let found = texts(record, "items", "id")
      let allowed = Set(candidates).subtracting(excluded)
        .subtracting(bundle.interactions.row(user).map { "item-\($0)" })
      #expect(found.count == min(request.top, allowed.count))
      #expect(Set(found).isSubset(of: allowed))
      let filtered = record?["filtered"]
      let left = [filtered?["seen"]?.int, filtered?["excluded"]?.int, filtered?["not_candidates"]?.int]
      #expect(left.compactMap { $0 }.reduce(0, +) + allowed.count == bundle.itemCount)
      let seen = Set(bundle.interactions.row(user).map { "item-\($0)" })
      #expect(filtered?["seen"]?.int == seen.count)
      #expect(filtered?["excluded"]?.int == Set(excluded).subtracting(seen).count)
      if found.isEmpty { #expect(record?["reason"]?.string == "no_candidates_left") }
    }
  }

  /// For a propagation model, a person with a known user's items gets that user's scores without the own part.
  @Test func aNewPersonIsScoredByTheModelsOwnFormula() throws {
    let bundle = try ExampleModel().bundle()
    let engine = Engine(bundle: bundle)
    guard case .propagation(let own, _) = bundle.attribution else { return }
    for user in [0, 3, 11] {
      var request = RecommendRequest(user: nil)
      request.items = bundle.interactions.row(user).map { "item-\($0)" }.reversed()
      request.top = 100
      let record = try engine.recommend(request, cancellation: quiet).records.first
      #expect(record?["user"]?["kind"]?.string == "folded_in")
      let full = scores(bundle, user: user)
      for element in record?["items"]?.array ?? [] {
        let item = try #require(Int((element["id"]?.string ?? "").dropFirst(5)))
        let ownPart = (0..<bundle.dimension).reduce(0.0) {
          $0 + Double(own[user, $1]) * Double(bundle.finalItems[item, $1])
        }
        #expect(((element["score"]?.double ?? .nan) - (full[item] - ownPart)).magnitude < 1e-5)
      }
    }
  }

  @Test(arguments: ["representation", "none"])
  func aNewPersonsOwnItemsScoreNearOne(attribution: String) throws {
    let engine = try ExampleModel(dimension: 16, attribution: attribution).engine()
    var request = RecommendRequest(user: nil)
    request.items = ["item-2", "item-7", "item-2"]
    request.includeSeen = true
    request.top = 2
    let record = try engine.recommend(request, cancellation: quiet).records.first
    #expect(Set(texts(record, "items", "id")) == ["item-2", "item-7"])
    for score in numbers(record, "items", "score") { #expect((score - 1).magnitude < 0.2) }
  }

  @Test(arguments: Space.allCases, Side.allCases)
  func similarIsTheSortedListOfCosines(space: Space, side: Side) throws {
    let bundle = try ExampleModel(userTextDerived: false).bundle()
    let engine = Engine(bundle: bundle)
    let parts = try #require(bundle.components)
    let nodes: Matrix
    switch (space, side) {
    case (.shared, .collaborative): nodes = parts.collaborativeShared
    case (.shared, .language): nodes = parts.languageShared
    case (.specific, .collaborative): nodes = parts.collaborativeSpecific
    case (.specific, .language): nodes = parts.languageSpecific
    case (.final, _): nodes = bundle.finalItems
    case (.text, _): nodes = try #require(bundle.itemText)
    }
    let offset = space == .shared || space == .specific ? bundle.userCount : 0
    func cosine(_ a: Int, _ b: Int) -> Double {
      let x = nodes.row(offset + a)
      let y = nodes.row(offset + b)
      func dot(_ p: UnsafeMutablePointer<Float>, _ q: UnsafeMutablePointer<Float>) -> Double {
        (0..<nodes.columns).reduce(0.0) { $0 + Double(p[$1]) * Double(q[$1]) }
      }
      return dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
    }
    var request = SimilarRequest(kind: .item, id: "item-6")
    request.space = space
    request.side = side
    let record = try engine.similar(request, cancellation: quiet).records.first
    let expected = (0..<bundle.itemCount).filter { $0 != 6 }.sorted { cosine(6, $0) > cosine(6, $1) }.prefix(10)
    #expect(texts(record, "neighbours", "id") == expected.map { "item-\($0)" })
    for (value, item) in zip(numbers(record, "neighbours", "similarity"), expected) {
      #expect((value - cosine(6, item)).magnitude < 1e-5)
    }
  }

  @Test func derivedUserTextIsTheMeanOfTheUsersItems() throws {
    let bundle = try ExampleModel().bundle()
    let engine = Engine(bundle: bundle)
    let text = try #require(bundle.itemText)
    func mean(_ user: Int) -> [Double] {
      var sum = [Double](repeating: 0, count: text.columns)
      for item in bundle.interactions.row(user) {
        for column in sum.indices { sum[column] += Double(text[Int(item), column]) }
      }
      return sum
    }
    func cosine(_ a: [Double], _ b: [Double]) -> Double {
      func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
      return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    var request = SimilarRequest(kind: .user, id: "user-1")
    request.space = .text
    let record = try engine.similar(request, cancellation: quiet).records.first
    let expected = (0..<bundle.userCount).filter { $0 != 1 && bundle.interactions.degree($0) > 0 }
      .sorted { cosine(mean(1), mean($0)) > cosine(mean(1), mean($1)) }.prefix(10).map { "user-\($0)" }
    #expect(texts(record, "neighbours", "id") == expected)
  }

  /// The language side as a rotation of the collaborative one is in perfect structural agreement.
  @Test func agreementDoesNotChangeUnderRotation() throws {
    let model = ExampleModel()
    let original = try model.bundle()
    let parts = try #require(original.components)
    let rotated = parts.collaborativeShared.copy()
    for row in 0..<rotated.rows {
      for pair in stride(from: 0, to: rotated.columns, by: 2) {
        let x = parts.collaborativeShared[row, pair]
        let y = parts.collaborativeShared[row, pair + 1]
        rotated[row, pair] = 0.6 * x - 0.8 * y
        rotated[row, pair + 1] = 0.8 * x + 0.6 * y
      }
    }
    let bundle = try Bundle(
      name: "rotated", configuration: .null, users: original.users, items: original.items,
      interactions: original.interactions, finalUsers: original.finalUsers, finalItems: original.finalItems,
      components: Components(
        collaborativeShared: parts.collaborativeShared, collaborativeSpecific: parts.collaborativeSpecific,
        languageShared: rotated, languageSpecific: parts.languageSpecific), centres: original.centres)
    let record = try Engine(bundle: bundle).components(kind: .user, id: "user-4").records.first
    #expect((record?["shared"]?["structure_correlation"]?.double ?? 0) > 0.9999)
    #expect(record?["shared"]?["neighbour_overlap"]?.double == 1)
    #expect((record?["specific"]?["structure_correlation"]?.double ?? 1).magnitude < 0.5)
    // Node 4 is in collaborative centre 4 % 3 = 1, matched with 0; in language centre 4 % 2 = 0.
    #expect(record?["centre"]?["agrees"]?.bool == true)
    #expect(record?["centre"]?["collaborative"]?.int == 2)
    #expect(texts(record, "neighbours", "space") == ["shared", "shared", "specific", "specific"])
  }

  @Test func whatTheModelLacksIsSaid() throws {
    let engine = try ExampleModel(hasParts: false).engine()
    #expect(throws: QueryError.self) { try engine.components(kind: .user, id: "user-1") }
    for space in [Space.shared, .specific, .text] {
      var request = SimilarRequest(kind: .item, id: "item-1")
      request.space = space
      let error = #expect(throws: QueryError.self) { try engine.similar(request, cancellation: quiet) }
      #expect(error?.description.contains("'example'") == true)
    }
  }

  @Test func itemsAreFoundByUnambiguousTitle() throws {
    let engine = try ExampleModel(items: 20).engine()
    let byTitle = try engine.similar(SimilarRequest(kind: .item, id: "The 7th Film"), cancellation: quiet)
    let byCase = try engine.similar(SimilarRequest(kind: .item, id: "the 7TH film"), cancellation: quiet)
    let byID = try engine.similar(SimilarRequest(kind: .item, id: "item-7"), cancellation: quiet)
    #expect(byTitle.records == byID.records)
    #expect(byCase.records == byID.records)
    let ambiguous = try ExampleModel(items: 40).engine()
    let error = #expect(throws: QueryError.self) {
      try ambiguous.similar(SimilarRequest(kind: .item, id: "The 7th Film"), cancellation: quiet)
    }
    #expect(error?.description.contains("item-7, item-27") == true)
  }

  @Test func unknownNamesGetNearMatches() throws {
    let engine = try ExampleModel().engine()
    let user = #expect(throws: QueryError.self) {
      try engine.recommend(RecommendRequest(user: "usr-12"), cancellation: quiet)
    }
    #expect(user?.description.contains("user-12") == true)
    #expect(user?.exitStatus == .failure)
    let item = #expect(throws: QueryError.self) {
      try engine.explain(ExplainRequest(user: "user-1", item: "the 5th flm"), cancellation: quiet)
    }
    #expect(item?.description.contains("(The 5th Film)") == true)
    let part = #expect(throws: QueryError.self) {
      try engine.explain(ExplainRequest(user: "user-1", item: "7th"), cancellation: quiet)
    }
    #expect(part?.description.contains("item-7 (The 7th Film)") == true)
    for text in ["", "\u{0}", String(repeating: "x", count: 10_000), "💥"] {
      #expect(throws: QueryError.self) { try engine.recommend(RecommendRequest(user: text), cancellation: quiet) }
      #expect(throws: QueryError.self) { try engine.components(kind: .item, id: text) }
    }
  }

  @Test func wrongNumbersAndCancellationAreErrors() throws {
    let engine = try ExampleModel().engine()
    for top in [0, -1, 1_000_001, .min, .max] {
      var request = RecommendRequest(user: "user-1")
      request.top = top
      #expect(throws: QueryError.self) { try engine.recommend(request, cancellation: quiet) }
    }
    var explain = ExplainRequest(user: "user-1", item: "item-1")
    explain.neighbors = -1
    #expect(throws: QueryError.self) { try engine.explain(explain, cancellation: quiet) }
    let cancelled = Cancellation()
    cancelled.cancel()
    let error = #expect(throws: QueryError.self) {
      try engine.recommend(RecommendRequest(user: "user-1"), cancellation: cancelled)
    }
    #expect(error?.exitStatus == .interrupted)
  }

  @Test func findOrdersIdentityBeforePrefixBeforeWord() throws {
    let engine = try ExampleModel(items: 40).engine()
    #expect(texts(engine.find("item-1", top: 3).records.first, "items", "id") == ["item-1", "item-10", "item-11"])
    let record = engine.find("FILM", top: 100).records.first
    #expect(record?["matches"]?.int == 39)
    #expect(
      texts(engine.find("7th", top: 9).records.first, "items", "id") == ["item-7", "item-27", "item-17", "item-37"])
    #expect(engine.find("", top: 5).records.first?["matches"]?.int == 0)
    #expect(engine.find("nothing like it", top: 5).records.first?["items"]?.array?.isEmpty == true)
  }

  @Test func statsCountTheGraph() throws {
    let bundle = try ExampleModel().bundle()
    let record = Engine(bundle: bundle).stats().records.first
    #expect(record?["interactions"]?.int == bundle.interactions.entryCount)
    #expect(record?["items_without_interactions"]?.int ?? 0 >= 2)
    #expect(record?["users_without_interactions"]?.int == 3)
    let gini = try #require(record?["popularity_gini"]?.double)
    let degrees = (0..<bundle.itemCount).map { bundle.interactions.transposed().matrix.degree($0) }
    var differences = 0.0
    for a in degrees { for b in degrees { differences += Double((a - b).magnitude) } }
    let mean = Double(degrees.reduce(0, +)) / Double(degrees.count)
    #expect((gini - differences / (2 * Double(degrees.count * degrees.count) * mean)).magnitude < 1e-12)
  }

  @Test func completionIsByPrefixAndCapped() throws {
    let engine = try ExampleModel(items: 40).engine()
    #expect(engine.ids(of: .item, startingWith: "item-3", limit: 4) == ["item-3", "item-30", "item-31", "item-32"])
    #expect(engine.ids(of: .user, startingWith: "x", limit: 4).isEmpty)
    #expect(engine.titles(startingWith: "the 1", limit: 3) == ["The 10th Film", "The 11th Film"])
    #expect(engine.summary == "example: lightgcn + darec, 30 users, 40 items")
    #expect(engine.model().records.first?["parts"]?.array?.count == 6)
  }

  @Test func modelsWithoutAnythingAnswerToo() throws {
    for (users, items) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
      let engine = try ExampleModel(users: users, items: items, coldItems: 0).engine()
      _ = engine.stats()
      _ = engine.model()
      _ = engine.find("a", top: 3)
      if users > 0 {
        #expect(try engine.recommend(RecommendRequest(user: "user-0"), cancellation: quiet).records.count == 1)
        _ = try engine.components(kind: .user, id: "user-0")
      }
      if users > 0 && items > 0 {
        _ = try engine.explain(ExplainRequest(user: "user-0", item: "item-0"), cancellation: quiet)
      }
    }
  }

  @Test func everyRecordIsJSONAndTablesAreRectangular() throws {
    let engine = try ExampleModel().engine()
    let answers = [
      try engine.recommend(RecommendRequest(user: "user-1"), cancellation: quiet),
      try engine.similar(SimilarRequest(kind: .user, id: "user-1"), cancellation: quiet),
      try engine.components(kind: .item, id: "item-1"),
      try engine.explain(ExplainRequest(user: "user-1", item: "item-1"), cancellation: quiet),
      engine.find("film", top: 5), engine.stats(), engine.model(),
    ]
    for answer in answers {
      for record in answer.records { #expect(try JSONValue.parse(record.serialized()) != .null) }
      for table in answer.text.tables { #expect(table.rows.allSatisfy { $0.count == table.columns.count }) }
      #expect(!answer.text.sentences.isEmpty)
      #expect(answer.records.first?["schema"]?.string == "darec/\(answer.kind)/1")
    }
  }
}
