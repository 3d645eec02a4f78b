// A query that failed, with the command and the place in it.

import Engine
import Files

/// An error of the engine, together with the command that met it and, where one word is to blame, its column.
struct QueryFailure: DescribedFailure {
  let command: String
  /// Counted in characters from 1; nil when no single word is to blame.
  let column: Int?
  let error: QueryError

  /// Finds the word of `command` that `error` is about.
  init(_ error: QueryError, in command: ParsedCommand) {
    self.command = command.entry.name
    self.error = error
    let culprit: String
    switch error {
    case .unknownUser(let id, _): culprit = id
    case .unknownItem(let id, _): culprit = id
    case .ambiguousTitle(let title, _): culprit = title
    case .notAvailable, .invalid, .interrupted:
      column = nil
      return
    }
    let words = command.arguments + command.flags.compactMap(\.value)
    column = words.first { $0.text == culprit || $0.pieces.contains(culprit) }?.column
  }

  var description: String {
    "\(command): " + (column.map { "column \($0): " } ?? "") + error.description
  }

  var exitStatus: ExitStatus { error.exitStatus }
}
