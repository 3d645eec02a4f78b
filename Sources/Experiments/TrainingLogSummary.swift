// What a run's log says in a few numbers: curves of validation, and the balance of the two sides.

import Files

/// The parts of a training log that an experiment keeps.
struct TrainingLogSummary {
  /// Median seconds of an epoch without its validation; 0 without epochs.
  let medianSeconds: Double
  /// `curve`, and `balance` where the log has it.
  let members: [JSONValue.Member]

  /// Reads the lines of a log.
  init(lines: [String]) {
    var seconds: [Double] = []
    var epochs: [JSONValue] = []
    var losses: [JSONValue] = []
    var recalls: [JSONValue] = []
    var balanceEpochs: [JSONValue] = []
    var balances: [(name: String, values: [JSONValue])] = []
    for line in lines {
      guard let record = try? JSONValue.parse(line), let epoch = record["epoch"] else { continue }
      if let value = record["seconds"]?.double { seconds.append(value) }
      if let recall = record["validation"]?["recall@20"] {
        epochs.append(epoch)
        losses.append(record["loss"] ?? .null)
        recalls.append(recall)
      }
      if let values = record["balance"]?.object {
        if balances.isEmpty { balances = values.map { ($0.key, []) } }
        guard balances.map(\.name) == values.map(\.key) else { continue }
        balanceEpochs.append(epoch)
        for (index, value) in values.enumerated() { balances[index].values.append(value.value) }
      }
    }
    let sorted = seconds.sorted()
    medianSeconds = sorted.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    var members: [JSONValue.Member] = []
    if !epochs.isEmpty {
      members.append(
        .init(
          "curve",
          .object([
            .init("epoch", .array(epochs)), .init("loss", .array(losses)), .init("recall@20", .array(recalls)),
          ])))
    }
    if !balances.isEmpty {
      members.append(
        .init(
          "balance",
          .object([.init("epoch", .array(balanceEpochs))] + balances.map { .init($0.name, .array($0.values)) })))
    }
    self.members = members
  }
}
