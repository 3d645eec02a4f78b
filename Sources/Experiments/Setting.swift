// One option with its value, and how it is applied to a training configuration.

import Files
import Training

/// An option's name and the text of its value.
package struct Setting: Sendable, Equatable {
  /// A declared option of the model or the alignment, `lambda`, or a setting of the training loop such as `epochs`.
  package var name: String
  /// Its value, as typed after `--set NAME=`.
  package var value: String

  /// Pairs a name and a value.
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// `name=value`.
  package var text: String { "\(name)=\(value)" }

  /// The settings of the loop, named as in the JSON of `TrainingConfiguration`.
  static let loopNames = [
    "epochs", "batch_size", "learning_rate", "patience", "evaluation_interval", "minimum_epochs",
  ]

  /// True when this sets the training loop and not an option.
  var setsLoop: Bool { Self.loopNames.contains(name) }
}

extension TrainingConfiguration {
  /// Applies options of the model and the alignment, then `lambda`, which reads options such as its scope.
  ///
  /// Settings of the loop are passed over.
  mutating func apply(options settings: [Setting]) throws {
    for setting in settings where !setting.setsLoop && setting.name != "lambda" {
      try set(setting.name, to: setting.value)
    }
    for setting in settings where setting.name == "lambda" {
      guard let lambda = Double(setting.value), lambda.isFinite, lambda >= 0 else {
        throw OptionError.badValue(name: "lambda", value: setting.value, allowed: "a number, 0 or more")
      }
      try apply(lambda: lambda)
    }
  }

  /// Applies settings of the loop; others are passed over.
  mutating func apply(loop settings: [Setting]) throws {
    for setting in settings where setting.setsLoop {
      func count(from least: Int) throws -> Int {
        guard let value = Int(setting.value), (least...1_000_000_000).contains(value) else {
          throw OptionError.badValue(
            name: setting.name, value: setting.value, allowed: "a whole number from \(least) to 1000000000")
        }
        return value
      }
      switch setting.name {
      case "epochs": epochs = try count(from: 1)
      case "batch_size": batchSize = try count(from: 1)
      case "patience": patience = try count(from: 1)
      case "evaluation_interval": evaluationInterval = try count(from: 1)
      case "minimum_epochs": minimumEpochs = try count(from: 0)
      default:
        guard let rate = Double(setting.value), rate.isFinite, rate > 0 else {
          throw OptionError.badValue(name: setting.name, value: setting.value, allowed: "a number greater than 0")
        }
        learningRate = rate
      }
    }
  }
}
