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
      does not grow with the number of users, and a run that is stopped leaves what it had finished. --resume goes on \
      with such a file: a torn last line is dropped, and users that are done are passed over.

      Examples: darec export explanations Models/sample --users all --top 5 --output why.jsonl
                darec export explanations Models/sample --users all --top 5 --output why.jsonl --resume
      """)

  @Argument(help: "Directory of the model.") var model: String
  @Option(help: "all, or a file with one user id a line.") var users: String
  @Option(help: "How many recommendations of each user are explained.") var top: Int = 10
  @Option(help: "Neighbours listed in each space.") var neighbors: Int = 5
  @Option(help: "Most contributions listed; the others are in the residual.") var contributions: Int?
  @Flag(help: "Search the counterfactual set of each record, which takes most of the time.") var counterfactuals = false
  @Option(help: "File to write, line by line; - is standard output.") var output: String = "-"
  @Flag(help: "Go on with the file that a stopped run of the same export has left.") var resume = false
  @OptionGroup var mapping: MappingArguments
  @OptionGroup var threadArguments: ThreadArguments

  /// Users answered in parallel before their lines are written.
  private static let blockSize = 64

  mutating func run() throws {
    guard (1...100_000).contains(top), neighbors >= 0, contributions ?? 0 >= 0 else {
      throw CommandFailure.usage("--top must be from 1 to 100000, --neighbors and --contributions at least 0")
    }
    try threadArguments.apply()
    let engine = Engine(bundle: try Bundle.load(model, mapped: mapping.mmap))
    let ids = try BatchQueries.users(users, engine: engine)
    InterruptSignal.install(secondEndsProcess: true)
    var failures = 0
    let settings = (top: top, neighbors: neighbors, contributions: contributions, counterfactuals: counterfactuals)
    var begin = 0
    var kept: Int?
    if resume {
      guard output != "-" else { throw CommandFailure.usage("--resume needs --output FILE") }
      let partial = try PartialExport(path: output, users: ids, fingerprint: engine.bundle.fingerprint)
      if let first = partial.first {
        // Equal settings give equal bytes, so the first user's records tell whether this is the same export.
        let again = try Self.lines(ids[first.position], engine: engine, settings: settings).flatMap { $0 }
        guard again.starts(with: first.bytes), first.position == partial.position || again.count == first.bytes.count
        else {
          throw CommandFailure.badFile(
            "\(output): these explanations were written with other settings (--top, --neighbors, --contributions, "
              + "--counterfactuals, DAREC_SIMD) or by another version; give the same ones, or write another file")
        }
      }
      begin = partial.position
      kept = partial.keptBytes
      let known = Set(engine.allUserIds)
      for id in ids[..<begin] where !known.contains(id) { failures += 1 }
    }
    let sink = try LineSink(path: output, keeping: kept)
    let progress = ProgressBar(label: "explaining", unit: "users")
    defer { progress.finish() }
    for start in stride(from: begin, to: ids.count, by: Self.blockSize) {
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
        case .success(let lines): try sink.write(lines)
        case .failure(let error as QueryError):
          progress.clear()
          if case .interrupted = error {
            Console.error(
              "darec: interrupted after \(start + offset) of \(ids.count) users; their lines are complete"
                + (output == "-" ? "" : ", and --resume goes on"))
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

/// A file or standard output that is given whole lines, the records of a user by one call to the system.
///
/// Nothing is held back: what has been written is there when the process ends in whatever way. Ctrl-C and other signals
/// that can be caught leave complete lines. The system may end a killed process between two pages of a call, which tears
/// a line; `PartialExport` finds it.
private final class LineSink {
  private let descriptor: Int32
  private let path: String?

  /// Opens a file, or takes standard output for `-`.
  /// - Parameter kept: bytes at the file's beginning that stay; nil empties it.
  init(path: String, keeping kept: Int? = nil) throws {
    guard path != "-" else {
      descriptor = 1
      self.path = nil
      return
    }
    self.path = path
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | (kept == nil ? O_TRUNC : 0) | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ShellError.writeFailed(path: path, reason: FileError.reason(errno)) }
    self.descriptor = descriptor
    // A device has nothing to keep and cannot be cut.
    guard let kept, ftruncate(descriptor, kept) == 0 || kept > 0 || errno != EINVAL else { return }
    guard lseek(descriptor, off_t(kept), SEEK_SET) == kept, ftruncate(descriptor, kept) == 0 else {
      throw ShellError.writeFailed(path: path, reason: FileError.reason(errno))
    }
  }

  deinit { if path != nil { close(descriptor) } }

  /// Writes lines.
  func write(_ lines: [[UInt8]]) throws {
    let bytes = Array(lines.joined())
    guard let path else { return try Console.output(bytes) }
    if let failure = Console.write(bytes, to: descriptor) {
      throw ShellError.writeFailed(path: path, reason: FileError.reason(failure))
    }
  }
}
