// Queries of a script that are answered together.

import Engine
import Numerics

/// Consecutive queries of a script that were read before the first of them was answered.
///
/// They only read the model, so they may run at the same time on all processors; what is written, and where an error
/// stops the script, is as if they had run one after the other.
struct QueryBlock {
  /// The script's name in messages.
  let name: String
  private(set) var queries: [(command: ParsedCommand, line: Int)] = []
  /// Results asked for so far: what is kept until the block is written stays bounded.
  private var results = 0
  /// Enough to keep all processors busy; few enough that long answers of all of them fit into memory.
  private static let queryLimit = 64
  private static let resultLimit = 20_000

  init(name: String) { self.name = name }

  var isEmpty: Bool { queries.isEmpty }
  var isFull: Bool { queries.count >= Self.queryLimit || results >= Self.resultLimit }

  /// Takes a query that only reads the model; refuses everything else, which then runs in its turn.
  mutating func add(_ command: ParsedCommand, line: Int) -> Bool {
    guard Self.onlyReads(command.entry.action), !command.wantsHelp else { return false }
    for (name, value) in command.flags where value != nil {
      if case .file? = command.entry.flags.first(where: { $0.name == name })?.kind { return false }
    }
    queries.append((command, line))
    results += command.integer(of: "--top") ?? 10
    return true
  }

  /// A new command is named here once it is known to change nothing that other lines depend on.
  private static func onlyReads(_ action: CommandAction) -> Bool {
    switch action {
    case .recommend, .similar, .components, .explain, .find, .stats, .model, .whyNot, .path, .compare, .whatIf,
      .moreLike,
      .lessLike, .centres:
      return true
    default: return false
    }
  }

  mutating func removeAll() {
    queries.removeAll(keepingCapacity: true)
    results = 0
  }
}

extension Session {
  /// True while queries may be answered together: nothing has to be said between two of them.
  var takesBlocks: Bool { !settings.echo && !settings.timer && once == nil }

  /// Answers the queries of a block and writes the answers in order, up to the first error that stops the script.
  func run(_ block: inout QueryBlock) -> Flow {
    let queries = block.queries
    let name = block.name
    block.removeAll()
    let mode = settings.mode
    let looks = queries.map { renderOptions(for: $0.command) }
    var results = [Result<[UInt8], any Error>](repeating: .success([]), count: queries.count)
    results.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      parallelFor(queries.count) { index in
        slots[index] = Result {
          let answer = try answer(to: queries[index].command)
          return AnswerRenderer.render(answer, mode: mode, options: looks[index])
        }
      }
    }
    for (query, result) in zip(queries, results) {
      var flow = Flow.proceed
      do {
        let bytes = try result.get()
        try emit { $0.append(contentsOf: bytes) }
        flow = outputFlow()
      } catch {
        flow = failed(attributed(error, to: query.command), place: "\(name):\(query.line)")
      }
      if flow != .proceed { return flow }
    }
    guard cancellation.isCancelled, let last = queries.last else { return .proceed }
    return interrupted(place: "\(name):\(last.line)")
  }

  /// The error with the command and the column it belongs to.
  func attributed(_ error: any Error, to command: ParsedCommand) -> any Error {
    switch error {
    case ShellError.syntax, QueryError.interrupted: return error
    case let error as ShellError: return FailedCommand(error, in: command)
    case let error as QueryError: return FailedCommand(error, in: command)
    default: return error
    }
  }
}
