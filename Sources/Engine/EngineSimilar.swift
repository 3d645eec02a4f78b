// Which users or items are alike.

import Files
import ModelFile
import Numerics

extension Engine {
  /// Nearest users or items of one in a space, by cosine; itself and zero vectors left out.
  package func similar(_ request: SimilarRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try check(top: request.top)
    let index = try index(of: request.kind, request.id)
    let view = SpaceView(space: request.space, side: request.space.hasSides ? request.side : nil)
    let vectors = try requiredVectors(request.kind, view)
    let (found, method) = try nearestAndMethod(
      to: index, in: vectors, top: request.top, cancellation: cancellation)
    var record: [JSONValue.Member] = [
      .init("schema", "darec/neighbours/1"), .init("type", "neighbours"), .init("model", modelRecord),
      .init("kind", .string(request.kind.rawValue)),
      .init(request.kind.rawValue, .object(identity(of: request.kind, index))),
      .init("space", .string(view.space.rawValue)),
    ]
    if let side = view.side { record.append(.init("side", .string(side.rawValue))) }
    let neighbours = found.enumerated().map { position, result -> JSONValue in
      .object(
        [.init("rank", .integer(position + 1))] + identity(of: request.kind, Int(result.index))
          + [.init("similarity", .float(result.score))])
    }
    record.append(.init("neighbours", .array(neighbours)))
    var sentence = "Nearest to \(name(of: request.kind, index)) by cosine in the \(view.label) space."
    if vectors.norm(index) == 0 {
      sentence =
        "The vector of \(name(of: request.kind, index)) in the \(view.label) space is zero: nothing is near it."
    }
    var columns: [AnswerColumn] = [.init("rank", .number), .init(request.kind.rawValue, .identifier)]
    if request.kind == .item { columns.append(.init("title", .title)) }
    columns.append(.init("similarity", .bar))
    let rows = found.enumerated().map { position, result -> [AnswerCell] in
      var row: [AnswerCell] = [.integer(position + 1), .text(id(of: request.kind, Int(result.index)))]
      if request.kind == .item { row.append(titleCell(of: .item, Int(result.index))) }
      row.append(.number(Double(result.score)))
      return row
    }
    return Answer(
      kind: "neighbours", records: [.object(record)], sentences: [sentence],
      tables: [AnswerTable(columns: columns, rows: rows)], method: method)
  }
}
