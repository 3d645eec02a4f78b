// From a checked command to the engine's requests.

import Engine

extension ParsedCommand {
  /// The request of `recommend`, with the lists that its files hold.
  func recommendRequest(candidates: [String]?, excluded: [String]) -> RecommendRequest {
    var request = RecommendRequest(user: arguments.first?.text)
    for flag in flags where flag.name == "--items" {
      request.items += (flag.value?.pieces ?? []).filter { !$0.isEmpty }
    }
    if let top = integer(of: "--top") { request.top = top }
    request.includeSeen = has("--include-seen")
    request.candidates = candidates
    request.excluded = excluded
    return request
  }

  /// Users or items, and the id, of `similar` and `components`.
  var entity: (kind: EntityKind, id: String)? {
    guard arguments.count >= 2, let kind = EntityKind(rawValue: arguments[0].text) else { return nil }
    return (kind, arguments[1].text)
  }

  /// The request of `similar`.
  var similarRequest: SimilarRequest? {
    guard let entity else { return nil }
    var request = SimilarRequest(kind: entity.kind, id: entity.id)
    if let space = value(of: "--space").flatMap({ Space(rawValue: $0) }) { request.space = space }
    if let side = value(of: "--side").flatMap({ Side(rawValue: $0) }) { request.side = side }
    if let top = integer(of: "--top") { request.top = top }
    return request
  }

  /// The request of `explain`.
  var explainRequest: ExplainRequest? {
    guard arguments.count >= 2 else { return nil }
    var request = ExplainRequest(user: arguments[0].text, item: arguments[1].text)
    if let neighbors = integer(of: "--neighbors") { request.neighbors = neighbors }
    request.contributions = integer(of: "--contributions")
    if let top = integer(of: "--top") { request.top = top }
    return request
  }

  /// The question of `why-not`, `path`, `compare`, `what-if`, `more-like`, `less-like`, `centres` and `centre`.
  func query() throws(QueryError) -> Query? {
    let words = arguments.map(\.text)
    let top = integer(of: "--top") ?? 10
    switch entry.action {
    case .whyNot where words.count == 2:
      var request = WhyNotRequest(user: words[0], item: words[1])
      request.top = top
      return .whyNot(request)
    case .path where words.count == 2:
      var request = PathRequest(user: words[0], item: words[1])
      request.top = top
      return .path(request)
    case .compare where words.count == 3:
      return EntityKind(rawValue: words[0]).map {
        .compare(CompareRequest(kind: $0, first: words[1], second: words[2]))
      }
    case .whatIf where words.count >= 2:
      let edits = words.dropFirst()
      for edit in edits where !(edit.hasPrefix("+") || edit.hasPrefix("-")) || edit.utf8.count < 2 {
        let shown = DisplayWidth.cut(edit, to: 60, ellipsis: "…")
        throw .invalid("'\(shown)' is no edit; write +ITEM to add an item and -ITEM to take one away")
      }
      func items(_ sign: String) -> [String] { edits.filter { $0.hasPrefix(sign) }.map { String($0.dropFirst()) } }
      var request = WhatIfRequest(user: words[0], added: items("+"), removed: items("-"))
      request.top = top
      return .whatIf(request)
    case .moreLike where words.count == 2, .lessLike where words.count == 2:
      var request = SteerRequest(user: words[0], item: words[1], isTowards: entry.action == .moreLike)
      request.top = top
      if let percent = integer(of: "--strength") { request.strength = Double(percent) / 100 }
      return .steer(request)
    case .centres: return .centres(number: words.first.flatMap { Int($0) })
    default: return nil
    }
  }

  /// The words of `find` joined by blanks.
  var text: String { arguments.map(\.text).joined(separator: " ") }
}
