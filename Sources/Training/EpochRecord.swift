// What the training log says of one epoch.

import Evaluation
import Files

/// One line of `train.jsonl`.
package struct EpochRecord: Sendable {
  /// Epoch number, counted from 1.
  package var epoch: Int
  /// Wall time of the epoch without its validation, seconds.
  package var seconds: Double
  /// Mean of every term over the epoch's steps, weighted by batch size, in the order of the terms.
  package var losses: [(name: String, value: Double)]
  /// Mean of the weighted total.
  package var total: Double
  /// How the two sides moved the alignment, when it was measured.
  package var balance: EpochBalance?
  /// Validation metrics, when this epoch was validated.
  package var validation: RankingReport?
  /// True when this validation is the best so far.
  package var isBest = false

  /// The record as JSON: `type`, `epoch`, `seconds`, `loss`, `losses`, with an alignment `balance`, and after a
  /// validation `validation` and `best`.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("type", .string("epoch")),
      .init("epoch", .integer(epoch)),
      .init("seconds", .number((seconds * 1e6).rounded() / 1e6)),
      .init("loss", .number(total)),
      .init("losses", .object(losses.map { .init($0.name, .number($0.value)) })),
    ]
    if let balance {
      members.append(
        .init(
          "balance",
          .object([
            .init("kappa", .number(balance.kappa)), .init("smoothed_log_kappa", .number(balance.smoothed)),
            .init("update_ratio", .number(balance.updateRatio)),
          ])))
    }
    if let validation {
      members.append(.init("validation", validation.json))
      members.append(.init("best", .bool(isBest)))
    }
    return .object(members)
  }
}

extension RankingReport {
  /// The report as JSON: `users` and one member for each metric, such as `recall@20`.
  package var json: JSONValue {
    .object(
      [.init("users", .integer(users))] + values.map { .init($0.name.text, .number($0.value)) })
  }
}
