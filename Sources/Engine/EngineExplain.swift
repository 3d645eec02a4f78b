// Computing why an item has its score for a user.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Items that the affinity to the history is compared with.
  private static let baselineItems = 256
  /// A user or an item with fewer training interactions than this has a vector that little is known about.
  private static let fewInteractions = 5

  /// Most numbers that are derived for one explanation: 256 MiB of them.
  private static let derivedTextElements = 1 << 26

  /// Why an item has its score for a user.
  package func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    guard (0...1_000).contains(request.neighbors) else { throw .invalid("--neighbors must be between 0 and 1000") }
    try check(top: request.top)
    if let limit = request.contributions, limit < 0 { throw .invalid("--contributions must not be negative") }
    let explanation = try explanation(request, cancellation: cancellation)
    return Answer(
      kind: "explanation", records: [record(of: explanation, request: request)],
      sentences: sentences(of: explanation), tables: tables(of: explanation))
  }

  /// The explanation as a value.
  func explanation(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Explanation {
    let user = try userIndex(request.user)
    let item = try itemIndex(request.item)
    let history = bundle.interactions.row(user)
    let scores = try scores(of: bundle.finalUsers.row(user), cancellation: cancellation)
    let (rank, candidates) = rank(of: item, scores: scores, seen: history)
    let contributions = contributions(user: user, item: item)
    let score = Double(scores[item])
    let magnitude = contributions.terms.reduce(contributions.own.magnitude) { $0 + $1.value.magnitude }
    let ordered = terms(of: contributions, magnitude: magnitude)
    let listed = ordered.limited(to: request.contributions)
    let counterfactual =
      request.counterfactual
      ? try counterfactual(user: user, item: item, top: request.top, scores: scores, cancellation: cancellation) : nil
    if cancellation.isCancelled { throw .interrupted }
    let others = history.filter { Int($0) != item }
    let hasItem = itemUsers.row(item).filter { Int($0) != user }
    return Explanation(
      user: user, item: item, score: score, parts: scoreParts(user: user, item: item), rank: rank,
      candidates: candidates, terms: listed,
      evidence: ordered.evidence(of: score), unlisted: ordered.count - listed.count,
      residual: listed.reduce(score) { $0 - $1.value },
      // Float32 vectors carry an error of about 1e-7 of the magnitudes that are added.
      isExact: contributions.isIdentity && (score - contributions.sum).magnitude <= 1e-5 * max(1, magnitude),
      hasSeen: bundle.interactions.contains(row: user, column: Int32(item)), counterfactual: counterfactual,
      affinities: affinities(user: user, item: item, history: others),
      itemNeighbours: neighbours(.item, of: item, among: others, top: request.neighbors),
      userNeighbours: neighbours(.user, of: user, among: hasItem, top: request.neighbors),
      warnings: warnings(user: user, item: item, isIdentity: contributions.isIdentity))
  }

  /// The place of an item among the items the user has not seen and itself, and how many these are.
  private func rank(of item: Int, scores: [Float], seen: ArraySlice<Int32>) -> (rank: Int, candidates: Int) {
    let own = ScoredIndex(index: Int32(item), score: scores[item])
    var better = 0
    for (index, score) in scores.enumerated() where ScoredIndex(index: Int32(index), score: score).ranksBefore(own) {
      better += 1
    }
    var seenOthers = 0
    for other in seen where Int(other) != item {
      seenOthers += 1
      if ScoredIndex(index: other, score: scores[Int(other)]).ranksBefore(own) { better -= 1 }
    }
    return (better + 1, scores.count - seenOthers)
  }

  /// The score by its parts, in Double; empty for a score of one part.
  private func scoreParts(user: Int, item: Int) -> [(name: String, value: Double)] {
    guard bundle.scoreParts.count > 1 else { return [] }
    return bundle.scoreParts.map { part in
      let start = part.columns.lowerBound
      let value = innerProduct(
        bundle.finalUsers.row(user) + start, bundle.finalItems.row(item) + start, part.columns.count)
      return (part.name, value)
    }
  }

  /// Terms by descending magnitude, then item order, the own part after items of equal magnitude.
  func terms(of contributions: Contributions, magnitude: Double) -> [Explanation.Term] {
    let isDivided = contributions.parts.count > 1
    func term(_ item: Int32?, _ value: Double, _ parts: [Double]) -> Explanation.Term {
      .init(item: item, value: value, share: magnitude > 0 ? value / magnitude : 0, parts: isDivided ? parts : [])
    }
    var terms = contributions.terms.enumerated().map { position, past in
      term(past.item, past.value, contributions.parts.map { $0.values[position] })
    }
    if contributions.isIdentity { terms.append(term(nil, contributions.own, contributions.parts.map(\.own))) }
    terms.sort { first, second in
      if first.value.magnitude != second.value.magnitude { return first.value.magnitude > second.value.magnitude }
      return first.item ?? .max < second.item ?? .max
    }
    return terms
  }

  // MARK: - Affinity

  private func affinities(user: Int, item: Int, history: [Int32]) -> [Explanation.Affinity] {
    let sampled = baseline(item: item, history: history)
    return SpaceView.all.compactMap { view in
      guard let items = vectors(.item, view), let width = Optional(items.width) else { return nil }
      let target = items.row(item)
      // The norm of the item is the same in hundreds of cosines.
      let targetSquares = kernels.sumOfSquares(target, width)
      func cosineToItem(_ other: Int32) -> Double {
        cosine(target, items.row(Int(other)), width, firstSquares: targetSquares)
      }
      let past = history.map(cosineToItem)
      let sample = sampled.map(cosineToItem)
      let mean = sample.isEmpty ? nil : sample.reduce(0, +) / Double(sample.count)
      let historyMean = past.isEmpty ? nil : past.reduce(0, +) / Double(past.count)
      var lift: Double?
      if let mean, let historyMean, sample.count > 1 {
        let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(sample.count - 1)
        if variance > 1e-12 { lift = (historyMean - mean) / variance.squareRoot() }
      }
      guard let vector = userVector(user, view) else {
        return .init(
          view: view, userItemCosine: 0, userNorm: 0, itemNorm: items.norm(item), history: historyMean,
          baseline: mean, lift: lift)
      }
      return vector.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return nil }
        return .init(
          view: view, userItemCosine: cosine(base, target, width),
          userNorm: kernels.sumOfSquares(base, width).squareRoot(), itemNorm: items.norm(item), history: historyMean,
          baseline: mean, lift: lift)
      }
    }
  }

  /// A user's vector in a space.
  ///
  /// A derived text vector is made for this user alone: the others' are not needed.
  private func userVector(_ user: Int, _ view: SpaceView) -> [Float]? {
    if view.space == .text && bundle.userText == nil {
      guard bundle.userTextDerived, let itemText = bundle.itemText else { return nil }
      let mean = Matrix(rows: 1, columns: itemText.columns)
      for item in bundle.interactions.row(user) {
        kernels.axpy(1, itemText.row(Int(item)), mean.pointer, itemText.columns)
      }
      _ = kernels.normalize(mean.pointer, mean.pointer, itemText.columns, 1e-12)
      return mean.values
    }
    guard let vectors = vectors(.user, view) else { return nil }
    return Array(UnsafeBufferPointer(start: vectors.row(user), count: vectors.width))
  }

  /// Items evenly spaced over the catalogue that are neither the item nor in the history: the same for every query of
  /// this pair.
  private func baseline(item: Int, history: [Int32]) -> [Int32] {
    let count = bundle.itemCount
    let wanted = min(count, Self.baselineItems)
    var next = history[...]
    var result: [Int32] = []
    for position in 0..<wanted {
      let candidate = Int32(position * count / wanted)
      next = next.drop { $0 < candidate }
      if Int(candidate) != item && next.first != candidate { result.append(candidate) }
    }
    return result
  }

  // MARK: - Neighbours

  /// The nearest of some candidates in every space the model holds.
  private func neighbours(
    _ kind: EntityKind, of index: Int, among candidates: [Int32], top: Int
  ) -> [Explanation.Neighbour] {
    guard top > 0, !candidates.isEmpty else { return [] }
    var result: [Explanation.Neighbour] = []
    for view in SpaceView.all {
      // Users' derived text vectors are made for all users at once: not for the sake of one list when they are many.
      if kind == .user && view.space == .text && bundle.userText == nil,
        bundle.userCount * (bundle.itemText?.columns ?? 0) > Self.derivedTextElements
      {
        continue
      }
      guard let vectors = vectors(kind, view) else { continue }
      for found in nearest(to: index, among: candidates, in: vectors, top: top) {
        let overlap = overlap(kind, index, Int(found.index))
        result.append(.init(view: view, index: found.index, similarity: Double(found.score), overlap: overlap))
      }
    }
    return result
  }

  /// Items that two users have, or users that have two items.
  func overlap(_ kind: EntityKind, _ first: Int, _ second: Int) -> Int {
    let matrix = kind == .user ? bundle.interactions : itemUsers
    var a = matrix.row(first)
    var b = matrix.row(second)
    var common = 0
    while let x = a.first, let y = b.first {
      if x == y { common += 1 }
      if x <= y { a.removeFirst() }
      if y <= x { b.removeFirst() }
    }
    return common
  }

  // MARK: - Warnings

  private func warnings(user: Int, item: Int, isIdentity: Bool) -> [Explanation.Warning] {
    var warnings: [Explanation.Warning] = []
    let itemDegree = Int(itemDegrees[item])
    if itemDegree < Self.fewInteractions {
      let known = itemDegree == 0 ? "no training interactions" : "only \(count(itemDegree, "training interaction"))"
      warnings.append(
        .init(code: "cold_item", message: "the item has \(known): its vector is little more than a guess"))
    }
    let userDegree = bundle.interactions.degree(user)
    if userDegree < Self.fewInteractions {
      let known = userDegree == 0 ? "no training interactions" : "only \(count(userDegree, "training interaction"))"
      warnings.append(.init(code: "few_interactions", message: "the user has \(known)"))
    }
    if bundle.interactions.contains(row: user, column: Int32(item)) {
      warnings.append(
        .init(code: "already_seen", message: "the user has the item already: it is one of its own causes"))
    }
    if let text = vectors(.item, SpaceView(space: .text, side: nil)) {
      if text.norm(item) == 0 {
        warnings.append(.init(code: "text_missing", message: "the item has no text embedding"))
      }
    } else {
      warnings.append(.init(code: "text_missing", message: "the model holds no text embeddings"))
    }
    if !isIdentity {
      warnings.append(
        .init(
          code: "linearised",
          message:
            "this model's scores are not a sum over past items: the terms are a linear reading, and the residual "
            + "is what it does not explain"))
    }
    return warnings
  }
}

extension [Explanation.Term] {
  /// At most so many past items, the largest, and the own part.
  func limited(to limit: Int?) -> [Explanation.Term] {
    guard let limit else { return self }
    var items = 0
    return filter { term in
      if term.item == nil { return true }
      items += 1
      return items <= limit
    }
  }

  /// The shortest beginning that adds up to the share of a score that evidence must carry.
  func evidence(of score: Double) -> (terms: Int, sum: Double)? {
    guard score > 0 else { return nil }
    var sum = 0.0
    for (position, term) in enumerated() {
      sum += term.value
      if sum >= Explanation.evidenceShare * score { return (position + 1, sum) }
    }
    return nil
  }
}
