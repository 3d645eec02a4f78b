// darec explain: why an item has its score.

import ArgumentParser
import Engine
import Files
import Shell

/// `darec explain`.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Explain one recommendation, or the top N of many users as JSON Lines.",
    discussion: """
      Examples: darec explain Models/sample 1 7
                darec explain Models/sample --users all --top 5 --format jsonl --output why.jsonl
      """)

  @OptionGroup var query: QueryArguments
  @Argument(help: "Id of the user.", completion: WordCompletion.user) var user: String?
  @Argument(help: "Id or title of the item.", completion: WordCompletion.item) var item: String?
  @Option(help: "all, or a file with one user id a line: explains the top N of each.") var users: String?
  @Option(
    help: "The list that the counterfactual drops the item out of; with --users, how many of it are explained for each."
  )
  var top: Int = 10
  @Option(help: "Neighbours listed in each space.") var neighbors: Int = 5
  @Option(help: "Most contributions listed; the others are in the residual.") var contributions: Int?
  @Flag(help: "With --users, search the counterfactual set of each too, which takes most of the time.")
  var counterfactuals = false
  @Flag(help: "In table mode, every table and row; the other formats always hold all.") var full = false

  mutating func run() throws {
    guard top >= 1, neighbors >= 0, contributions ?? 0 >= 0 else {
      throw CommandFailure.usage("--top must be at least 1, --neighbors and --contributions at least 0")
    }
    let engine = try query.engine()
    InterruptSignal.install(secondEndsProcess: true)
    let cancellation = InterruptSignal.cancellation
    let neighbors = neighbors
    let contributions = contributions
    let top = top
    let counterfactuals = counterfactuals
    if let users {
      guard user == nil else { throw CommandFailure.usage("name a USER and an ITEM, or --users, not both") }
      let batch = BatchQueries(
        engine: engine, mode: try query.mode(default: .jsonl), renderOptions: query.renderOptions)
      return try batch.run(users: try BatchQueries.users(users, engine: engine), output: query.output) {
        user throws(QueryError) in
        var answers: [LabelledAnswer] = []
        for item in try engine.recommendedItems(user: user, top: top) {
          var request = ExplainRequest(user: user, item: item)
          request.neighbors = neighbors
          request.contributions = contributions
          request.top = top
          request.counterfactual = counterfactuals
          let labels = [(name: "user", value: user), (name: "recommended", value: item)]
          answers.append(
            LabelledAnswer(labels: labels, answer: try engine.explain(request, cancellation: cancellation)))
        }
        return answers
      }
    }
    guard !counterfactuals else {
      throw CommandFailure.usage("one explanation has its counterfactual always; --counterfactuals goes with --users")
    }
    guard let user, let item else {
      throw CommandFailure.usage("name a USER and an ITEM, or --users all|FILE with --top N")
    }
    var request = ExplainRequest(user: user, item: item)
    request.neighbors = neighbors
    request.contributions = contributions
    request.top = top
    try query.write(
      try engine.explain(request, cancellation: cancellation),
      brief: full ? nil : CommandTable.entry(named: "explain")?.brief)
  }
}
