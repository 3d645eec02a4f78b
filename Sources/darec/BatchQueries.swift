// Queries for many users: answered in parallel blocks, written in order as one document.

import Engine
import Files
import Numerics
import Shell

/// One answer of a batch, and what names it among the others.
struct LabelledAnswer {
  /// Columns put in front of the first table, so that a row says whom it is about.
  let labels: [(name: String, value: String)]
  let answer: Answer
}

/// Runs one query for each of many users and writes the answers in the order of the users.
///
/// The output is one document whatever the format: JSON Lines, one JSON array, one CSV or TSV table with one header.
struct BatchQueries {
  /// Users answered before a block of answers is written: memory stays constant whatever the number of users.
  private static let blockSize = 256

  let engine: Engine
  let mode: OutputMode
  let renderOptions: RenderOptions

  /// The ids that `--users all|FILE` means.
  static func users(_ argument: String, engine: Engine) throws -> [String] {
    if argument == "all" { return engine.allUserIds }
    return try IdentifierLines.read(argument, what: "users")
  }

  /// Answers all users and finishes the sink.
  ///
  /// A user the model does not know is named on standard error; the others are answered all the same.
  /// - Parameters:
  ///   - users: ids.
  ///   - output: the file to replace; nil for standard output.
  ///   - query: answers one user.
  /// - Throws: `EndedWith` 130 after Ctrl-C, which leaves the old file, and 1 when a user was unknown; any error that is
  ///   not about one user, at once.
  func run(
    users: [String], output: String?, query: (String) throws(QueryError) -> [LabelledAnswer]
  ) throws {
    let sink = try AnswerSink(path: output)
    var failures = 0
    var answered = 0
    var isFirst = true
    for start in stride(from: 0, to: users.count, by: Self.blockSize) {
      let block = Array(users[start..<min(users.count, start + Self.blockSize)])
      var results = [Result<[Piece], QueryError>](repeating: .success([]), count: block.count)
      results.withUnsafeMutableBufferPointer { buffer in
        let slots = buffer
        parallelFor(block.count) { index in
          if InterruptSignal.cancellation.isCancelled { return slots[index] = .failure(.interrupted) }
          slots[index] = answer(block[index], query: query)
        }
      }
      for result in results {
        switch result {
        case .success(let pieces):
          for piece in pieces {
            try sink.write(isFirst ? opening + piece.header : between)
            try sink.write(piece.bytes)
            isFirst = false
          }
          answered += 1
        case .failure(.unknownUser(let id, let near)):
          failures += 1
          Console.error("darec: \(QueryError.unknownUser(id, near: near).description)")
        case .failure(.interrupted):
          sink.abandon()
          let kept = sink.replacesFile ? output.map { "; '\($0)' was not written" } ?? "" : ""
          Console.error("darec: interrupted after \(answered) of \(users.count) users\(kept)")
          throw EndedWith(status: .interrupted)
        case .failure(let error): throw error
        }
      }
    }
    try sink.write(isFirst ? nothing : closing)
    try sink.finish()
    if failures > 0 { throw EndedWith(status: .failure) }
  }

  // MARK: One document

  /// A rendered answer, and the header that stands before it when it is the first.
  private struct Piece {
    var header: [UInt8]
    var bytes: [UInt8]
  }

  private func answer(
    _ user: String, query: (String) throws(QueryError) -> [LabelledAnswer]
  ) -> Result<[Piece], QueryError> {
    do throws(QueryError) {
      return .success(try query(user).map(piece))
    } catch { return .failure(error) }
  }

  private func piece(_ labelled: LabelledAnswer) -> Piece {
    switch mode {
    case .json:
      // The document is an array: every line of the record moves in, without the line feed behind it.
      let lines = AnswerRenderer.render(labelled.answer, mode: .json, options: renderOptions).dropLast()
        .split(separator: 0x0A, omittingEmptySubsequences: false)
      return Piece(header: [], bytes: Array(lines.map { Array("  ".utf8) + $0 }.joined(separator: [0x0A])))
    case .csv, .tsv:
      var options = renderOptions
      let answer = withLabels(labelled)
      var headerOnly = answer
      headerOnly.text.tables = answer.text.tables.map { AnswerTable(title: $0.title, columns: $0.columns, rows: []) }
      let header = AnswerRenderer.render(headerOnly, mode: mode, options: options)
      options.headers = false
      return Piece(header: header, bytes: AnswerRenderer.render(answer, mode: mode, options: options))
    case .markdown, .line:
      return Piece(header: [], bytes: AnswerRenderer.render(withLabels(labelled), mode: mode, options: renderOptions))
    case .table, .jsonl, .quiet:
      return Piece(header: [], bytes: AnswerRenderer.render(labelled.answer, mode: mode, options: renderOptions))
    }
  }

  private func withLabels(_ labelled: LabelledAnswer) -> Answer {
    var answer = labelled.answer
    var text = answer.text
    guard !text.tables.isEmpty else { return answer }
    text.tables[0].columns.insert(contentsOf: labelled.labels.map { AnswerColumn($0.name, .identifier) }, at: 0)
    for row in text.tables[0].rows.indices {
      text.tables[0].rows[row].insert(contentsOf: labelled.labels.map { .text($0.value) }, at: 0)
    }
    answer.text = text
    return answer
  }

  private var opening: [UInt8] { mode == .json ? Array("[\n".utf8) : [] }

  private var between: [UInt8] {
    switch mode {
    case .json: return Array(",\n".utf8)
    case .table, .markdown, .line: return [0x0A]
    case .jsonl, .csv, .tsv, .quiet: return []
    }
  }

  private var closing: [UInt8] { mode == .json ? Array("\n]\n".utf8) : [] }

  /// The document without any answer.
  private var nothing: [UInt8] { mode == .json ? Array("[]\n".utf8) : [] }
}
