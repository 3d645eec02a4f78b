// Queries of a script that are answered together.

import Engine
import Files
import Numerics
import Synchronization

/// Consecutive lines of a script that were read before the first of them was answered, and begin with a query's name.
///
/// Queries only read the model, so their lines may be parsed, answered and rendered at the same time on all processors;
/// what is written, and where an error stops the script, is as if they had run one after the other.
struct QueryBlock {
  /// The script's name in messages.
  let name: String
  private(set) var lines: [(text: String, number: Int)] = []
  private var byteCount = 0
  /// Enough that starting and joining the threads costs little beside the answers, and that packs of recommendations share out
  /// evenly.
  private static let lineLimit = 768
  private static let byteLimit = 1 << 20

  init(name: String) { self.name = name }

  var isEmpty: Bool { lines.isEmpty }
  var isFull: Bool { lines.count >= Self.lineLimit || byteCount >= Self.byteLimit }

  /// Takes a line that begins with the name of a query; refuses everything else, which then runs in its turn.
  mutating func add(_ line: String, number: Int) -> Bool {
    guard Self.beginsWithQuery(line) else { return false }
    lines.append((line, number))
    byteCount += line.utf8.count
    return true
  }

  private static func beginsWithQuery(_ line: String) -> Bool {
    let utf8 = line.utf8
    guard var start = utf8.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return false }
    let first = start
    while start < utf8.endIndex, utf8[start] != 0x20, utf8[start] != 0x09 { start = utf8.index(after: start) }
    return queryNames.contains(String(line[first..<start]))
  }

  private static let queryNames: Set<String> = Set(
    CommandTable.entries.filter { onlyReads($0.action) }.flatMap(\.names))

  /// True when a command may be answered beside others: it reads the model and nothing else.
  static func canBeAnsweredTogether(_ command: ParsedCommand) -> Bool {
    guard onlyReads(command.entry.action), !command.wantsHelp else { return false }
    for (name, value) in command.flags where value != nil {
      if case .file? = command.entry.flags.first(where: { $0.name == name })?.kind { return false }
    }
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
    lines.removeAll(keepingCapacity: true)
    byteCount = 0
  }
}

extension Session {
  /// Results that the answers of a block may hold together, so that memory stays bounded.
  private static let blockResults = 60_000

  /// What came of a line of a block.
  private enum BlockOutcome {
    /// The line runs in its turn: it is no query that only reads, or there are too many answers to keep already.
    case inItsTurn
    case answered([UInt8], ParsedCommand)
    case failed(any Error, ParsedCommand)
  }

  /// True while queries may be answered together: nothing has to be said between two of them.
  var takesBlocks: Bool { !settings.echo && !settings.timer && once == nil }

  /// Answers the lines of a block and writes the answers in order, up to the first error that stops the script.
  func run(_ block: inout QueryBlock) -> Flow {
    let lines = block.lines
    let name = block.name
    block.removeAll()
    separateAnswers()
    let mode = settings.mode
    var parser = CommandParser(allowsPrefixes: false)
    parser.person = person
    let asked = Atomic<Int>(0)
    var commands = [ParsedCommand?](repeating: nil, count: lines.count)
    var outcomes = [BlockOutcome](repeating: .inItsTurn, count: lines.count)
    commands.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      parallelRanges(lines.count, blockSize: 16) { range in
        for index in range {
          guard let command = try? parser.parse(lines[index].text), QueryBlock.canBeAnsweredTogether(command)
          else { continue }
          slots[index] = command
        }
      }
    }
    let packs = Self.packs(of: commands)
    outcomes.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      parallelFor(packs.count) { number in
        guard !cancellation.isCancelled else { return }
        let pack = packs[number].filter { member in
          let results = member.command.integer(of: "--top") ?? 10
          return asked.wrappingAdd(results, ordering: .relaxed).oldValue < Self.blockResults
        }
        for (member, answer) in zip(pack, answers(to: pack.map(\.command))) {
          do {
            slots[member.line] = .answered(
              AnswerRenderer.render(try answer.get(), mode: mode, options: renderOptions(for: member.command)),
              member.command)
          } catch { slots[member.line] = .failed(error, member.command) }
        }
      }
    }
    for (line, outcome) in zip(lines, outcomes) {
      var flow = Flow.proceed
      switch outcome {
      case .inItsTurn:
        if cancellation.isCancelled { return interrupted(place: "\(name):\(line.number)") }
        flow = runLine(line.text, place: name, line: line.number)
      case .answered(let bytes, let command):
        do {
          try emit { $0.append(contentsOf: bytes) }
          flow = outputFlow()
        } catch { flow = failed(attributed(error, to: command), place: "\(name):\(line.number)") }
      case .failed(let error, let command):
        flow = failed(attributed(error, to: command), place: "\(name):\(line.number)")
      }
      if flow != .proceed { return flow }
    }
    guard cancellation.isCancelled, let last = lines.last else { return .proceed }
    return interrupted(place: "\(name):\(last.number)")
  }

  /// Most recommendations that one thread answers together: every number of the catalogue that is loaded is used for several of
  /// them.
  private static let packLimit = 24

  /// The commands of a block in packs that one thread answers: recommendations some at a time where every thread gets several
  /// packs, the rest by themselves.
  private static func packs(of commands: [ParsedCommand?]) -> [[(line: Int, command: ParsedCommand)]] {
    let count = commands.count { $0?.entry.action == .recommend }
    var packSize = max(1, min(packLimit, count / (2 * Parallelism.threadCount)))
    // The product over rounded rows takes six together.
    if packSize > 6 { packSize -= packSize % 6 }
    var packs: [[(line: Int, command: ParsedCommand)]] = []
    var recommendations: [(line: Int, command: ParsedCommand)] = []
    for (line, command) in commands.enumerated() {
      guard let command else { continue }
      guard command.entry.action == .recommend else {
        packs.append([(line, command)])
        continue
      }
      recommendations.append((line, command))
      if recommendations.count == packSize {
        packs.append(recommendations)
        recommendations = []
      }
    }
    if !recommendations.isEmpty { packs.append(recommendations) }
    return packs
  }

  /// The answers of a pack.
  private func answers(to commands: [ParsedCommand]) -> [Result<Answer, any Error>] {
    guard commands.count > 1 else { return commands.map { command in Result { try answer(to: command) } } }
    // No command of a pack names a file, so there are no lists.
    let requests = commands.map { $0.recommendRequest(candidates: nil, excluded: []) }
    return engine.recommend(requests, cancellation: cancellation).map { $0.mapError { $0 } }
  }

  /// The error with the command and the column it belongs to.
  func attributed(_ error: any Error, to command: ParsedCommand) -> any Error {
    switch error {
    case ShellError.syntax, QueryError.interrupted: return error
    case let error as ShellError: return FailedCommand(error, in: command)
    case let error as QueryError: return FailedCommand(error, in: command)
    case let error as FailedCommand: return error
    // Such as that of a model that cannot be opened.
    case let error as any DescribedFailure: return FailedCommand(error, in: command)
    default: return error
    }
  }
}
