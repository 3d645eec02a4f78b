// darec schema: the JSON Schema of a kind of record.

import ArgumentParser
import Engine
import Files

/// `darec schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema (2020-12) of a kind of record.",
    discussion: "Example: darec schema explanation > explanation.schema.json")

  @Argument(help: "explanation.") var name: String

  mutating func run() throws {
    guard name == "explanation" else {
      throw CommandFailure.usage("there is a schema for: explanation; not for '\(name)'")
    }
    try Console.output(try ExplanationSchema.document.serialized(.pretty) + [0x0A])
  }
}
