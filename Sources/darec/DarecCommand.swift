// The root command and what all verbs share.

import ArgumentParser
import Engine
import Numerics
import Shell

/// `darec`: the verbs.
struct DarecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "darec",
    abstract: "Train recommenders aligned with language, ask them questions, and check the answers.",
    discussion: """
      darec MODEL opens the prompt of a trained model, as does darec repl MODEL.

      Exit codes: 0 done; 1 a query failed; 64 wrong command line; 65 bad input or model file; 66 missing file; \
      130 interrupted; 141 output closed early.
      """,
    version: darecVersion,
    subcommands: [
      TrainCommand.self, BaselineCommand.self, EvaluateCommand.self, ExperimentCommand.self, ExperimentRunCommand.self,
      ReportCommand.self, ReplCommand.self, RecommendCommand.self, SimilarCommand.self, ComponentsCommand.self,
      ExplainCommand.self, InspectCommand.self, SampleCommand.self, ExportCommand.self, SchemaCommand.self,
      BenchCommand.self, ManualCommand.self,
    ])

  /// Names of the verbs, with the parser's own.
  static let verbs: [String] = configuration.subcommands.map { $0._commandName } + ["help"]

  /// Verbs that a mistyped word may mean.
  static func verbs(near word: String) -> [String] {
    Suggestion.nearest(to: word, among: verbs).map { [$0] } ?? []
  }
}

/// The program's version, for `--version` and the banner.
let darecVersion = Engine.version

/// `--mmap`.
struct MappingArguments: ParsableArguments {
  @Flag(
    help:
      "Map the model file instead of reading it: opens a huge model at once, and verifies each part when it is first used."
  )
  var mmap = false
}

/// `--threads N`.
struct ThreadArguments: ParsableArguments {
  @Option(help: "Threads to use (default: all processors). Results do not depend on it.")
  var threads: Int?

  /// Applies the choice.
  func apply() throws { try Self.apply(threads) }

  /// Sets the number of threads, if one is given.
  static func apply(_ threads: Int?) throws {
    guard let threads else { return }
    guard (1...1024).contains(threads) else { throw CommandFailure.usage("--threads must be from 1 to 1024") }
    Parallelism.threadCount = threads
  }
}
