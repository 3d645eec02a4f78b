import Files
extension Engine {
  package func components(kind: EntityKind, id: String) throws(QueryError) -> Answer { throw .invalid("not built yet") }
  package func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    throw .invalid("not built yet")
  }
  package func find(_ text: String, top: Int) -> Answer { Answer(kind: "find", records: []) }
  package func stats() -> Answer { Answer(kind: "stats", records: []) }
  package func model() -> Answer { Answer(kind: "model", records: []) }
}
