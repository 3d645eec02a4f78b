// A loaded bundle that answers questions.

import Files

/// Answers queries about one loaded model. Immutable after loading, so queries may run on any thread.
package final class Engine: Sendable {
  /// Recommends items to a known user or to a person described by items.
  package func recommend(_ request: RecommendRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    throw .invalid("not built yet")
  }
  /// Nearest users or items of one in a space, by cosine.
  package func similar(_ request: SimilarRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    throw .invalid("not built yet")
  }
  /// Shared and specific parts of one user or item on both sides.
  package func components(kind: EntityKind, id: String) throws(QueryError) -> Answer { throw .invalid("not built yet") }
  /// Why an item has its score for a user.
  package func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    throw .invalid("not built yet")
  }
  /// Items whose id or title contains a text, best matches first.
  package func find(_ text: String, top: Int) -> Answer { Answer(kind: "find", records: []) }
  /// Counts, degrees, cold items and popularity of the model's data.
  package func stats() -> Answer { Answer(kind: "stats", records: []) }
  /// What the model is: name, backbone, alignment, dimensions, training, metrics.
  package func model() -> Answer { Answer(kind: "model", records: []) }
  /// One line for the banner, such as `demo: lightgcn + darec, 943 users, 1,682 items`.
  package var summary: String { "" }
  /// Ids that start with a prefix, in id order, at most `limit`.
  package func ids(of kind: EntityKind, startingWith prefix: String, limit: Int) -> [String] { [] }
  /// Item titles that start with a prefix (case-insensitive), at most `limit`.
  package func titles(startingWith prefix: String, limit: Int) -> [String] { [] }
}
