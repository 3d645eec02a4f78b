// darec experiment-run: one run of an experiment, started by darec experiment.

import ArgumentParser
import Experiments
import Files
import Numerics

/// `darec experiment-run`, which people have no use for.
struct ExperimentRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment-run", abstract: "One run of darec experiment.", shouldDisplay: false)

  @Argument(help: "The run's definition.") var definition: String
  @Option(help: "Where metrics of every test user go.") var users: String?
  @Option(help: "Process id of the experiment; the run ends with it.") var parent: Int32?
  @Flag(help: "Time a beginning of the run only.") var probe = false
  @OptionGroup var threadArguments: ThreadArguments

  mutating func run() throws {
    let started = monotonicClock()
    if let parent, !ParentProcess.bind(parent) { throw EndedWith(status: .interrupted) }
    try threadArguments.apply()
    let definition = try RunDefinition(json: try JSONValue.read(definition))
    let dataSet = try ExperimentData.load(
      words: definition.dataWords, splitSeed: definition.splitSeed, name: definition.dataName)
    let execution = try RunExecution(definition: definition, dataSet: dataSet, clock: monotonicClock)
    if probe {
      let json = try execution.probe(started: started).json
      try Console.output(try json.serialized() + [0x0A])
      return
    }
    var report = RunReport(
      environment: .object([
        .init("version", .string(darecVersion)), .init("simd", .string(kernels.level.name)),
        .init("threads", .integer(Parallelism.threadCount)),
      ]))
    do {
      let outcome = try execution.run(started: started)
      if let users, let outcomes = outcome.users { try outcomes.save(to: users) }
      report.results = outcome.results
      report.costs = outcome.costs
    } catch let failure as any RunFailure {
      // A run that cannot succeed is a result: it stands in the table and is not tried again and again.
      report.failure = failure.description
    }
    try Console.output(try report.json.serialized() + [0x0A])
  }
}
