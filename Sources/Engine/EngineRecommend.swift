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
    let question = try question(of: request)
    let (best, method) = try question.person.vector.withUnsafeBufferPointer {
      (vector) throws(QueryError) -> ([ScoredIndex], SearchMethod) in
      guard let base = vector.baseAddress else { return ([], .plain) }
      return try bestItems(
        for: base, top: request.top, leavingOut: question.leftOut[...], cancellation: cancellation)
    }
    return answer(best, to: question, method: method)
  }

  /// Answers requests as `recommend` does one by one, to the bit, with fewer trips to memory.
  ///
  /// A small catalogue is searched for all of them at once: every number that is loaded is used several times. A request that
  /// fails does not stop the others.
  package func recommend(
    _ requests: [RecommendRequest], cancellation: Cancellation
  ) -> [Result<Answer, QueryError>] {
    guard requests.count > 1, bundle.itemCount < CatalogueSearch.fewestRows else {
      return requests.map { request in
        Result { () throws(QueryError) in try recommend(request, cancellation: cancellation) }
      }
    }
    let questions = requests.map { request in
      Result { () throws(QueryError) in try question(of: request) }
    }
    var found = bestItems(forEach: questions.compactMap { try? $0.get() }, cancellation: cancellation)[...]
    return questions.map { question in
      Result { () throws(QueryError) -> Answer in
        let question = try question.get()
        guard let (best, method) = found.popFirst(), !cancellation.isCancelled else { throw .interrupted }
        return answer(best, to: question, method: method)
      }
    }
  }

  /// The best items for each of some questions, to the bit as for one; meaningless, or none, where it is cancelled.
  private func bestItems(
    forEach questions: [Question], cancellation: Cancellation
  ) -> [(best: [ScoredIndex], method: SearchMethod)] {
    var found = [[ScoredIndex]?](repeating: nil, count: questions.count)
    let short = questions.indices.filter {
      questions[$0].top <= min(Self.longestTogether, bundle.itemCount / 16)
    }
    let items = VectorSet(matrix: bundle.finalItems, offset: 0, count: bundle.itemCount, search: searchTogether)
    if let longest = short.map({ questions[$0].top }).max(), !cancellation.isCancelled,
      let rows = searchTogether.rows(of: items, questions: short.count)
    {
      let (best, scored) = rows.best(
        forEach: matrix(of: short.map { questions[$0] }), k: longest, excluding: short.map { questions[$0].leftOut })
      searchTogether.note(questions: short.count, scored: scored, of: items.count)
      for (position, best) in zip(short, best) {
        found[position] = best.map { Array($0.prefix(questions[position].top)) }
      }
    }
    let rest = found.indices.filter { found[$0] == nil }
    for start in stride(from: 0, to: rest.count, by: Self.scoredTogether) {
      let part = rest[start..<min(rest.count, start + Self.scoredTogether)]
      guard let sheet = scores(of: part.map { questions[$0] }, cancellation: cancellation) else { return [] }
      for (row, position) in part.enumerated() {
        found[position] = topK(
          of: sheet.row(row), count: bundle.itemCount, k: questions[position].top,
          excluding: questions[position].leftOut[...])
      }
    }
    let plain = Set(rest)
    return found.enumerated().map { ($1 ?? [], plain.contains($0) ? .plain : .roundedTogether) }
  }

  /// The longest list found over rounded rows.
  ///
  /// Each question keeps candidates for the longest list beside it; a list of the order of the catalogue leaves nothing to
  /// rule out.
  private static let longestTogether = 128

  /// Questions whose scores are computed together in float32: their vectors fit the first-level cache beside rows of the
  /// catalogue.
  private static let scoredTogether = 8

  /// The vectors of some questions, `[questions, d]`.
  private func matrix(of questions: [Question]) -> Matrix {
    let result = Matrix.uninitialized(rows: questions.count, columns: bundle.dimension)
    for (row, question) in questions.enumerated() {
      result.row(row).update(from: question.person.vector, count: result.columns)
    }
    return result
  }

  /// The scores of all items for several questions, `[questions, items]`; nil where it is cancelled.
  private func scores(of questions: [Question], cancellation: Cancellation) -> Matrix? {
    let items = bundle.finalItems
    let width = items.columns
    let vectors = matrix(of: questions)
    let result = Matrix.uninitialized(rows: questions.count, columns: items.rows)
    // A look at the cancellation every few thousand rows, as often as one vector's scores take one.
    let rowsAtOnce = 8_192
    for start in stride(from: 0, to: items.rows, by: rowsAtOnce) {
      guard !cancellation.isCancelled else { return nil }
      kernels.dotGrid(
        vectors.pointer, items.row(start), width, questions.count, min(rowsAtOnce, items.rows - start),
        result.pointer + start, items.rows)
    }
    return result
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

  /// A request in terms of rows and vectors.
  private struct Question {
    var person: Person
    /// Most results.
    var top: Int
    /// The items that do not count, ascending.
    var leftOut: [Int32]
    var filtered: Filtered
  }

  private func question(of request: RecommendRequest) throws(QueryError) -> Question {
    try check(top: request.top)
    let person = try person(of: request)
    let (leftOut, filtered) = try filter(request, seen: person.items)
    return Question(person: person, top: request.top, leftOut: leftOut, filtered: filtered)
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

  private func answer(_ best: [ScoredIndex], to question: Question, method: SearchMethod) -> Answer {
    let (person, filtered, top) = (question.person, question.filtered, question.top)
    var user: [JSONValue.Member]
    if let row = person.user {
      user = identity(of: .user, row) + [.init("kind", "known")]
    } else {
      let ids = person.items.map { JSONValue.string(bundle.items[Int($0)]) }
      user = [.init("kind", "folded_in"), .init("items", .array(ids))]
    }
    // Asked for once: a model's titles may be a part that is read when it is first needed.
    let titles = bundle.titles
    var items: [JSONValue] = []
    items.reserveCapacity(best.count)
    for (position, result) in best.enumerated() {
      var members: [JSONValue.Member] = []
      members.reserveCapacity(4)
      members.append(.init("rank", .integer(position + 1)))
      appendIdentity(ofItem: Int(result.index), titles: titles, to: &members)
      members.append(.init("score", .float(result.score)))
      items.append(.object(members))
    }
    var record: [JSONValue.Member] = [
      .init("schema", "darec/recommendation/1"), .init("type", "recommendation"), .init("model", modelRecord),
      .init("user", .object(user)), .init("top", .integer(top)), .init("score_kind", "dot"),
      .init(
        "filtered",
        .object([
          .init("seen", .integer(filtered.seen)), .init("excluded", .integer(filtered.excluded)),
          .init("not_candidates", .integer(filtered.notCandidates)),
        ])),
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
    return Answer(kind: "recommendation", record: .object(record), method: method) { [self] in
      AnswerText(
        sentences: sentences(best, person: person, filtered: filtered, top: top)
          + (divided.map { [sentence(of: $0)] } ?? []),
        tables: [table(of: best)] + (divided.map { [table(of: $0)] } ?? []))
    }
  }

  private func sentences(_ best: [ScoredIndex], person: Person, filtered: Filtered, top: Int) -> [String] {
    let who = person.user.map { "user \(bundle.users[$0])" } ?? "a new person with \(count(person.items.count, "item"))"
    var sentence = best.isEmpty ? "Nothing is left to recommend to \(who)" : "For \(who)"
    var filters: [String] = []
    if filtered.seen > 0 { filters.append("\(count(filtered.seen, "item")) already seen") }
    if filtered.excluded > 0 { filters.append("\(count(filtered.excluded, "item")) excluded") }
    if filtered.notCandidates > 0 { filters.append("\(count(filtered.notCandidates, "item")) outside the candidates") }
    sentence += filters.isEmpty ? "." : "; left out: " + filters.joined(separator: ", ") + "."
    if !best.isEmpty && best.count < top {
      sentence += " Only \(count(best.count, "item")) could be recommended."
    }
    guard person.user != nil && person.items.isEmpty else { return [sentence] }
    return [
      sentence, "Note: the user has no training interactions: the order is little more than a guess.",
    ]
  }

  private func table(of best: [ScoredIndex]) -> AnswerTable {
    AnswerTable(
      columns: [.init("rank", .number), .init("item", .identifier), .init("title", .title), .init("score", .bar)],
      rows: best.enumerated().map { position, result in
        [
          .integer(position + 1), .text(bundle.items[Int(result.index)]), titleCell(of: .item, Int(result.index)),
          .number(Double(result.score)),
        ]
      })
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
