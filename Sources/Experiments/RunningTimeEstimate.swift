// How long an experiment will take: from finished runs, else from timed beginnings.

import Files
import Training

/// A timed beginning of a run.
package struct RunProbe: Sendable {
  /// Seconds before the first step.
  package var dataSeconds: Double
  /// Seconds of an epoch.
  package var epochSeconds: Double
  /// Seconds of one evaluation.
  package var evaluationSeconds: Double

  /// A measurement.
  package init(dataSeconds: Double, epochSeconds: Double, evaluationSeconds: Double) {
    self.dataSeconds = dataSeconds
    self.epochSeconds = epochSeconds
    self.evaluationSeconds = evaluationSeconds
  }

  /// The measurement as JSON.
  package var json: JSONValue {
    .object([
      .init("data_seconds", .number(dataSeconds)), .init("epoch_seconds", .number(epochSeconds)),
      .init("evaluation_seconds", .number(evaluationSeconds)),
    ])
  }

  /// Reads what `json` wrote.
  package init?(json: JSONValue) {
    guard
      let data = json["data_seconds"]?.double, let epoch = json["epoch_seconds"]?.double,
      let evaluation = json["evaluation_seconds"]?.double
    else { return nil }
    self.init(dataSeconds: data, epochSeconds: epoch, evaluationSeconds: evaluation)
  }
}

/// Seconds of the runs of each row.
package struct RunningTimeEstimate {
  /// Epochs that a run is assumed to take beyond its minimum while none of its data and model has finished.
  package static let assumedEpochs = 100

  private let seconds: [Double?]
  private let upper: [Double?]

  /// Gathers what is known.
  /// - Parameters:
  ///   - schedule: the rows.
  ///   - store: finished runs.
  ///   - probes: timed beginnings by the identity of the row's first run.
  package init(schedule: Schedule, store: RunStore, probes: [String: RunProbe]) {
    var totals = schedule.kinds.map { _ in (seconds: 0.0, runs: 0) }
    var epochs: [String: (epochs: Int, runs: Int)] = [:]
    func family(_ kind: ExperimentKind) -> String { kind.data.name + "\n" + kind.model }
    for record in store.records.values where record.failure == nil {
      guard
        let data = record.definition["data"]?["name"]?.string, let seconds = record.costs["total_seconds"]?.double,
        let index = schedule.kinds.firstIndex(where: {
          $0.data.name == data && $0.model == record.label.model && $0.alignment == record.label.alignment
        })
      else { continue }
      totals[index].seconds += seconds
      totals[index].runs += 1
      epochs[family(schedule.kinds[index]), default: (0, 0)].epochs += record.results["epochs"]?.int ?? 0
      epochs[family(schedule.kinds[index]), default: (0, 0)].runs += 1
    }
    var expected: [Double?] = []
    var upper: [Double?] = []
    for (index, kind) in schedule.kinds.enumerated() {
      let probe = schedule.firstRun(index).flatMap { probes[$0.id] }
      var most: Double?
      var likely: Double?
      if let probe, let run = schedule.firstRun(index), case .training(let configuration) = run.work {
        func seconds(_ epochs: Int) -> Double {
          let evaluations = epochs / configuration.evaluationInterval + 2
          return probe.dataSeconds + Double(epochs) * probe.epochSeconds
            + Double(evaluations) * probe.evaluationSeconds
        }
        let assumed =
          epochs[family(kind)].map { $0.epochs / max(1, $0.runs) } ?? configuration.minimumEpochs + Self.assumedEpochs
        likely = seconds(min(configuration.epochs, assumed))
        most = seconds(configuration.epochs)
      } else if let probe {
        likely = probe.dataSeconds
        most = likely
      }
      if totals[index].runs > 0 { likely = totals[index].seconds / Double(totals[index].runs) }
      expected.append(likely)
      upper.append(most)
    }
    seconds = expected
    self.upper = upper
  }

  /// What a run of a row takes, about; nil where nothing is known of it.
  package func seconds(ofKind kind: Int) -> Double? { seconds[kind] }

  /// What a run of a row takes at most, when it reaches the limit of epochs; nil where that is not known.
  package func upperSeconds(ofKind kind: Int) -> Double? { upper[kind] }
}

extension Schedule {
  /// The first run of a row, which stands for all of them where only the time counts.
  func firstRun(_ kind: Int) -> RunDefinition? {
    try? definition(kind, cell: firstCell(kind), seed: plan.seeds.first ?? 0, evaluatesTest: false)
  }
}
