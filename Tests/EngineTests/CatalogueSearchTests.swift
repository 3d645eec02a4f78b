// The ways of searching a catalogue give the same answers.

import Engine
import Files
import ModelFile
import Numerics
import Testing

@Suite struct CatalogueSearchTests {
  /// A catalogue just large enough for a rounded copy.
  private func engine(items: Int) throws -> Engine {
    var stream = RandomStream(seed: 4, purpose: .test)
    func vectors(_ rows: Int) -> Matrix {
      let matrix = Matrix(rows: rows, columns: 12)
      for index in 0..<matrix.count { matrix.pointer[index] = Float(stream.normal()) }
      return matrix
    }
    let users = 20
    let entries = (0..<users).flatMap { user in
      (0..<user).map { Int32(($0 * 977 + user * 31) % items) }.sorted().map { (row: Int32(user), column: $0) }
    }
    return Engine(
      bundle: try Bundle(
        name: "large", configuration: .object([]), metrics: .null,
        users: StringTable((0..<users).map { "user-\($0)" }), items: StringTable((0..<items).map { "item-\($0)" }),
        titles: nil, interactions: CSRMatrix(rows: users, columns: items, entries: entries),
        finalUsers: vectors(users), finalItems: vectors(items), attribution: .none))
  }

  @Test func aLargeCatalogueIsRoundedAfterAFewScansAndAnswersAlike() throws {
    let engine = try engine(items: 33_000)
    let quiet = Cancellation()
    func requests() -> [RecommendRequest] {
      (0..<20).map { user in
        var request = RecommendRequest(user: "user-\(user)")
        request.top = 5 + 3 * user
        request.includeSeen = user % 3 == 0
        request.excluded = (0..<user).map { "item-\($0 * 400)" }
        if user % 5 == 4 { request.candidates = (0..<300).map { "item-\($0 * 100)" } }
        return request
      }
    }
    let first = try requests().prefix(8).map { try engine.recommend($0, cancellation: quiet) }
    #expect(first.allSatisfy { $0.method == .plain })
    let later = try requests().map { try engine.recommend($0, cancellation: quiet) }
    #expect(later.allSatisfy { $0.method == .rounded })
    // An engine of its own for every question never makes a copy.
    for (request, answer) in zip(requests(), later) {
      let alone = try Engine(bundle: engine.bundle).recommend(request, cancellation: quiet)
      #expect(alone.method == .plain && alone.records == answer.records)
    }
    for (answer, other) in zip(first, later) { #expect(answer.records == other.records) }
    for user in 0..<20 {
      let alone = try Engine(bundle: engine.bundle).recommendedItems(user: "user-\(user)", top: 30)
      #expect(try engine.recommendedItems(user: "user-\(user)", top: 30) == alone)
    }
  }

  @Test func neighboursAreTheSameEitherWay() throws {
    let engine = try engine(items: 33_000)
    let quiet = Cancellation()
    for round in 0..<12 {
      let request = SimilarRequest(kind: .item, id: "item-\(round * 2000)")
      let answer = try engine.similar(request, cancellation: quiet)
      #expect(answer.method == (round < 8 ? .plain : .rounded))
      #expect(try Engine(bundle: engine.bundle).similar(request, cancellation: quiet).records == answer.records)
    }
  }

  @Test func aSmallCatalogueIsNeverRounded() throws {
    let engine = try engine(items: 500)
    for user in 0..<20 {
      let answer = try engine.recommend(RecommendRequest(user: "user-\(user)"), cancellation: Cancellation())
      #expect(answer.method == .plain)
    }
  }

  @Test func aCancelledSearchIsInterrupted() throws {
    let engine = try engine(items: 33_000)
    let request = SimilarRequest(kind: .item, id: "item-1")
    for _ in 0..<10 { _ = try engine.similar(request, cancellation: Cancellation()) }
    let cancelled = Cancellation()
    cancelled.cancel()
    let error = #expect(throws: QueryError.self) { try engine.similar(request, cancellation: cancelled) }
    #expect(error?.exitStatus == .interrupted)
  }
}
