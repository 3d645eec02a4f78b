// darec bench query: the engine's speed on a script of queries, and what the shell adds to it.

import Benchmarks
import Engine
import Files
import Glibc
import ModelFile
import Numerics
import Shell

/// Measures the queries of a script three times over: answered by the engine alone, answered and written as JSON Lines,
/// and run by the shell as `darec MODEL --mode jsonl < FILE` runs them.
struct QueryBenchmark {
  /// Directory of the model.
  let model: String
  /// A script of queries, one a line; nil asks for a mixture made from the model's own ids.
  let script: String?
  /// Queries of the mixture.
  private static let generatedQueries = 4_000

  static let name = "query"
  static let summary = "queries of a script: the engine alone, with JSON Lines, and through the shell (1000 queries/s)"

  /// The benchmark to run.
  func benchmark() throws -> Benchmark {
    let engine = Engine(bundle: try Bundle.load(model))
    let lines = try script.map { try Self.lines(of: $0) } ?? Self.generatedLines(engine)
    return Benchmark(name: Self.name, summary: Self.summary) { options in
      try Self.measure(lines, engine: engine, options: options)
    }
  }

  private static func measure(
    _ lines: [String], engine: Engine, options: BenchmarkOptions
  ) throws -> [BenchmarkSection] {
    let commands = try commands(of: lines)
    let file = try ScriptFile(lines)
    return try options.resolvedThreadCounts.map { threads in
      Parallelism.threadCount = threads
      options.progress("query: \(grouped(lines.count)) queries, \(threads) thread(s)")
      let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
      defer { close(null) }
      let session = Session(engine: engine)
      try refuseFailingLines(commands, session: session)
      func all(_ body: (ParsedCommand) throws -> Int) -> Double {
        let start = monotonicSeconds()
        var bytes = [Int](repeating: 0, count: commands.count)
        bytes.withUnsafeMutableBufferPointer { buffer in
          let slots = buffer
          // Every query has been answered once before.
          parallelFor(commands.count) { slots[$0] = (try? body(commands[$0])) ?? 0 }
        }
        return monotonicSeconds() - start
      }
      let work = Double(lines.count) / 1000
      let contenders = [
        Contender.timingItself(name: "engine", work: work) {
          all { try session.answer(to: $0).records.count }
        },
        Contender.timingItself(name: "engine + JSON Lines", work: work) {
          all { AnswerRenderer.render(try session.answer(to: $0), mode: .jsonl).count }
        },
        Contender.timingItself(name: "shell", work: work) {
          let start = monotonicSeconds()
          var settings = SessionOptions()
          settings.mode = .jsonl
          settings.outputDescriptor = null
          settings.keepGoing = true
          _ = Session(engine: engine, options: settings).runScript(path: file.path)
          return monotonicSeconds() - start
        },
        Contender.timingItself(name: "reading and parsing", work: work) {
          let start = monotonicSeconds()
          let source = try LineSource(path: file.path)
          let parser = CommandParser(allowsPrefixes: false)
          while case .line(let line) = source.next() { _ = try parser.parse(line) }
          return monotonicSeconds() - start
        },
      ]
      let measurements = try alternate(contenders, rounds: options.rounds)
      let perLine = (measurements[2].median - measurements[1].median) / Double(lines.count) * 1e6
      return BenchmarkSection(
        threads: threads, unit: "k/s",
        cases: [BenchmarkCase(name: "\(grouped(lines.count)) queries", measurements: measurements)],
        notes: [
          "the shell adds \(NumberText.fixed(perLine, decimals: 2)) microseconds a line to 'engine + JSON Lines'",
          completionNote(engine),
        ])
    }
  }

  /// What Tab costs: the longest of a few completions of ids and titles, after the first has built what they need.
  private static func completionNote(_ engine: Engine) -> String {
    let completion = Completion(engine: engine)
    var slowest = 0.0
    for round in 0..<2 {
      slowest = 0
      for (line, quote) in [("recommend 1", nil), ("similar item 1", nil), ("similar item \"t", UInt8(ascii: "\""))] {
        let bytes = Array(line.utf8)
        let start = monotonicSeconds()
        _ = completion.candidates(line: bytes, start: bytes.count - 1, end: bytes.count, quote: quote)
        if round > 0 { slowest = max(slowest, monotonicSeconds() - start) }
      }
    }
    let items = grouped(engine.ids(of: .item, startingWith: "", limit: .max).count)
    return "Tab takes \(NumberText.fixed(slowest * 1e6, decimals: 0)) microseconds at most with \(items) items"
  }

  /// Answers every query once, which also warms what is built on demand; the first that fails ends the benchmark: the time
  /// of an error message is not the time of an answer.
  private static func refuseFailingLines(_ commands: [ParsedCommand], session: Session) throws {
    var failures = [String?](repeating: nil, count: commands.count)
    failures.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      parallelFor(commands.count) { index in
        do { _ = try session.answer(to: commands[index]) } catch { slots[index] = "\(error)" }
      }
    }
    for (index, failure) in failures.enumerated() {
      guard let failure else { continue }
      throw CommandFailure.usage("query \(index + 1) of the script cannot be measured: \(failure)")
    }
  }

  /// The checked commands of the lines; queries only.
  private static func commands(of lines: [String]) throws -> [ParsedCommand] {
    let parser = CommandParser(allowsPrefixes: false)
    return try lines.enumerated().compactMap { index, line in
      guard let command = try parser.parse(line) else { return nil }
      guard !command.entry.isSetting, !command.wantsHelp else {
        throw CommandFailure.usage(
          "line \(index + 1) of the script is '\(command.entry.name)': only queries are measured")
      }
      return command
    }
  }

  private static func lines(of path: String) throws -> [String] {
    let source = try LineSource(path: path)
    var lines: [String] = []
    while true {
      switch source.next() {
      case .line(let line): lines.append(line)
      case .failure(let error): throw error
      case .readFailure(let reason): throw ShellError.readFailed(path: path, reason: reason)
      case .interrupted: throw EndedWith(status: .interrupted)
      case .end: return lines
      }
    }
  }

  /// Four kinds of queries in turn, over users and items of the model.
  private static func generatedLines(_ engine: Engine) -> [String] {
    let users = engine.allUserIds.map { Session.quoted($0) }
    let items = engine.ids(of: .item, startingWith: "", limit: 100_000).map { Session.quoted($0) }
    guard !users.isEmpty, !items.isEmpty else { return [] }
    return (0..<generatedQueries).map { index in
      // Steps without a common factor with usual sizes walk through all of them.
      let user = users[index * 7919 % users.count]
      let item = items[index * 104_729 % items.count]
      switch index % 4 {
      case 0: return "recommend \(user) --top 10"
      case 1: return "similar item \(item) --top 10"
      case 2: return "explain \(user) \(item)"
      default: return "components user \(user)"
      }
    }
  }
}

/// A script on disk, removed at the end of its life.
private final class ScriptFile: Sendable {
  private let folder: ScratchFolder
  let path: String

  init(_ lines: [String]) throws {
    folder = try ScratchFolder()
    path = folder.path + "/script"
    try AtomicReplace.file(at: path, bytes: Array(lines.map { $0 + "\n" }.joined().utf8))
  }
}
