// Six commands for somebody new, with ids of the model at hand.

import Engine

/// What `.help tour` prints: six commands that run as they stand.
package struct Tour {
  /// One question and the command that asks it.
  package struct Step: Sendable, Equatable {
    /// What is asked, in words.
    package let question: String
    /// The command.
    package let command: String
  }

  /// The steps in order.
  package let steps: [Step]

  /// Makes the tour of a model: its first user, what the model recommends to that user, and a word of that item's title.
  package init(engine: any QueryAnswering) {
    let user = engine.ids(of: .user, startingWith: "", limit: 1).first
    var item = engine.ids(of: .item, startingWith: "", limit: 1).first
    var word: String?
    if let user {
      var request = RecommendRequest(user: user)
      request.top = 1
      // A model without a recommendation for this user still has a first item.
      if let table = (try? engine.recommend(request, cancellation: Cancellation()))?.tables.first,
        let row = table.rows.first
      {
        for (column, cell) in zip(table.columns, row) {
          guard case .text(let text) = cell else { continue }
          if case .identifier = column.role { item = text }
          if case .title = column.role { word = Self.longestWord(of: text) }
        }
      }
    }
    steps = Self.steps(user: user ?? "USER", item: item ?? "ITEM", word: word ?? item ?? "TEXT")
  }

  /// The tour as help prints it.
  package var text: String { Self.text(of: steps) }

  /// The steps for a user, an item and a part of a title.
  static func steps(user: String, item: String, word: String) -> [Step] {
    let user = Session.quoted(user)
    let item = Session.quoted(item)
    return [
      Step(question: "What has the model seen?", command: "stats"),
      Step(question: "Which items have this in their title?", command: "find \(Session.quoted(word)) --top 5"),
      Step(question: "What should this user like next?", command: "recommend \(user) --top 5"),
      Step(question: "Why? Which past items speak for it, and which against it?", command: "explain \(user) \(item)"),
      Step(
        question: "What is like it, where behaviour and language agree?",
        command: "similar item \(item) --space shared --top 5"),
      Step(
        question: "What of the user do both sides know, what only one?",
        command: "components user \(user)"),
    ]
  }

  static func text(of steps: [Step]) -> String {
    var text = "Six commands to begin with; each runs as it stands.\n"
    for (index, step) in steps.enumerated() {
      text += "\n  \(index + 1)  \(step.question)\n       \(TerminalText.escaped(step.command))\n"
    }
    return text + "\nFor a program: '.mode jsonl', then ask again. More: .help, .help keys\n"
  }

  /// A word that is likely to be one title's own; nil when there is none of letters.
  private static func longestWord(of title: String) -> String? {
    let words = title.split { !$0.isLetter }.filter { $0.count >= 4 }
    return words.max { $0.count < $1.count }.map { String($0).lowercased() }
  }
}
