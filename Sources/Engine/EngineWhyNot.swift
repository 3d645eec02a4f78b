// What outranks an item, and which past items make the difference.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Past items named for each rival.
  private static let namedDifferences = 3
  /// Past items listed over all rivals.
  private static let listedDifferences = 8

  /// An item ahead of the one asked about.
  private struct Rival {
    var rank: Int
    var item: Int32
    var score: Double
    /// What each term adds to the rival beyond what it adds to the item, largest magnitude first; nil is the own part.
    var differences: [(item: Int32?, value: Double)]
  }

  /// What outranks an item for a user, and by which terms of the scores.
  ///
  /// For a rival k of item i the lead is Σ_j (c_jk - c_ji) over the same terms as in `explain`, which adds up exactly
  /// where these do.
  func whyNot(_ request: WhyNotRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    let user = try userIndex(request.user)
    let item = try itemIndex(request.item)
    let history = bundle.interactions.row(user)
    let scores = try scores(of: bundle.finalUsers.row(user), cancellation: cancellation)
    let leftOut = history.filter { Int($0) != item }
    let rank = rank(of: item, in: scores.map(Double.init), leavingOut: leftOut)
    let best = scores.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: min(request.top, rank - 1), excluding: leftOut[...])
    }
    let own = contributions(user: user, item: item)
    var rivals: [Rival] = []
    for (position, found) in best.enumerated() {
      if cancellation.isCancelled { throw .interrupted }
      let theirs = contributions(user: user, item: Int(found.index))
      var differences = zip(theirs.terms, own.terms).map { (item: Optional($0.item), value: $0.value - $1.value) }
      if own.isIdentity { differences.append((nil, theirs.own - own.own)) }
      differences.sort { Self.isLarger($0, $1) }
      rivals.append(
        Rival(rank: position + 1, item: found.index, score: Double(found.score), differences: differences))
    }
    let means = Self.means(of: rivals)
    let score = Double(scores[item])
    let record: [JSONValue.Member] = [
      .init("schema", "darec/contrast/1"), .init("type", "contrast"), .init("model", modelRecord),
      .init("user", .object(identity(of: .user, user) + [.init("kind", "known")])),
      .init("item", .object(identity(of: .item, item))), .init("top", .integer(request.top)),
      .init("rank", .integer(rank)), .init("candidates", .integer(scores.count - leftOut.count)),
      .init("score", .number(score)), .init("exact", .bool(own.isIdentity)),
      .init("outranked_by", .array(rivals.map { self.record(of: $0, score: score) })),
      .init("differences", .array(means.map { differenceRecord($0.item, $0.value) })),
    ]
    return Answer(
      kind: "contrast", records: [.object(record)],
      sentences: sentences(
        user: user, item: item, rank: rank, candidates: scores.count - leftOut.count, score: score, rivals: rivals,
        means: means, isExact: own.isIdentity, hasSeen: bundle.interactions.contains(row: user, column: Int32(item))),
      tables: tables(of: rivals, score: score, means: means))
  }

  private static func isLarger(_ first: (item: Int32?, value: Double), _ second: (item: Int32?, value: Double)) -> Bool
  {
    if first.value.magnitude != second.value.magnitude { return first.value.magnitude > second.value.magnitude }
    return first.item ?? .max < second.item ?? .max
  }

  /// The mean of every term's differences over the rivals, largest magnitude first.
  private static func means(of rivals: [Rival]) -> [(item: Int32?, value: Double)] {
    guard let first = rivals.first else { return [] }
    let order = first.differences.map(\.item).sorted { $0 ?? .max < $1 ?? .max }
    var sums = [Double](repeating: 0, count: order.count)
    for rival in rivals {
      let inOrder = rival.differences.sorted { $0.item ?? .max < $1.item ?? .max }
      for (position, difference) in inOrder.enumerated() { sums[position] += difference.value }
    }
    return zip(order, sums).map { (item: $0, value: $1 / Double(rivals.count)) }.sorted { isLarger($0, $1) }
  }

  private func differenceRecord(_ item: Int32?, _ value: Double) -> JSONValue {
    let start: [JSONValue.Member] =
      item.map { [.init("kind", "history_item")] + identity(of: .item, Int($0)) } ?? [.init("kind", "self")]
    return .object(start + [.init("value", .number(value))])
  }

  private func record(of rival: Rival, score: Double) -> JSONValue {
    let named = rival.differences.prefix(Self.namedDifferences)
    let lead = rival.score - score
    return .object(
      [.init("rank", .integer(rival.rank))] + identity(of: .item, Int(rival.item)) + [
        .init("score", .number(rival.score)), .init("lead", .number(lead)),
        .init("differences", .array(named.map { differenceRecord($0.item, $0.value) })),
        .init("residual", .number(named.reduce(lead) { $0 - $1.value })),
      ])
  }

  private func sentences(
    user: Int, item: Int, rank: Int, candidates: Int, score: Double, rivals: [Rival],
    means: [(item: Int32?, value: Double)], isExact: Bool, hasSeen: Bool
  ) -> [String] {
    let place =
      "\(name(of: .item, item)) is number \(grouped(rank)) of \(grouped(candidates)) for \(name(of: .user, user)), "
      + "with the score \(decimal(score))"
    guard let last = rivals.last else {
      return [place + ": nothing outranks it."] + (hasSeen ? [Self.seenSentence] : [])
    }
    var result = [
      "\(place): \(decimal(last.score - score)) behind number \(grouped(last.rank)), \(name(of: .item, Int(last.item)))."
    ]
    func list(_ terms: ArraySlice<(item: Int32?, value: Double)>) -> String {
      terms.map { term in
        let what = term.item.map { name(of: .item, Int($0)) } ?? "the user's own part"
        return "\(what) (\(term.value > 0 ? "+" : "")\(decimal(term.value)))"
      }.joined(separator: ", ")
    }
    let forThem = means.filter { $0.value > 0 }.prefix(Self.namedDifferences)
    if !forThem.isEmpty {
      let ahead = rivals.count == 1 ? "that one ahead of it" : "the \(grouped(rivals.count)) ahead of it, on average"
      result.append("What puts \(ahead): \(list(forThem)).")
    }
    let forIt = means.filter { $0.value < 0 }.prefix(1)
    if !forIt.isEmpty { result.append("Most in its own favour: \(list(forIt)).") }
    if !isExact { result.append("Note: this model's scores are not a sum over past items; this is a linear reading.") }
    if hasSeen { result.append(Self.seenSentence) }
    return result
  }

  private static var seenSentence: String { "Note: the user has it already, so it is not recommended anyway." }

  private func tables(
    of rivals: [Rival], score: Double, means: [(item: Int32?, value: Double)]
  ) -> [AnswerTable] {
    guard !rivals.isEmpty else { return [] }
    func title(_ item: Int32?) -> AnswerCell {
      guard let item else { return .text("(own part)") }
      return .text(self.title(of: .item, Int(item)) ?? bundle.items[Int(item)])
    }
    let ahead = AnswerTable(
      title: "Ahead of it",
      columns: [
        .init("rank", .number), .init("item", .identifier), .init("title", .title), .init("lead", .bar),
        .init("most_by", .title), .init("adds", .number),
      ],
      rows: rivals.map { rival in
        let most = rival.differences.first { $0.value > 0 }
        return [
          .integer(rival.rank), .text(bundle.items[Int(rival.item)]), titleCell(of: .item, Int(rival.item)),
          .number(rival.score - score), most.map { title($0.item) } ?? .missing,
          most.map { .number($0.value) } ?? .missing,
        ]
      })
    let differences = AnswerTable(
      title: "Mean difference by past item",
      columns: [.init("kind", .word), .init("item", .identifier), .init("title", .title), .init("value", .bar)],
      rows: means.prefix(Self.listedDifferences).map { mean in
        [
          .text(mean.item == nil ? "self" : "history_item"), mean.item.map { .text(bundle.items[Int($0)]) } ?? .missing,
          mean.item.map { titleCell(of: .item, Int($0)) } ?? .missing, .number(mean.value),
        ]
      })
    return [ahead, differences]
  }
}
