// How long an epoch took, from the log of a finished run.

import Files

/// Reads times of `train.jsonl`.
enum TrainingLogTime {
  /// Seconds of the last epoch, its validation not counted.
  static func secondsOfLastEpoch(_ path: String) throws -> Double {
    for line in try FileReader.contents(of: path).split(separator: 0x0A).reversed() {
      let record = try JSONValue.parse(Array(line))
      if record["type"]?.string == "epoch", let seconds = record["seconds"]?.double { return seconds }
    }
    throw CommandFailure.badFile("\(path): there is no epoch in this training log")
  }

  /// Mean seconds of a step of the last epoch.
  /// - Parameter batch: interactions of a step.
  static func secondsOfLastStep(_ path: String, batch: Int) throws -> Double {
    let first = try FileReader.contents(of: path).split(separator: 0x0A).first.map { try JSONValue.parse(Array($0)) }
    guard let interactions = first?["data"]?["train"]?.int, interactions > 0 else {
      throw CommandFailure.badFile("\(path): does not begin with the run's data")
    }
    return try secondsOfLastEpoch(path) / Double((interactions + batch - 1) / batch)
  }
}
