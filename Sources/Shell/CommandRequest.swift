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
    return request
  }

  /// The words of `find` joined by blanks.
  var text: String { arguments.map(\.text).joined(separator: " ") }
}
