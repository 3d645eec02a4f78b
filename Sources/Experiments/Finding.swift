// What the comparisons of one model on one data set mean, in words. The rules: Docs/Experiments.md, "Findings".

import Evaluation
import Files

/// A sentence about one base model on one data set.
struct Finding {
  /// What a gain over the base model rests on.
  enum Reading: String {
    /// There is no gain whose cause could be asked for.
    case noGain = "no_gain"
    /// It falls back when the text is taken away.
    case meaning
    /// Part of it stays without the text.
    case partlyMeaning = "partly_meaning"
    /// It stays without the text, and nothing that the text adds is shown.
    case noMeaningShown = "no_meaning_shown"
    /// It stays without the text, which takes something away.
    case regularization
    /// The control shows neither.
    case undecided
    /// There is no control of the same settings in the plan.
    case uncontrolled
  }

  /// Name of the data set.
  let data: String
  /// Label of the base model.
  let model: String
  /// What a gain rests on.
  let reading: Reading
  /// The sentences.
  let text: String

  /// Reads the comparisons of one model on one data set.
  /// - Parameters:
  ///   - subject: label of the alignment in question.
  ///   - overNone: subject against the base model.
  ///   - controls: for each control of the subject, the control against the base model and the subject against it.
  ///   - unlike: labels of controls of the same alignment with other settings, which cannot tell.
  ///   - rivals: subject against other alignments.
  /// - Returns: nil while the subject or the base model has a run to do.
  init?(
    subject: String, overNone: Comparison,
    controls: [(label: String, overNone: Comparison, subjectOver: Comparison)], unlike: [String] = [],
    rivals: [Comparison]
  ) {
    guard let recall = overNone.recall, let ndcg = overNone.ndcg, let direction = overNone.direction else { return nil }
    data = overNone.data
    model = overNone.model
    var sentence = "\(subject) over none on \(model), \(data): Recall@20 \(Comparison.text(recall)), "
    sentence += "NDCG@20 \(Comparison.text(ndcg)): "
    switch direction {
    case .ahead: sentence += "a gain"
    case .behind: sentence += "a loss"
    case .open: sentence += "no difference shown"
    }
    if Comparison.direction(ndcg) != direction { sentence += " on Recall@20 (NDCG@20: \(Self.word(ndcg)))" }
    if let note = recall.seedNote { sentence += " (\(note))" }

    var worst = Reading.uncontrolled
    if direction == .ahead {
      for control in controls {
        guard let own = control.overNone.direction, let against = control.subjectOver.direction else { continue }
        let reading = Self.reading(control: own, subjectOverControl: against)
        sentence += "; " + Self.clause(reading, control: control.label)
        if reading == .meaning && own == .open {
          sentence += "; what the control keeps is not distinguishable from zero"
        }
        if let note = control.subjectOver.recall?.mixedSeedNote {
          sentence += " (\(subject) over \(control.label): \(note))"
        }
        if Self.severity(reading) > Self.severity(worst) { worst = reading }
      }
      if worst == .uncontrolled {
        let why = unlike.isEmpty ? "" : " (\(unlike.joined(separator: ", ")): other settings)"
        sentence += "; without a control of the same settings\(why), whether it is the text's meaning is not known"
      }
      reading = worst
    } else {
      reading = .noGain
    }
    sentence += "."
    let told = rivals.compactMap { rival in
      rival.recall.map { "\(Self.verb(rival.direction)) \(rival.second) \(Comparison.text($0))" }
    }
    if !told.isEmpty { sentence += " Recall@20 against the others: " + told.joined(separator: "; ") + "." }
    text = sentence
  }

  /// What a control says of a gain.
  private static func reading(
    control: Comparison.Direction, subjectOverControl: Comparison.Direction
  ) -> Reading {
    switch (control, subjectOverControl) {
    case (.ahead, .ahead): return .partlyMeaning
    case (.ahead, .open): return .noMeaningShown
    case (.ahead, .behind): return .regularization
    case (_, .ahead): return .meaning
    default: return .undecided
    }
  }

  private static func severity(_ reading: Reading) -> Int {
    switch reading {
    case .uncontrolled, .noGain: return 0
    case .meaning: return 1
    case .partlyMeaning: return 2
    case .undecided: return 3
    case .noMeaningShown: return 4
    case .regularization: return 5
    }
  }

  private static func clause(_ reading: Reading, control: String) -> String {
    switch reading {
    case .noMeaningShown: return "survives \(control): no part is shown to be meaning"
    case .regularization: return "survives \(control), which is ahead of it: regularisation, not meaning"
    case .partlyMeaning: return "partly survives \(control): part regularisation, part meaning"
    case .meaning: return "falls back with \(control): it needs the text's meaning"
    case .undecided: return "\(control) is shown neither to gain nor to fall back: undecided"
    case .noGain, .uncontrolled: return ""
    }
  }

  private static func word(_ difference: PairedDifference) -> String {
    switch Comparison.direction(difference) {
    case .ahead: return "a gain"
    case .behind: return "a loss"
    case .open: return "no difference shown"
    }
  }

  private static func verb(_ direction: Comparison.Direction?) -> String {
    switch direction {
    case .ahead: return "ahead of"
    case .behind: return "behind"
    default: return "not told apart from"
    }
  }

  /// The finding as JSON.
  var json: JSONValue {
    .object([
      .init("data", .string(data)), .init("model", .string(model)), .init("reading", .string(reading.rawValue)),
      .init("text", .string(text)),
    ])
  }
}
