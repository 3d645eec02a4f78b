// darec sample: planted data with known factors.

import ArgumentParser
import Files
import Interactions

/// `darec sample`.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Write a planted data set whose shared and specific factors are known.",
    discussion: """
      Behaviour and text share some factors; others show only in one of them. The truth is written beside the data, so
      that what an alignment finds can be checked. Models/sample was trained on the default data.

      Example: darec sample Data/planted --seed 1
               darec train --data Data/planted --align darec --out Models/planted
      """)

  @Argument(help: "Directory to write to; made when missing.") var directory: String
  @Option(help: "Number of users.") var users: Int?
  @Option(help: "Number of items.") var items: Int?
  @Option(help: "Number of interactions of all splits together.") var interactions: Int?
  @Option(help: "Factors seen by behaviour and text.") var sharedFactors: Int?
  @Option(help: "Factors seen by behaviour only.") var behaviourFactors: Int?
  @Option(help: "Factors seen by text only.") var textFactors: Int?
  @Option(help: "Width of the text embeddings; 0 writes none.") var textDimension: Int?
  @Option(help: "Standard deviation of the noise in the text embeddings.") var noise: Double?
  @Option(help: "Seed of every draw.") var seed: UInt64?
  @Flag(help: "Write text embeddings as float32 instead of float16.") var fullPrecision = false
  @Flag(help: "Replace files of an earlier sample.") var force = false

  mutating func run() throws {
    var options = PlantedDataOptions()
    options.users = users ?? options.users
    options.items = items ?? options.items
    options.interactions = interactions ?? options.interactions
    options.sharedFactors = sharedFactors ?? options.sharedFactors
    options.behaviourFactors = behaviourFactors ?? options.behaviourFactors
    options.textFactors = textFactors ?? options.textFactors
    options.textDimension = textDimension ?? options.textDimension
    options.noise = noise ?? options.noise
    options.seed = seed ?? options.seed
    options.usesFullPrecision = fullPrecision
    options.replacesFiles = force
    let summary = try PlantedData.write(to: directory, options: options)
    try Console.output(
      Array(
        "\(directory): \(summary.train) training, \(summary.valid) validation, \(summary.test) test interactions\n"
          .utf8))
  }
}
