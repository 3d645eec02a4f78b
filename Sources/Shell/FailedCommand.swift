// A command that failed, with its name and the place in it.

import Engine
import Files

/// An error of the engine or of a file, together with the command that met it and the column of the word to blame.
struct FailedCommand: DescribedFailure {
  let command: String
  /// Counted in characters from 1: the word the error is about, or else the command itself.
  let column: Int
  let error: any DescribedFailure

  /// Finds the word of `command` that `error` is about.
  init(_ error: any DescribedFailure, in command: ParsedCommand) {
    self.command = command.entry.name
    self.error = error
    let culprit = Self.culprit(of: error)
    let words = command.arguments + command.flags.compactMap(\.value)
    column =
      words.first { Self.is($0, culprit) }?.column
      ?? (command.entry.action == .open ? command.arguments.first?.column : nil) ?? command.column
  }

  /// Whether a word, a piece of its list, or the item behind its sign is what an error speaks of.
  private static func `is`(_ word: Word, _ culprit: String?) -> Bool {
    guard let culprit else { return false }
    if word.text == culprit || word.pieces.contains(culprit) { return true }
    return (word.text.hasPrefix("+") || word.text.hasPrefix("-")) && word.text.dropFirst() == culprit
  }

  /// The word an error speaks of, as it was typed; nil when it speaks of none.
  private static func culprit(of error: any DescribedFailure) -> String? {
    switch error {
    case QueryError.unknownUser(let id, _): return id
    case QueryError.unknownItem(let id, _): return id
    case QueryError.ambiguousTitle(let title, _): return title
    case QueryError.invalidWord(_, let word): return word
    case ShellError.missingFile(let path, _), ShellError.readFailed(let path, _), ShellError.writeFailed(let path, _):
      return path
    case ShellError.badListLine(let path, _, _): return path
    case ShellError.readCycle(let chain): return chain.last
    default: return nil
    }
  }

  var description: String { "\(command): column \(column): \(error.description)" }

  var exitStatus: ExitStatus { error.exitStatus }
}
