// Why a query cannot be answered.

import Files

/// A query that cannot be answered; the message says what to do instead.
package enum QueryError: DescribedFailure, Sendable {
  /// No user has this id; `near` are the closest ids.
  case unknownUser(String, near: [String])
  /// No item has this id or title; `near` are the closest ids or titles.
  case unknownItem(String, near: [String])
  /// Several items have this title; `ids` are their ids.
  case ambiguousTitle(String, ids: [String])
  /// The model does not hold what the query needs, such as text vectors.
  case notAvailable(String)
  /// The query's own values are wrong.
  case invalid(String)
  /// One word of the query is wrong, as it was typed.
  case invalidWord(String, word: String)
  /// The query was cancelled by Ctrl-C.
  case interrupted

  package var description: String {
    switch self {
    case .unknownUser(let id, let near):
      return "unknown user '\(Self.shortened(id))'" + Self.suggestion(near)
    case .unknownItem(let id, let near):
      return "unknown item '\(Self.shortened(id))'" + Self.suggestion(near)
    case .ambiguousTitle(let title, let ids):
      return "several items are called '\(Self.shortened(title))'; name one by its id: " + ids.joined(separator: ", ")
    case .notAvailable(let reason): return reason
    case .invalid(let reason), .invalidWord(let reason, _): return reason
    case .interrupted: return "interrupted"
    }
  }

  package var exitStatus: ExitStatus {
    if case .interrupted = self { return .interrupted }
    return .failure
  }

  private static func suggestion(_ near: [String]) -> String {
    near.isEmpty ? "" : "; near: " + near.map { shortened($0, to: 120) }.joined(separator: ", ")
  }

  /// A word as messages show it: a megabyte of garbage does not fill the screen.
  ///
  /// Counted in scalars: a single character may hold any number of marks.
  private static func shortened(_ text: String, to limit: Int = 60) -> String {
    let scalars = text.unicodeScalars
    guard let last = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      last != scalars.endIndex
    else { return text }
    return String(scalars[..<scalars.index(before: last)]) + "…"
  }
}
