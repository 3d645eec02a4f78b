// What bash, zsh and fish offer for words of darec's command line; the scripts come from --generate-completion-script.

import ArgumentParser
import Engine
import Files
import ModelFile
import Shell

/// Completions that need the command table or the model.
enum WordCompletion {
  /// Names of output modes.
  static let modes = CompletionKind.list(OutputMode.allCases.map(\.rawValue))

  /// A query behind `-c`, completed as at the prompt, with the ids of the model named before it.
  static let query = CompletionKind.custom { words, _, prefix in
    let line = Array(prefix.utf8)
    let start = line.lastIndex { $0 == 0x20 || $0 == 0x09 }.map { $0 + 1 } ?? 0
    guard let engine = engine(in: words) else {
      // Without a model there are still the commands.
      return start == 0 ? CommandTable.names.filter { $0.hasPrefix(prefix) } : []
    }
    let before = String(decoding: line[..<start], as: UTF8.self)
    return Completion(engine: engine).candidates(line: line, start: start, end: line.count, quote: nil).map {
      before + $0.text
    }
  }

  /// The id of a user of the model named before it.
  static let user = identifiers(of: .user)

  /// The id of an item of the model named before it.
  static let item = identifiers(of: .item)

  private static func identifiers(of kind: EntityKind) -> CompletionKind {
    .custom { words, _, prefix in
      engine(in: words)?.ids(of: kind, startingWith: prefix, limit: Completion.limit)
        .filter { TerminalText.escaped($0) == $0 } ?? []
    }
  }

  /// The model among the words of an unfinished command line; nothing is said when it cannot be loaded.
  private static func engine(in words: [String]) -> Engine? {
    guard let model = words.dropFirst().first(where: { FileReader.isDirectory($0) }) else { return nil }
    return (try? Bundle.load(model)).map { Engine(bundle: $0) }
  }
}
