// darec export explanations: the top N of many users, explained, as JSON Lines.

import ArgumentParser
import Engine
import Files
import Glibc
import ModelFile
import Numerics
import Shell

/// `darec export explanations`.
struct ExportExplanationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explanations", abstract: "Explain the top N of many users, one JSON record a line.",
    discussion: """
      Records are darec/explanation/1 in the order of users and ranks. They are written as they are made, so that memory \
      does not grow with the number of users, and a run that is stopped leaves what it had finished: complete lines only.

      Example: darec export explanations Models/sample --users all --top 5 --output why.jsonl
      """)

  @Argument(help: "Directory of the model.") var model: String
  @Option(help: "all, or a file with one user id a line.") var users: String
  @Option(help: "How many recommendations of each user are explained.") var top: Int = 10
  @Option(help: "Neighbours listed in each space.") var neighbors: Int = 5
  @Option(help: "Most contributions listed; the others are in the residual.") var contributions: Int?
  @Flag(help: "Search the counterfactual set of each record, which takes most of the time.") var counterfactuals = false
  @Option(help: "File to write, line by line; - is standard output.") var output: String = "-"
  @OptionGroup var threadArguments: ThreadArguments

  /// Users answered in parallel before their lines are written.
  private static let blockSize = 64

  mutating func run() throws {
    guard (1...100_000).contains(top), neighbors >= 0, contributions ?? 0 >= 0 else {
      throw CommandFailure.usage("--top must be from 1 to 100000, --neighbors and --contributions at least 0")
    }
    try threadArguments.apply()
    let engine = Engine(bundle: try Bundle.load(model))
    let ids = try BatchQueries.users(users, engine: engine)
    InterruptSignal.install(secondEndsProcess: true)
    let sink = try LineSink(path: output)
    let progress = ProgressBar(label: "explaining", unit: "users")
    defer { progress.finish() }
    var failures = 0
    let settings = (top: top, neighbors: neighbors, contributions: contributions, counterfactuals: counterfactuals)
    for start in stride(from: 0, to: ids.count, by: Self.blockSize) {
      let block = Array(ids[start..<min(ids.count, start + Self.blockSize)])
      var results = [Result<[[UInt8]], any Error>](repeating: .success([]), count: block.count)
      results.withUnsafeMutableBufferPointer { buffer in
        let slots = buffer
        parallelFor(block.count) { index in
          slots[index] = Result { try Self.lines(block[index], engine: engine, settings: settings) }
        }
      }
      for (offset, result) in results.enumerated() {
        switch result {
        case .success(let lines): for line in lines { try sink.write(line) }
        case .failure(let error as QueryError):
          progress.clear()
          if case .interrupted = error {
            Console.error("darec: interrupted after \(start + offset) of \(ids.count) users; their lines are complete")
            throw EndedWith(status: .interrupted)
          }
          guard case .unknownUser = error else { throw error }
          failures += 1
          Console.error("darec: \(error.description)")
        case .failure(let error): throw error
        }
      }
      progress.show(start + block.count, of: ids.count)
    }
    if failures > 0 { throw EndedWith(status: .failure) }
  }

  /// The lines of one user, each with its line feed.
  private static func lines(
    _ user: String, engine: Engine,
    settings: (top: Int, neighbors: Int, contributions: Int?, counterfactuals: Bool)
  ) throws -> [[UInt8]] {
    let cancellation = InterruptSignal.cancellation
    if cancellation.isCancelled { throw QueryError.interrupted }
    var lines: [[UInt8]] = []
    for item in try engine.recommendedItems(user: user, top: settings.top) {
      var request = ExplainRequest(user: user, item: item)
      request.neighbors = settings.neighbors
      request.contributions = settings.contributions
      request.top = settings.top
      request.counterfactual = settings.counterfactuals
      for record in try engine.explain(request, cancellation: cancellation).records {
        lines.append(try record.serialized(.compact) + [0x0A])
      }
    }
    return lines
  }
}

/// A file or standard output that is given whole lines, each by one call to the system.
///
/// Nothing is held back: what has been written is there when the process ends in whatever way. A signal that ends the
/// process finds complete lines, because the system finishes a call that has begun writing to a file.
private final class LineSink {
  private let descriptor: Int32
  private let path: String?

  /// Empties a file, or takes standard output for `-`.
  init(path: String) throws {
    guard path != "-" else {
      descriptor = 1
      self.path = nil
      return
    }
    self.path = path
    descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CommandFailure.cannotWrite("'\(path)': " + FileError.reason(errno)) }
  }

  deinit { if path != nil { close(descriptor) } }

  /// Writes one line.
  func write(_ line: [UInt8]) throws {
    guard let path else { return try Console.output(line) }
    if let failure = Console.write(line, to: descriptor) {
      throw CommandFailure.cannotWrite("'\(path)': " + FileError.reason(failure))
    }
  }
}
