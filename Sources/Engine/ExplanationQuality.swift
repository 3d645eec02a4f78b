// Whether explanations are true: what happens to scores when what they name is taken away, or alone is kept.
// Guide: Docs/Evaluation.md, "Explanations".

import Evaluation
import Files
import ModelFile
import Numerics

/// How explanations are measured.
package struct ExplanationQualityOptions: Sendable {
  /// Users, each with one of the user's recommendations.
  package var cases = 500
  /// Length of the list that recommendations are taken from and must leave.
  package var top = 10
  /// Random subsets that each explanation is compared with.
  package var randomSets = 20
  /// Take each user's first recommendation instead of one drawn from the list.
  package var onlyFirst = false
  /// Seed of cases and subsets.
  package var seed: UInt64 = 0

  /// 500 cases from the top 10, 20 random sets.
  package init() {}
}

/// A mean over cases or nodes with its interval.
struct QualityNumber {
  var name: String
  var interval: BootstrapInterval
}

/// One case: a user, one of the user's recommendations, and everything that was tried on it.
private struct QualityCase {
  var user = 0
  var item = 0
  /// Past items, and how many of them the explanation names.
  var historySize = 0
  var named = 0
  /// Share of the score lost without the subset, and kept with the subset alone: named, random (mean), by text.
  var lost: [Double] = []
  var kept: [Double] = []
  /// 1 when the item leaves the list without the subset; stays in it with the subset alone.
  var left: [Double] = []
  var stays: [Double] = []
  /// Size of the counterfactual set; nil when there is none.
  var setSize: Int?
  /// The item was out of the list when the set was removed once more.
  var setIsTrue = false
  /// Size of the smallest random set that drops the item, up to the counterfactual's; nil when all that size fail.
  var smallestRandom: Int?
  /// Trying every smaller set has shown that none drops the item.
  var isSmallest = false
  /// Jaccard index of the five largest terms and those under another user's history.
  var permutedOverlap = 0.0
}

extension Engine {
  /// Terms compared between a history and another one.
  private static let comparedTerms = 5
  /// Fewer past items than this cannot be divided into subsets worth comparing.
  private static let fewestItems = 6
  /// Sets tried to show that none is smaller than one that a random set is as small as.
  private static let exhaustiveTrials = 10_000
  /// Users and items whose neighbours are compared between the sides.
  private static let comparedNodes = 500

  /// Measures explanations of a sample of recommendations.
  ///
  /// A case is a user and one of the top N, drawn uniformly, or the first of them. The explanation names the past items of its evidence (the
  /// shortest beginning of the terms that carries 80 % of the score), at most half of the history. Random subsets of the
  /// same size, and the subset of the same size that is nearest to the item by text, are treated alike. All scores are
  /// `editedScores`; ranks leave out the original history.
  /// - Parameter progress: told how many of all cases are done.
  package func explanationQuality(
    _ options: ExplanationQualityOptions, cancellation: Cancellation, progress: (_ done: Int, _ of: Int) -> Void
  ) throws(QueryError) -> Answer {
    guard options.cases >= 1, options.cases <= 1_000_000 else { throw .invalid("at least one case is needed") }
    try check(top: options.top)
    var users = (0..<bundle.userCount).filter { bundle.interactions.degree($0) >= Self.fewestItems }
    guard !users.isEmpty else {
      throw .notAvailable("no user has \(Self.fewestItems) training interactions, so no explanation can be tested")
    }
    var stream = RandomStream(seed: options.seed, purpose: .explanationQuality)
    stream.shuffle(&users)
    let chosen = Array(users.prefix(options.cases))
    var results = [Result<QualityCase?, QueryError>](repeating: .success(nil), count: chosen.count)
    let block = 32
    for start in stride(from: 0, to: chosen.count, by: block) {
      progress(start, chosen.count)
      let size = min(block, chosen.count - start)
      results.withUnsafeMutableBufferPointer { buffer in
        let target = buffer
        parallelFor(size) { offset in
          let position = start + offset
          let other = chosen[(position + 1) % chosen.count]
          do throws(QueryError) {
            target[position] = .success(
              try qualityCase(
                user: chosen[position], other: other, position: position, options: options, cancellation: cancellation))
          } catch { target[position] = .failure(error) }
        }
      }
      for result in results[start..<start + size] { if case .failure(let error) = result { throw error } }
    }
    progress(chosen.count, chosen.count)
    var cases: [QualityCase] = []
    for result in results { if case .success(let found?) = result { cases.append(found) } }
    guard !cases.isEmpty else { throw .notAvailable("no user is left with anything to recommend") }
    return try qualityAnswer(cases, options: options, cancellation: cancellation)
  }

  // MARK: - One case

  private func qualityCase(
    user: Int, other: Int, position: Int, options: ExplanationQualityOptions, cancellation: Cancellation
  ) throws(QueryError) -> QualityCase? {
    if cancellation.isCancelled { throw .interrupted }
    let history = Array(bundle.interactions.row(user))
    let scores = try scores(of: bundle.finalUsers.row(user), cancellation: cancellation)
    let best = scores.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: options.top, excluding: history[...])
    }
    guard !best.isEmpty else { return nil }
    var stream = RandomStream(seed: options.seed, purpose: .explanationQuality, epoch: 1, step: position)
    let item = Int(best[options.onlyFirst ? 0 : stream.below(best.count)].index)
    let before = try editedScores(user: user, history: history, cancellation: cancellation)[item]
    let divided = contributions(user: user, item: item)
    let magnitude = divided.terms.reduce(divided.own.magnitude) { $0 + $1.value.magnitude }
    let ordered = terms(of: divided, magnitude: magnitude)
    let evidence = ordered.evidence(of: Double(scores[item]))?.terms ?? ordered.count
    let evidenceItems = ordered.prefix(evidence).count { $0.item != nil }
    let named = min(max(1, evidenceItems), history.count / 2)
    let byValue = divided.terms.sorted { ($1.value, $0.item) < ($0.value, $1.item) }.map(\.item)

    var result = QualityCase()
    result.user = user
    result.item = item
    result.historySize = history.count
    result.named = named
    var subsets = [Array(byValue.prefix(named))]
    for _ in 0..<min(5, max(1, options.randomSets)) {
      var shuffled = history
      stream.shuffle(&shuffled)
      subsets.append(Array(shuffled.prefix(named)))
    }
    if let text = vectors(.item, SpaceView(space: .text, side: nil)) {
      subsets.append(nearest(to: item, among: history, in: text, top: named).map(\.index))
    }
    var effects: [(lost: Double, kept: Double, left: Double, stays: Double)] = []
    for subset in subsets {
      let chosen = subset.sorted()
      let without = try editedScores(
        user: user, history: history.filter { !contains(chosen, $0) }, cancellation: cancellation)
      let alone = try editedScores(user: user, history: chosen, cancellation: cancellation)
      effects.append(
        (
          before != 0 ? (before - without[item]) / before.magnitude : 0,
          before != 0 ? alone[item] / before.magnitude : 0,
          rank(of: item, in: without, leavingOut: history) > options.top ? 1 : 0,
          rank(of: item, in: alone, leavingOut: history) <= options.top ? 1 : 0
        ))
    }
    let randomEnd = 1 + min(5, max(1, options.randomSets))
    func summary(_ value: ((lost: Double, kept: Double, left: Double, stays: Double)) -> Double) -> [Double] {
      let random = effects[1..<randomEnd].map(value)
      return [value(effects[0]), random.reduce(0, +) / Double(random.count)] + effects[randomEnd...].map(value)
    }
    result.lost = summary { $0.lost }
    result.kept = summary { $0.kept }
    result.left = summary { $0.left }
    result.stays = summary { $0.stays }

    if let found = try counterfactual(
      user: user, item: item, top: options.top, scores: scores, cancellation: cancellation), found.isFound
    {
      let gone = found.removed.sorted()
      result.setSize = gone.count
      let after = try editedScores(
        user: user, history: history.filter { !contains(gone, $0) }, cancellation: cancellation)
      result.setIsTrue = rank(of: item, in: after, leavingOut: history) > options.top
      var limit = gone.count
      for _ in 0..<options.randomSets {
        var shuffled = history
        stream.shuffle(&shuffled)
        for size in 1..<limit + 1 {
          let random = shuffled.prefix(size).sorted()
          let after = try editedScores(
            user: user, history: history.filter { !contains(random, $0) }, cancellation: cancellation)
          if rank(of: item, in: after, leavingOut: history) > options.top {
            result.smallestRandom = size
            limit = size - 1
            break
          }
        }
        if limit == 0 { break }
      }
      if let random = result.smallestRandom {
        result.isSmallest = try noneIsSmaller(
          than: random, user: user, item: item, top: options.top, history: history, cancellation: cancellation)
      }
    }

    let foreign = Array(bundle.interactions.row(other))
    let permuted = dividedScore(user: user, history: foreign, item: item, score: 0)
    let own = Set(byValue.prefix(Self.comparedTerms))
    let others = Set(
      permuted.terms.filter { $0.kind == "history_item" }.sorted { ($1.value, $0.item ?? 0) < ($0.value, $1.item ?? 0) }
        .prefix(Self.comparedTerms).compactMap(\.item))
    let union = own.union(others).count
    result.permutedOverlap = union > 0 ? Double(own.intersection(others).count) / Double(union) : 0
    return result
  }

  /// True when no set of past items that is smaller than `size` drops an item out of the list, by trying all of them;
  /// false when one does, or when there are more than `exhaustiveTrials`.
  private func noneIsSmaller(
    than size: Int, user: Int, item: Int, top: Int, history: [Int32], cancellation: Cancellation
  ) throws(QueryError) -> Bool {
    var sets = 0
    var ofSize = 1
    for smaller in 1..<size {
      ofSize = ofSize * (history.count - smaller + 1) / smaller
      sets += ofSize
      guard sets <= Self.exhaustiveTrials else { return false }
    }
    for smaller in 1..<size {
      // Places of the set's members, ascending; the last that can move on does.
      var places = Array(0..<smaller)
      while true {
        let gone = places.map { history[$0] }
        let after = try editedScores(
          user: user, history: history.filter { !contains(gone, $0) }, cancellation: cancellation)
        if rank(of: item, in: after, leavingOut: history) > top { return false }
        guard let moved = places.indices.last(where: { places[$0] < history.count - smaller + $0 }) else { break }
        places[moved] += 1
        for later in places.indices where later > moved { places[later] = places[later - 1] + 1 }
      }
    }
    return true
  }

  // MARK: - Neighbours of the two sides

  /// Jaccard indices of the ten nearest items, and users, on the two sides of a space; nil without parts.
  private func sideAgreement(_ space: Space, cancellation: Cancellation) throws(QueryError) -> [Double]? {
    var result: [Double] = []
    for kind in EntityKind.allCases {
      guard let behaviour = vectors(kind, SpaceView(space: space, side: .collaborative)),
        let language = vectors(kind, SpaceView(space: space, side: .language))
      else { return nil }
      let wanted = min(behaviour.count, Self.comparedNodes)
      for position in 0..<wanted {
        let index = position * behaviour.count / wanted
        let first = Set(try nearest(to: index, in: behaviour, top: 10, cancellation: cancellation).map(\.index))
        let second = Set(try nearest(to: index, in: language, top: 10, cancellation: cancellation).map(\.index))
        let union = first.union(second).count
        if union > 0 { result.append(Double(first.intersection(second).count) / Double(union)) }
      }
    }
    return result.isEmpty ? nil : result
  }

  // MARK: - The answer

  private func qualityAnswer(
    _ cases: [QualityCase], options: ExplanationQualityOptions, cancellation: Cancellation
  ) throws(QueryError) -> Answer {
    let bootstrap = PairedBootstrap(resamples: 2_000, seed: options.seed)
    var numbers: [QualityNumber] = []
    func add(_ name: String, _ values: [Double]) {
      if let interval = bootstrap.interval([values]) { numbers.append(QualityNumber(name: name, interval: interval)) }
    }
    let hasText = cases[0].lost.count > 2
    for (name, series) in [
      ("necessity.score_lost", cases.map(\.lost)), ("necessity.left_top", cases.map(\.left)),
      ("sufficiency.score_kept", cases.map(\.kept)), ("sufficiency.stayed_top", cases.map(\.stays)),
    ] {
      add(name + ".named", series.map { $0[0] })
      add(name + ".random", series.map { $0[1] })
      add(name + ".named_minus_random", series.map { $0[0] - $0[1] })
      if hasText {
        add(name + ".by_text", series.map { $0[2] })
        add(name + ".named_minus_by_text", series.map { $0[0] - $0[2] })
      }
    }
    add("named_share_of_history", cases.map { Double($0.named) / Double($0.historySize) })
    let found = cases.filter { $0.setSize != nil }
    add("counterfactual.found", cases.map { $0.setSize == nil ? 0 : 1 })
    add("counterfactual.drops_item", found.map { $0.setIsTrue ? 1 : 0 })
    add("counterfactual.size", found.map { Double($0.setSize ?? 0) })
    add("counterfactual.smaller_than_best_random", found.map { $0.smallestRandom == nil ? 1 : 0 })
    // No set is smaller than one item: where a random one suffices, all that can be asked is that ours is one too.
    let beatable = found.filter { $0.smallestRandom != 1 }
    add("counterfactual.smaller_where_possible", beatable.map { $0.smallestRandom == nil ? 1 : 0 })
    // Two random items may be the smallest set there is: then ours can be as small, not smaller.
    add(
      "counterfactual.smaller_unless_proven_smallest",
      beatable.filter { !$0.isSmallest }.map { $0.smallestRandom == nil ? 1 : 0 })
    add(
      "counterfactual.not_larger_than_best_random",
      found.map { one in one.smallestRandom.map { $0 >= one.setSize ?? 0 } ?? true ? 1 : 0 })
    add("permuted_history.top_terms_overlap", cases.map(\.permutedOverlap))
    add("permuted_history.changed", cases.map { $0.permutedOverlap < 1 ? 1 : 0 })
    let shared = try sideAgreement(.shared, cancellation: cancellation)
    let specific = try sideAgreement(.specific, cancellation: cancellation)
    if let shared, let specific {
      add("sides.shared_overlap", shared)
      add("sides.specific_overlap", specific)
      if shared.count == specific.count {
        add("sides.shared_minus_specific", zip(shared, specific).map { $0 - $1 })
      }
    }
    let record: [JSONValue.Member] = [
      .init("schema", "darec/explanation-quality/1"), .init("type", "explanation_quality"), .init("model", modelRecord),
      .init("method", .string(editMethod.rawValue)), .init("cases", .integer(cases.count)),
      .init("top", .integer(options.top)), .init("only_first", .bool(options.onlyFirst)),
      .init("random_sets", .integer(options.randomSets)),
      .init("seed", .integer(Int(clamping: options.seed))),
      .init("numbers", .object(numbers.map { .init($0.name, $0.interval.json) })),
    ]
    return Answer(
      kind: "explanation_quality", records: [.object(record)],
      sentences: qualitySentences(numbers, cases: cases.count, options: options),
      tables: [
        AnswerTable(
          columns: [
            .init("measure", .word), .init("mean", .number), .init("lower", .number), .init("upper", .number),
            .init("n", .number),
          ],
          rows: numbers.map { number in
            [
              .text(number.name), .number(number.interval.mean), .number(number.interval.lower),
              .number(number.interval.upper), .integer(number.interval.users),
            ]
          })
      ])
  }

  private func qualitySentences(
    _ numbers: [QualityNumber], cases: Int, options: ExplanationQualityOptions
  ) -> [String] {
    func value(_ name: String) -> BootstrapInterval? { numbers.first { $0.name == name }?.interval }
    func percent(_ share: Double) -> String { decimal(100 * share, places: 1) + " %" }
    var result = [
      "\(count(cases, options.onlyFirst ? "first recommendation" : "recommendation")) from the top \(options.top), edited histories scored by "
        + "\(editMethod == .repropagation ? "propagating the edited graph" : editMethod == .refit ? "a refit of the user" : "the closed form")."
    ]
    if let named = value("necessity.score_lost.named"), let random = value("necessity.score_lost.random") {
      result.append(
        "Without the items an explanation names the score falls by \(percent(named.mean)), without as many random ones "
          + "by \(percent(random.mean)).")
    }
    if let named = value("sufficiency.score_kept.named"), let random = value("sufficiency.score_kept.random") {
      result.append(
        "With the named items alone it keeps \(percent(named.mean)), with as many random ones \(percent(random.mean)).")
    }
    if let drops = value("counterfactual.drops_item"), let size = value("counterfactual.size"),
      let smaller = value("counterfactual.smaller_than_best_random"),
      let notLarger = value("counterfactual.not_larger_than_best_random")
    {
      result.append(
        "Counterfactual sets (\(decimal(size.mean, places: 1)) items on average) drop the item in \(percent(drops.mean)) "
          + "of \(count(drops.users, "case")).")
      var comparison =
        "Beside the smallest of \(options.randomSets) random sets that do it, they are smaller in "
        + "\(percent(smaller.mean)) of the cases and not larger in \(percent(notLarger.mean))"
      if let possible = value("counterfactual.smaller_where_possible"), possible.users < smaller.users {
        comparison +=
          "; in \(count(smaller.users - possible.users, "case")) a single random item does it, and nothing is smaller "
          + "than that: of the other \(grouped(possible.users)) they are smaller in \(percent(possible.mean))"
        if let unproven = value("counterfactual.smaller_unless_proven_smallest"), unproven.users < possible.users {
          comparison +=
            ", and in \(percent(unproven.mean)) without \(count(possible.users - unproven.users, "case")) in which trying "
            + "every smaller set shows that there is none"
        }
      }
      result.append(comparison + ".")
    }
    if let difference = value("sides.shared_minus_specific"), let shared = value("sides.shared_overlap"),
      let specific = value("sides.specific_overlap")
    {
      let verdict = difference.lower > 0 ? "disentangled" : "not shown to be disentangled"
      result.append(
        "Neighbours agree between the sides for \(percent(shared.mean)) in the shared parts and "
          + "\(percent(specific.mean)) in the specific ones: \(verdict).")
    }
    return result
  }
}
