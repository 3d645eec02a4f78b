// darec recommend: what to offer, for one person or for all.

import ArgumentParser
import Engine
import Files
import Shell

/// `darec recommend`.
struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend", abstract: "Recommend items to a user, to a new person, or to all users.",
    discussion: """
      Examples: darec recommend Models/sample 1 --top 5
                darec recommend Models/sample --items 3,8
                darec recommend Models/sample --users all --top 20 --format jsonl --output top.jsonl
      """)

  @OptionGroup var query: QueryArguments
  @Argument(help: "Id of the user.", completion: WordCompletion.user) var user: String?
  @Option(help: "all, or a file with one user id a line.") var users: String?
  @Option(help: "Items that a new person likes: ids, or titles in double quotes, separated by commas.")
  var items: String?
  @Option(help: "How many items.") var top: Int = 10
  @Flag(help: "Also recommend what the user already has.") var includeSeen = false
  @Option(help: "File with the only items that may be recommended, one id a line.") var candidates: String?
  @Option(help: "File with items that may not be recommended, one id a line.") var exclude: String?

  mutating func run() throws {
    guard [user != nil, users != nil, items != nil].count(where: { $0 }) == 1 else {
      throw CommandFailure.usage("name one of: a USER, --users all|FILE, or --items A,B,C")
    }
    guard top >= 1 else { throw CommandFailure.usage("--top must be at least 1") }
    let engine = try query.engine()
    var request = RecommendRequest(user: user)
    request.top = top
    request.includeSeen = includeSeen
    request.candidates = try candidates.map { try IdentifierLines.read($0, what: "items") }
    request.excluded = try exclude.map { try IdentifierLines.read($0, what: "items") } ?? []
    InterruptSignal.install(secondEndsProcess: true)
    let cancellation = InterruptSignal.cancellation
    if let users {
      let batch = BatchQueries(
        engine: engine, mode: try query.mode(default: .jsonl), renderOptions: query.renderOptions)
      let template = request
      return try batch.run(users: try BatchQueries.users(users, engine: engine), output: query.output) {
        user throws(QueryError) in
        var request = template
        request.user = user
        let answer = try engine.recommend(request, cancellation: cancellation)
        return [LabelledAnswer(labels: [(name: "user", value: user)], answer: answer)]
      }
    }
    if let items { request.items = ItemList.split(items) }
    try query.write(try engine.recommend(request, cancellation: cancellation))
  }
}

/// Lists of items on the command line.
enum ItemList {
  /// Ids or titles separated by the commas outside of double quotes, as at the prompt.
  static func split(_ text: String) -> [String] {
    var words = [""]
    var isQuoted = false
    for character in text {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: words.append("")
      default: words[words.count - 1].append(character)
      }
    }
    return words.map { word in
      String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }
}
