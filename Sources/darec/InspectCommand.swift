// darec inspect: what is in a bundle, verified.

import ArgumentParser
import Engine
import Files
import ModelFile
import Shell

/// `darec inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Verify a model and list its tensors, settings and metrics.",
    discussion: "Example: darec inspect Models/sample --format json")

  @OptionGroup var query: QueryArguments

  mutating func run() throws {
    let bundle = try Bundle.load(query.model)
    let file = try SafetensorsFile(path: query.model + "/" + Bundle.FileName.tensors)
    let tensors = file.header.tensors
    let records = tensors.map { tensor -> JSONValue in
      .object([
        .init("name", .string(tensor.name)), .init("type", .string(tensor.type.rawValue)),
        .init("shape", .array(tensor.shape.map { .integer($0) })), .init("bytes", .integer(tensor.byteCount)),
      ])
    }
    let answer = Answer(
      kind: "inspection",
      records: [
        .object([
          .init("schema", .string("darec/inspection/1")), .init("name", .string(bundle.name)),
          .init("verified", .bool(true)), .init("tensors", .array(records)),
          .init("configuration", bundle.configuration), .init("metrics", bundle.metrics),
        ])
      ],
      sentences: ["\(bundle.name): every checksum and every value is as saved (\(file.byteCount) bytes)."],
      tables: [
        AnswerTable(
          columns: [
            AnswerColumn("tensor", .identifier), AnswerColumn("type", .word), AnswerColumn("shape", .word),
            AnswerColumn("bytes", .number),
          ],
          rows: tensors.map { tensor in
            [
              .text(tensor.name), .text(tensor.type.rawValue),
              .text(tensor.shape.map(String.init).joined(separator: " x ")), .integer(tensor.byteCount),
            ]
          })
      ])
    try query.write(answer)
  }
}
