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
    let user = Self.plainId(of: .user, engine)
    var item = Self.plainId(of: .item, engine)
    var word: String?
    if let user {
      var request = RecommendRequest(user: user)
      request.top = 1
      // A model without a recommendation for this user still has a first item.
      if let table = (try? engine.recommend(request, cancellation: Cancellation()))?.text.tables.first,
        let row = table.rows.first
      {
        for (column, cell) in zip(table.columns, row) {
          guard case .text(let text) = cell else { continue }
          // An id that has to be escaped to be shown could not be typed as it is printed.
          if case .identifier = column.role, TerminalText.escaped(text) == text { item = text }
          if case .title = column.role { word = Self.longestWord(of: text) }
        }
      }
    }
    let hasParts = user.map { (try? engine.components(kind: .user, id: $0)) != nil } ?? true
    steps = Self.steps(user: user ?? "USER", item: item ?? "ITEM", word: word ?? item ?? "TEXT", hasParts: hasParts)
  }

  /// The first id that stands on a screen as it is; nil when there is none among the first hundred.
  private static func plainId(of kind: EntityKind, _ engine: any QueryAnswering) -> String? {
    engine.ids(of: kind, startingWith: "", limit: 100).first { TerminalText.escaped($0) == $0 }
  }

  /// The tour as help prints it.
  package var text: String { Self.text(of: steps) }

  /// The steps for a user, an item and a part of a title.
  /// - Parameter hasParts: whether the model has shared and specific parts to look at.
  static func steps(user: String, item: String, word: String, hasParts: Bool = true) -> [Step] {
    let user = Session.quoted(user)
    let added = "+" + Session.quoted(item)
    let item = Session.quoted(item)
    let steps = [
      Step(question: "What has the model seen?", command: "stats"),
      Step(question: "Which items have this in their title?", command: "find \(Session.quoted(word)) --top 5"),
      Step(question: "What should this user like next?", command: "recommend \(user) --top 5"),
      Step(question: "Why? Which past items speak for it, and which against it?", command: "explain \(user) \(item)"),
    ]
    guard hasParts else {
      return steps + [
        Step(question: "What is like it?", command: "similar item \(item) --top 5"),
        Step(
          question: "What would be recommended if the user had it already?",
          command: "what-if \(user) \(added) --top 5"),
      ]
    }
    return steps + [
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
