// darec similar and darec components: looking into the vector spaces.

import ArgumentParser
import Engine
import Files
import Shell

/// `darec similar`.
struct SimilarCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similar", abstract: "List the nearest users or items of one, in a space.",
    discussion: "Example: darec similar Models/sample item 7 --space shared --top 5")

  @OptionGroup var query: QueryArguments
  @Argument(help: "user or item.") var kind: String
  @Argument(help: "Id, or an item's title.") var id: String
  @Option(help: "\(Space.allCases.map(\.rawValue).joined(separator: ", ")).") var space: String = "final"
  @Option(help: "\(Side.allCases.map(\.rawValue).joined(separator: ", ")); for shared and specific (collaborative).")
  var side: String?
  @Option(help: "How many.") var top: Int = 10

  mutating func run() throws {
    var request = SimilarRequest(kind: try EntityKind.parse(kind), id: id)
    guard let space = Space(rawValue: space) else {
      throw CommandFailure.usage(
        "--space takes \(Space.allCases.map(\.rawValue).joined(separator: ", ")), not '\(space)'")
    }
    let side = try self.side.map { name -> Side in
      guard let side = Side(rawValue: name) else {
        throw CommandFailure.usage(
          "--side takes \(Side.allCases.map(\.rawValue).joined(separator: ", ")), not '\(name)'")
      }
      return side
    }
    try space.check(side: side)
    guard top >= 1 else { throw CommandFailure.usage("--top must be at least 1") }
    request.space = space
    request.side = side ?? .collaborative
    request.top = top
    let engine = try query.engine()
    try query.write(try engine.similar(request, cancellation: Cancellation()))
  }
}

/// `darec components`.
struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components", abstract: "Show the shared and the specific parts of a user or an item on both sides.",
    discussion: "Example: darec components Models/sample user 1")

  @OptionGroup var query: QueryArguments
  @Argument(help: "user or item.") var kind: String
  @Argument(help: "Id, or an item's title.") var id: String

  mutating func run() throws {
    let kind = try EntityKind.parse(kind)
    let engine = try query.engine()
    try query.write(try engine.components(kind: kind, id: id))
  }
}

extension EntityKind {
  /// `user` or `item`, or a usage error.
  static func parse(_ word: String) throws -> EntityKind {
    guard let kind = EntityKind(rawValue: word) else {
      throw CommandFailure.usage("say user or item, not '\(word)'")
    }
    return kind
  }
}
