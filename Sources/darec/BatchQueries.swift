// Queries for many users: answered in parallel blocks, written in order.

import Engine
import Files
import Numerics
import Shell

/// Runs one query for each of many users and writes the answers in the order of the users.
struct BatchQueries {
  /// Users answered before a block of answers is written: memory stays constant whatever the number of users.
  private static let blockSize = 256

  let engine: Engine
  let mode: OutputMode
  let renderOptions: RenderOptions

  /// The ids that `--users all|FILE` means.
  static func users(_ argument: String, engine: Engine) throws -> [String] {
    if argument == "all" { return engine.allUserIds }
    let bytes = try FileReader.contents(of: argument)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure.badFile("\(argument): the list of users is not UTF-8; write one id a line")
    }
    return text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.isEmpty }
  }

  /// Answers all users.
  ///
  /// A user that cannot be answered is named on standard error; the others are answered all the same.
  /// - Parameters:
  ///   - users: ids.
  ///   - sink: where answers go.
  ///   - query: answers one user.
  /// - Returns: how many users could not be answered.
  func run(
    users: [String], sink: AnswerSink, query: (String) throws(QueryError) -> [Answer]
  ) throws -> Int {
    var failures = 0
    for start in stride(from: 0, to: users.count, by: Self.blockSize) {
      if InterruptSignal.cancellation.isCancelled { throw QueryError.interrupted }
      let block = Array(users[start..<min(users.count, start + Self.blockSize)])
      var results = [Result<[UInt8], QueryError>](repeating: .success([]), count: block.count)
      results.withUnsafeMutableBufferPointer { buffer in
        let slots = buffer
        parallelFor(block.count) { index in
          slots[index] = answer(block[index], query: query)
        }
      }
      for result in results {
        switch result {
        case .success(let bytes): try sink.write(bytes)
        case .failure(let error):
          failures += 1
          Console.error("darec: \(TerminalText.escaped(error.description))")
        }
      }
    }
    return failures
  }

  private func answer(
    _ user: String, query: (String) throws(QueryError) -> [Answer]
  ) -> Result<[UInt8], QueryError> {
    do throws(QueryError) {
      var bytes: [UInt8] = []
      for answer in try query(user) { bytes += AnswerRenderer.render(answer, mode: mode, options: renderOptions) }
      return .success(bytes)
    } catch { return .failure(error) }
  }
}
