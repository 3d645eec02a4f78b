// The questions that a session may ask, so that sessions can be tested without a model.

import Engine

/// Whatever answers the queries of a session: the engine, or a stand-in of a test.
package protocol QueryAnswering: Sendable {
  /// Recommends items to a known user or to a person described by items.
  func recommend(_ request: RecommendRequest, cancellation: Cancellation) throws(QueryError) -> Answer
  /// Answers several requests, each as the method for one does.
  func recommend(_ requests: [RecommendRequest], cancellation: Cancellation) -> [Result<Answer, QueryError>]
  /// Nearest users or items of one in a space, by cosine.
  func similar(_ request: SimilarRequest, cancellation: Cancellation) throws(QueryError) -> Answer
  /// Shared and specific parts of one user or item on both sides.
  func components(kind: EntityKind, id: String) throws(QueryError) -> Answer
  /// Why an item has its score for a user.
  func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer
  /// Answers a question of contrast, of edited histories, of steering or about centres.
  func answer(_ query: Query, cancellation: Cancellation) throws(QueryError) -> Answer
  /// Items whose id or title contains a text, best matches first.
  func find(_ text: String, top: Int) -> Answer
  /// Counts, degrees, cold items and popularity of the model's data.
  func stats() -> Answer
  /// What the model is: name, backbone, alignment, dimensions, training, metrics.
  func model() -> Answer
  /// What the model was trained on: counts, split, and where texts come from.
  func dataSet() -> Answer
  /// One line for the banner.
  var summary: String { get }
  /// Ids that start with a prefix, in id order, at most `limit`.
  func ids(of kind: EntityKind, startingWith prefix: String, limit: Int) -> [String]
  /// Item titles that start with a prefix (case-insensitive), at most `limit`.
  func titles(startingWith prefix: String, limit: Int) -> [String]
  /// Ids of the items a user has, in item order; none of an unknown user.
  func pastItems(of user: String) -> [String]
}

extension QueryAnswering {
  package func recommend(
    _ requests: [RecommendRequest], cancellation: Cancellation
  ) -> [Result<Answer, QueryError>] {
    requests.map { request in Result { () throws(QueryError) in try recommend(request, cancellation: cancellation) } }
  }
}

extension Engine: QueryAnswering {}
