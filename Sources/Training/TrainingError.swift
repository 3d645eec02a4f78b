// Why a run cannot start, go on or be resumed.

import Alignments
import Files
import Recommenders

/// An error of training; the message says what to do.
package enum TrainingError: DescribedFailure {
  /// No base model is registered under this name.
  case unknownModel(String)
  /// No alignment is registered under this name.
  case unknownAlignment(String)
  /// The model has no preset of this name.
  case unknownPreset(String, model: String, known: [String])
  /// `--lambda` was given without an alignment.
  case lambdaWithoutAlignment
  /// `--lambda` was given for an alignment that has no weight.
  case lambdaWithoutMeaning(alignment: String)
  /// An option of the run would change nothing.
  case optionWithoutUse(String, remedy: String)
  /// A configuration cannot be read.
  case badConfiguration(String)
  /// An alignment, or an option, needs text embeddings and the data has none.
  case textMissing(neededBy: String)
  /// The data has no training interactions.
  case nothingToLearn
  /// A loss or parameter became infinite or not a number.
  case diverged(epoch: Int, step: Int, what: String, checkpoint: String?)
  /// The checkpoint was made from other data.
  case otherData(path: String, expected: String, found: String)
  /// The checkpoint was made with other text vectors.
  case otherText(path: String)
  /// There is no checkpoint to resume from.
  case noCheckpoint(String)
  /// A checkpoint's contents do not fit together.
  case badCheckpoint(path: String, reason: String)

  package var description: String {
    switch self {
    case .unknownModel(let name):
      return "unknown model '\(name)'; there is: " + BaseModelRegistry.all.map(\.name).joined(separator: ", ")
    case .unknownAlignment(let name):
      return "unknown alignment '\(name)'; there is: none, "
        + AlignmentRegistry.all.map(\.name).joined(separator: ", ")
    case .unknownPreset(let name, let model, let known):
      return "model '\(model)' has no preset '\(name)'; it has: "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .lambdaWithoutAlignment: return "--lambda needs an alignment; add --align darec"
    case .lambdaWithoutMeaning(let alignment):
      return "alignment '\(alignment)' has no weight that --lambda could set"
    case .optionWithoutUse(let name, let remedy): return "option '\(name)' has no effect in this run: \(remedy)"
    case .otherText(let path):
      return "\(path): the checkpoint was made with other text embeddings; give the same files, "
        + "or start anew without --resume"
    case .badConfiguration(let reason): return "the configuration cannot be used: \(reason)"
    case .textMissing(let name):
      return "'\(name)' needs text embeddings and the data has none; "
        + "add --item-embeddings FILE, or train with --align none"
    case .nothingToLearn: return "the data has no training interactions after filtering; loosen the filters"
    case .diverged(let epoch, let step, let what, let checkpoint):
      let last = checkpoint.map { "; the last good checkpoint is \($0)" } ?? ""
      return "training diverged in epoch \(epoch), step \(step): \(what) is not finite\(last); lower --learning-rate, "
        + "or raise the temperature if you set a small one"
    case .otherData(let path, let expected, let found):
      return "\(path): the checkpoint was made from other data (fingerprint \(expected), this data has \(found)); "
        + "give the same data and split options, or start anew without --resume"
    case .noCheckpoint(let path):
      return "\(path): there is no checkpoint to resume from; train without --resume"
    case .badCheckpoint(let path, let reason):
      return "\(path): the checkpoint cannot be used: \(reason); train without --resume"
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .unknownModel, .unknownAlignment, .unknownPreset, .lambdaWithoutAlignment, .lambdaWithoutMeaning,
      .optionWithoutUse:
      return .usage
    case .badConfiguration, .textMissing, .nothingToLearn, .otherData, .otherText, .badCheckpoint: return .badData
    case .noCheckpoint: return .missingInput
    case .diverged: return .failure
    }
  }
}
