// The entry point: which verb, what it throws, how the process ends.

import ArgumentParser
import Benchmarks
import Files
import Numerics
import Shell

#if canImport(Glibc)
  import Glibc
#endif

@main
enum Main {
  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs one command line and says how the process ends.
  private static func run(_ arguments: [String]) -> Int32 {
    do {
      // An unusable DAREC_SIMD is said at once, not at the first matrix.
      _ = try KernelTable.selected()
      guard let first = arguments.first else {
        print(DarecCommand.helpMessage())
        return ExitStatus.success.rawValue
      }
      // A path with a slash is no verb: the tables of the verbs are not needed to know.
      if first.contains("/"), FileReader.isDirectory(first), let plain = ReplRun(plain: arguments) {
        try plain.run()
        return ExitStatus.success.rawValue
      }
      var words = arguments
      if !first.hasPrefix("-"), !DarecCommand.verbs.contains(first) {
        // `darec MODEL ...` opens the prompt; a mistyped verb is told apart from a path by what exists.
        guard FileReader.isDirectory(first) else {
          throw CommandFailure.unknownVerb(first, suggestions: DarecCommand.verbs(near: first))
        }
        words.insert("repl", at: 0)
      }
      return try parse(words)
    } catch let failure as any DescribedFailure {
      Console.error("darec: \(failure.description)")
      if failure.exitStatus == .usage { hintAtModel(arguments) }
      return failure.exitStatus.rawValue
    } catch let end as EndedWith {
      return end.code
    } catch {
      let code = end(parserError: error)
      if code != ExitStatus.success.rawValue { hintAtModel(arguments) }
      return code
    }
  }

  /// After a command line that a verb cannot read: a folder here of the verb's name may have been meant.
  private static func hintAtModel(_ arguments: [String]) {
    guard let first = arguments.first, DarecCommand.verbs.contains(first), FileReader.isDirectory(first) else { return }
    Console.error("darec: '\(first)' is a verb; to open the model in the folder '\(first)', write ./\(first)")
  }

  private static func parse(_ words: [String]) throws -> Int32 {
    var command = try DarecCommand.parseAsRoot(words)
    try command.run()
    return ExitStatus.success.rawValue
  }

  /// Help and usage errors of the argument parser, with its own texts and exit codes.
  private static func end(parserError: any Error) -> Int32 {
    let code = DarecCommand.exitCode(for: parserError)
    let message = DarecCommand.fullMessage(for: parserError)
    if code == .success {
      print(message)
    } else if !message.isEmpty {
      Console.error(message)
    }
    return code.rawValue
  }
}

/// Ends a command with a status that has already been explained on standard error.
struct EndedWith: Error {
  let code: Int32

  /// Ends with one of the designed codes.
  init(status: ExitStatus) { code = status.rawValue }

  /// Ends with the code that a script's `.exit CODE` asked for.
  init(code: Int32) { self.code = code }
}

/// Errors of the command line that the parser does not know of.
enum CommandFailure: DescribedFailure {
  /// The first word is neither a verb nor a directory.
  case unknownVerb(String, suggestions: [String])
  /// Options that do not go together, or miss each other.
  case usage(String)
  /// A file or a model that cannot be used for this.
  case badFile(String)
  /// The model does not hold what is asked for.
  case notHeld(String)
  /// Standard output cannot take more, such as on a full disk.
  case cannotWrite(String)

  var description: String {
    switch self {
    case .unknownVerb(let word, let suggestions):
      if !suggestions.isEmpty && !word.contains("/") {
        return "unknown verb '\(word)'; did you mean \(suggestions.joined(separator: ", "))? Verbs: darec --help"
      }
      return "\(word): no such model directory; train one with 'darec train', or see 'darec --help' for the verbs"
    case .usage(let text), .badFile(let text), .notHeld(let text): return text
    case .cannotWrite(let reason): return "cannot write standard output: \(reason)"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .unknownVerb(let word, let suggestions):
      return suggestions.isEmpty || word.contains("/") ? .missingInput : .usage
    case .usage: return .usage
    case .badFile: return .badData
    case .notHeld, .cannotWrite: return .failure
    }
  }
}

/// Writing to the process's standard streams.
enum Console {
  /// A message to standard error; what could drive a terminal, such as a file's name, is shown as escapes, and on a
  /// terminal lines are broken between words.
  static func error(_ text: String) {
    let width = Terminal.width(2)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      TextWrapping.fitted(TerminalText.escaped(String($0)), width: width)
    }
    write(Array((lines.joined(separator: "\n") + "\n").utf8), to: 2)
  }

  /// Bytes to standard output; a closed pipe ends the process quietly, a full disk with a message.
  static func output(_ bytes: [UInt8]) throws {
    guard let failure = write(bytes, to: 1) else { return }
    if failure == EPIPE { throw EndedWith(status: .brokenPipe) }
    throw CommandFailure.cannotWrite(FileError.reason(failure))
  }

  /// Writes all bytes; the error number when the descriptor cannot take them.
  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
      var start = 0
      while start < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        start += count
      }
      return nil
    }
  }
}
