// What can go wrong in a session besides the queries themselves.

import Files

/// A line that cannot be run, or a file that a session cannot use.
package enum ShellError: DescribedFailure, Sendable, Equatable {
  /// The line is not a command.
  ///
  /// `column` counts characters of the line from 1.
  case syntax(command: String?, column: Int, problem: String, suggestion: String?)
  /// A file named in a command does not exist or cannot be opened.
  case missingFile(path: String, reason: String)
  /// Reading stopped in the middle.
  case readFailed(path: String, reason: String)
  /// A file for output cannot be written; an older file of that name is untouched.
  case writeFailed(path: String, reason: String)
  /// A line is longer than the limit, in bytes.
  case lineTooLong(limit: Int)
  /// A line holds a byte that is not UTF-8; `column` counts bytes from 1.
  case notUTF8(column: Int)
  /// A line holds a zero byte; `column` counts bytes from 1.
  case zeroByte(column: Int)
  /// A line of a file with ids cannot be used.
  case badListLine(path: String, line: Int, problem: String)
  /// A script reads itself, directly or through others.
  case readCycle([String])
  /// Scripts read scripts too deep.
  case readTooDeep(limit: Int)

  package var description: String {
    switch self {
    case .syntax(let command, let column, let problem, let suggestion):
      let name = command.map { $0 + ": " } ?? ""
      return "\(name)column \(column): \(problem)" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
    case .missingFile(let path, let reason): return "cannot open '\(Self.shown(path))': \(reason)"
    case .readFailed(let path, let reason): return "cannot read '\(Self.shown(path))': \(reason)"
    case .writeFailed(let path, let reason): return "cannot write '\(Self.shown(path))': \(reason)"
    case .lineTooLong(let limit): return "the line is longer than \(limit) bytes"
    case .notUTF8(let column): return "byte \(column) of the line is not UTF-8; save the file as UTF-8"
    case .zeroByte(let column): return "byte \(column) of the line is zero; this is not a text file"
    case .badListLine(let path, let line, let problem): return "\(path):\(line): \(problem)"
    case .readCycle(let chain): return "the script reads itself: " + chain.joined(separator: " -> ")
    case .readTooDeep(let limit): return "scripts may read scripts at most \(limit) deep"
    }
  }

  /// The same for a person who has typed the line: there is no file to mend.
  var descriptionAtPrompt: String {
    switch self {
    case .notUTF8(let column):
      return "byte \(column) of the line is not UTF-8; set the terminal's character set to UTF-8"
    case .zeroByte(let column): return "byte \(column) of the line is zero"
    default: return description
    }
  }

  /// Bytes from which on no file system takes a path.
  ///
  /// Source: PATH_MAX of Linux, which counts the zero byte at the end.
  static let pathLimit = 4096

  /// A path as messages show it: whole, unless it is none; a megabyte of garbage does not fill the screen.
  private static func shown(_ path: String) -> String {
    path.utf8.count < pathLimit ? path : DisplayWidth.cut(path, to: 60, ellipsis: "…")
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .missingFile: return .missingInput
    case .badListLine: return .badData
    default: return .failure
    }
  }
}
