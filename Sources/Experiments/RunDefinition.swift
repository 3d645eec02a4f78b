// What decides the result of one run, and the identity that follows from it.

import Files
import Interactions
import Training

/// A run before it is run: the same definition gives the same results.
package struct RunDefinition: Sendable, Equatable {
  /// What is trained or fitted.
  package enum Work: Sendable, Equatable {
    /// A base model, aligned or not.
    case training(TrainingConfiguration)
    /// A baseline with all its options.
    case baseline(name: String, options: [Setting], seed: UInt64)
  }

  /// Name of the data set.
  package var dataName: String
  /// Words of the command line that say where it is.
  package var dataWords: [String]
  /// Seed of its division.
  package var splitSeed: UInt64
  /// Identity of ids and splits.
  package var fingerprint: String
  /// Identity of the text vectors.
  package var textFingerprint: String
  /// What is trained or fitted.
  package var work: Work
  /// False while tuning: the test split then takes no part in the run.
  package var evaluatesTest: Bool

  /// Sixteen hexadecimal digits; equal for runs that cannot differ in their results.
  ///
  /// The data's place and name do not count, what it holds does.
  package var id: String {
    let identity: JSONValue = .object([
      .init("fingerprint", .string(fingerprint)), .init("text_fingerprint", .string(textFingerprint)),
      .init("work", workJSON), .init("test", .bool(evaluatesTest)),
    ])
    // Every number in it was parsed from text or is a default: there is none that JSON cannot hold.
    let bytes = (try? identity.serialized()) ?? []
    return bytes.withUnsafeBufferPointer { StableHash.hexadecimal(StableHash.of($0)) }
  }

  private var workJSON: JSONValue {
    switch work {
    case .training(let configuration): return .object([.init("training", configuration.json)])
    case .baseline(let name, let options, let seed):
      return .object([
        .init("baseline", .string(name)),
        .init("options", .object(options.map { .init($0.name, .string($0.value)) })),
        .init("seed", .string(String(seed))),
      ])
    }
  }

  /// The definition as JSON; `init(json:)` reads it back.
  package var json: JSONValue {
    .object([
      .init(
        "data",
        .object([
          .init("name", .string(dataName)), .init("options", .strings(dataWords)),
          .init("split_seed", .string(String(splitSeed))), .init("fingerprint", .string(fingerprint)),
          .init("text_fingerprint", .string(textFingerprint)),
        ])),
      .init("work", workJSON),
      .init("test", .bool(evaluatesTest)),
    ])
  }

  /// Describes a run.
  package init(
    dataName: String, dataWords: [String], splitSeed: UInt64, fingerprint: String, textFingerprint: String,
    work: Work, evaluatesTest: Bool
  ) {
    self.dataName = dataName
    self.dataWords = dataWords
    self.splitSeed = splitSeed
    self.fingerprint = fingerprint
    self.textFingerprint = textFingerprint
    self.work = work
    self.evaluatesTest = evaluatesTest
  }

  /// Reads what `json` wrote.
  /// - Throws: `TrainingError.badConfiguration`, or an `OptionError` for an option this version does not have.
  package init(json: JSONValue) throws {
    guard
      let data = json["data"], let name = data["name"]?.string, let words = data["options"]?.array,
      let splitSeed = data["split_seed"]?.string.flatMap({ UInt64($0) }),
      let fingerprint = data["fingerprint"]?.string, let textFingerprint = data["text_fingerprint"]?.string,
      let work = json["work"], let test = json["test"]?.bool
    else { throw TrainingError.badConfiguration("the definition of a run is incomplete") }
    dataName = name
    dataWords = words.compactMap(\.string)
    self.splitSeed = splitSeed
    self.fingerprint = fingerprint
    self.textFingerprint = textFingerprint
    evaluatesTest = test
    if let training = work["training"] {
      self.work = .training(try TrainingConfiguration(json: training))
    } else if let name = work["baseline"]?.string, let seed = work["seed"]?.string.flatMap({ UInt64($0) }) {
      let settings = (work["options"]?.object ?? []).map { Setting($0.key, $0.value.string ?? "") }
      self.work = try BaselineRuns.work(name: name, settings: settings, seed: seed)
    } else {
      throw TrainingError.badConfiguration("the definition of a run names no work")
    }
  }
}

extension StableHash {
  /// A hash as sixteen hexadecimal digits.
  static func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
