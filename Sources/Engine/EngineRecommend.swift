// What to recommend.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Recommends items to a known user or to a person described by items.
  ///
  /// Scores are inner products of final vectors; order is score descending, then item order. What the user has is left
  /// out unless asked for. The answer says how many items each filter left out; it is shorter than `top` only when
  /// candidates run out.
  package func recommend(_ request: RecommendRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    return try recommend(request, to: try person(of: request), scores: nil, cancellation: cancellation)
  }

  /// Answers requests as `recommend` does one by one, to the bit, with fewer trips to memory.
  ///
  /// A small catalogue is scored for all of them at once: every number that is loaded is used several times. A request that
  /// fails does not stop the others.
  package func recommend(
    _ requests: [RecommendRequest], cancellation: Cancellation
  ) -> [Result<Answer, QueryError>] {
    guard requests.count > 1, bundle.itemCount < CatalogueSearch.fewestRows else {
      return requests.map { request in
        Result { () throws(QueryError) in try recommend(request, cancellation: cancellation) }
      }
    }
    let people = requests.map { request in
      Result { () throws(QueryError) -> Person in
        try check(top: request.top)
        return try person(of: request)
      }
    }
    let known = people.indices.filter { (try? people[$0].get()) != nil }
    let sheet = scores(of: known.compactMap { try? people[$0].get().vector }, cancellation: cancellation)
    return requests.indices.map { position in
      Result { () throws(QueryError) -> Answer in
        let person = try people[position].get()
        let row = known.firstIndex(of: position).map { sheet.row($0) }
        return try recommend(requests[position], to: person, scores: row, cancellation: cancellation)
      }
    }
  }

  /// The scores of all items for several vectors, `[vectors, items]`; left undone where it is cancelled.
  private func scores(of vectors: [[Float]], cancellation: Cancellation) -> Matrix {
    let items = bundle.finalItems
    let width = items.columns
    let together = Matrix.uninitialized(rows: vectors.count, columns: width)
    for (position, vector) in vectors.enumerated() { together.row(position).update(from: vector, count: width) }
    let result = Matrix.uninitialized(rows: vectors.count, columns: items.rows)
    // A look at the cancellation every few thousand rows, as often as one vector's scores take one.
    let rowsAtOnce = 8_192
    for start in stride(from: 0, to: items.rows, by: rowsAtOnce) {
      guard !cancellation.isCancelled else { return result }
      kernels.dotGrid(
        together.pointer, items.row(start), width, vectors.count, min(rowsAtOnce, items.rows - start),
        result.pointer + start, items.rows)
    }
    return result
  }

  /// - Parameter scores: what was computed for the person beforehand, `[items]`; nil to find the best in the way that suits
  ///   the catalogue.
  private func recommend(
    _ request: RecommendRequest, to person: Person, scores: UnsafePointer<Float>?, cancellation: Cancellation
  ) throws(QueryError) -> Answer {
    let (leftOut, filtered) = try filter(request, seen: person.items)
    let best: [ScoredIndex]
    let method: SearchMethod
    if let scores {
      if cancellation.isCancelled { throw .interrupted }
      best = topK(of: scores, count: bundle.itemCount, k: request.top, excluding: leftOut[...])
      method = .plain
    } else {
      (best, method) = try person.vector.withUnsafeBufferPointer {
        (vector) throws(QueryError) -> ([ScoredIndex], SearchMethod) in
        guard let base = vector.baseAddress else { return ([], .plain) }
        return try bestItems(for: base, top: request.top, leavingOut: leftOut[...], cancellation: cancellation)
      }
    }
    var answer = answer(best, person: person, filtered: filtered, request: request)
    answer.method = method
    return answer
  }

  /// Who is recommended to.
  private struct Person {
    /// The row of a known user.
    var user: Int?
    /// The items the person has, ascending.
    var items: [Int32]
    /// The vector items are scored with, `[d]`.
    var vector: [Float]
  }

  /// Items each filter left out, counted once: seen before excluded before not a candidate.
  private struct Filtered {
    var seen = 0
    var excluded = 0
    var notCandidates = 0
  }

  private func person(of request: RecommendRequest) throws(QueryError) -> Person {
    if let id = request.user {
      guard request.items.isEmpty else { throw .invalid("give a user or --items, not both") }
      let user = try userIndex(id)
      let vector = UnsafeBufferPointer(start: bundle.finalUsers.row(user), count: bundle.dimension)
      return Person(user: user, items: bundle.history(of: user), vector: Array(vector))
    }
    guard !request.items.isEmpty else { throw .invalid("name a user, or items of a new person with --items A,B,C") }
    let items = try itemIndices(request.items)
    return Person(user: nil, items: items, vector: foldedIn(items))
  }

  /// The items that the request leaves out, ascending, and how many each filter is the first to leave out.
  private func filter(
    _ request: RecommendRequest, seen: [Int32]
  ) throws(QueryError) -> (leftOut: [Int32], filtered: Filtered) {
    var filtered = Filtered()
    var isLeftOut = [Bool](repeating: false, count: request.candidates == nil ? 0 : bundle.itemCount)
    var leftOut = request.includeSeen ? [] : seen
    filtered.seen = leftOut.count
    for item in try itemIndices(request.excluded) where !leftOut[..<filtered.seen].isSortedMember(item) {
      leftOut.append(item)
      filtered.excluded += 1
    }
    leftOut.sort()
    guard let names = request.candidates else { return (leftOut, filtered) }
    for item in leftOut { isLeftOut[Int(item)] = true }
    var candidates = try itemIndices(names)[...]
    for item in isLeftOut.indices {
      if candidates.first == Int32(item) {
        candidates.removeFirst()
      } else if !isLeftOut[item] {
        leftOut.append(Int32(item))
        filtered.notCandidates += 1
      }
    }
    leftOut.sort()
    return (leftOut, filtered)
  }

  private func answer(
    _ best: [ScoredIndex], person: Person, filtered: Filtered, request: RecommendRequest
  ) -> Answer {
    var user: [JSONValue.Member]
    let who: String
    if let row = person.user {
      user = identity(of: .user, row) + [.init("kind", "known")]
      who = "user \(bundle.users[row])"
    } else {
      let ids = person.items.map { JSONValue.string(bundle.items[Int($0)]) }
      user = [.init("kind", "folded_in"), .init("items", .array(ids))]
      who = "a new person with \(count(person.items.count, "item"))"
    }
    let items = best.enumerated().map { position, result -> JSONValue in
      .object(
        [.init("rank", .integer(position + 1))] + identity(of: .item, Int(result.index))
          + [.init("score", .float(result.score))])
    }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/recommendation/1"), .init("type", "recommendation"), .init("model", modelRecord),
      .init("user", .object(user)), .init("top", .integer(request.top)), .init("score_kind", "dot"),
      .init(
        "filtered",
        [
          "seen": .integer(filtered.seen), "excluded": .integer(filtered.excluded),
          "not_candidates": .integer(filtered.notCandidates),
        ]),
      .init("items", .array(items)),
    ]
    if best.isEmpty { record.append(.init("reason", "no_candidates_left")) }
    // Somebody the model has not seen is told why at once: `explain` knows no such user.
    let divided =
      person.user == nil
      ? best.first.map { first in
        foldedInScore(items: person.items, item: Int(first.index), score: Double(first.score))
      } : nil
    if let divided { record.append(.init("explained", self.record(of: divided))) }
    var sentence = best.isEmpty ? "Nothing is left to recommend to \(who)" : "For \(who)"
    var filters: [String] = []
    if filtered.seen > 0 { filters.append("\(count(filtered.seen, "item")) already seen") }
    if filtered.excluded > 0 { filters.append("\(count(filtered.excluded, "item")) excluded") }
    if filtered.notCandidates > 0 { filters.append("\(count(filtered.notCandidates, "item")) outside the candidates") }
    sentence += filters.isEmpty ? "." : "; left out: " + filters.joined(separator: ", ") + "."
    if !best.isEmpty && best.count < request.top {
      sentence += " Only \(count(best.count, "item")) could be recommended."
    }
    var sentences = [sentence]
    if person.user != nil && person.items.isEmpty {
      sentences.append("Note: the user has no training interactions: the order is little more than a guess.")
    }
    if let divided { sentences.append(self.sentence(of: divided)) }
    let table = AnswerTable(
      columns: [.init("rank", .number), .init("item", .identifier), .init("title", .title), .init("score", .bar)],
      rows: best.enumerated().map { position, result in
        [
          .integer(position + 1), .text(bundle.items[Int(result.index)]), titleCell(of: .item, Int(result.index)),
          .number(Double(result.score)),
        ]
      })
    return Answer(
      kind: "recommendation", records: [.object(record)], sentences: sentences,
      tables: [table] + (divided.map { [self.table(of: $0)] } ?? []))
  }

  /// A count with its noun: `1 item`, `2,000 items`.
  func count(_ number: Int, _ noun: String) -> String {
    grouped(number) + " " + noun + (number == 1 ? "" : "s")
  }
}

extension ArraySlice<Int32> {
  /// Whether an ascending slice holds a value.
  func isSortedMember(_ value: Int32) -> Bool {
    var lower = startIndex
    var upper = endIndex
    while lower < upper {
      let middle = (lower + upper) / 2
      if self[middle] < value { lower = middle + 1 } else { upper = middle }
    }
    return lower < endIndex && self[lower] == value
  }
}
